//! How it stands with each viewer, and whether the program has to wait for one.

use std::time::Duration;

use tokio::time::Instant;
use types::terminals::TerminalSize;

use super::super::ring;
use super::State;

/// Bytes on their way to one viewer, at most: sent, and not said to be shown. What is in flight when somebody
/// presses Ctrl-C appears before it acts, so this is little; a hundredth of a second's way at 12 MB/s.
pub(super) const WINDOW: u64 = 128 * 1024;

/// Who leaves may have lost the connection: so long, what it has not seen is kept, and the program held back before
/// that is overwritten.
pub(super) const RETURN: Duration = Duration::from_secs(15);

/// So many who left are remembered.
pub(super) const GONE_MAX: usize = 16;

/// As much as a keeper reads in one go may come after it was said that there is room.
const OVERSHOOT: u64 = 64 * 1024;

/// How it stands with one viewer.
pub(super) struct Standing {
    /// Names what types, over all of its connections.
    pub(super) hand: u64,
    /// What comes before this place was sent.
    pub(super) sent: u64,
    /// What comes before this place was shown to a person.
    pub(super) shown: u64,
    /// When either last changed.
    pub(super) moved: Instant,
    /// Whether the program is held back for this one.
    pub(super) waited_for: bool,
    /// How large its screen is.
    pub(super) size: Option<TerminalSize>,
}

/// One who left.
pub(super) struct Gone {
    /// What comes before this place was shown.
    pub(super) shown: u64,
    pub(super) until: Instant,
}

impl Standing {
    pub(super) fn on_its_way(&self) -> u64 {
        self.sent.saturating_sub(self.shown)
    }
}

impl State {
    pub(super) fn nobody_is_behind(&self) -> bool {
        let end = self.ring.end();
        self.viewers
            .values()
            .filter(|standing| standing.waited_for)
            .all(|standing| end.saturating_sub(standing.shown) < WINDOW)
            && self
                .gone
                .iter()
                .all(|gone| end.saturating_sub(gone.shown) + OVERSHOOT <= ring::CAPACITY as u64)
    }

    /// Forgets the one who left and is back: of those who had not seen more, the one who had seen most.
    pub(super) fn came_back(&mut self, seen: u64) {
        let candidates = self
            .gone
            .iter()
            .enumerate()
            .filter(|(_, gone)| gone.shown <= seen);
        if let Some((index, _)) = candidates.max_by_key(|(_, gone)| gone.shown) {
            self.gone.remove(index);
        }
    }
}
