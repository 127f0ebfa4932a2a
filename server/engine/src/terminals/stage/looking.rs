//! What a viewer does: comes, is told what happens, says what it has shown, and leaves.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use types::terminals::{TerminalEnd, TerminalSize};

use super::super::ring::Stretch;
use super::Stage;
use super::standing::{GONE_MAX, Gone, RETURN, Standing, WINDOW};

/// The most that is handed to a viewer in one piece.
const PIECE: usize = 64 * 1024;

impl Stage {
    /// Lets a viewer in. Returns its number and where it begins: with the first byte it has not seen, where
    /// that is known, and with what its hand has typed.
    pub(in crate::terminals) fn enter(&self, seen: Option<u64>, hand: u64) -> Entry {
        let mut state = self.state();
        state.viewers_so_far += 1;
        let number = state.viewers_so_far;
        let end = state.ring.end();
        // A place that is still to come was not seen here.
        let from = seen.filter(|seen| *seen <= end);
        let from = from.unwrap_or_else(|| state.ring.beginning());
        if let Some(seen) = seen {
            state.came_back(seen);
        }
        let begin = from.max(state.ring.start());
        let taken = state.input.taken(hand);
        let standing = Standing {
            hand,
            sent: begin,
            shown: begin,
            moved: Instant::now(),
            waited_for: true,
            size: None,
        };
        state.viewers.insert(number, standing);
        Entry {
            number,
            from,
            end,
            taken,
            changes: self.changed.subscribe(),
        }
    }

    pub(in crate::terminals) fn leave(&self, viewer: u64) {
        let mut state = self.state();
        if let Some(left) = state.viewers.remove(&viewer).filter(|left| left.waited_for) {
            if state.gone.len() == GONE_MAX {
                state.gone.pop_front();
            }
            state.gone.push_back(Gone {
                shown: left.shown,
                until: Instant::now() + RETURN,
            });
        }
        state.stirred = Instant::now();
        if state.active == Some(viewer) {
            state.active = None;
            let heir = state.viewers.iter().next_back();
            if let Some((heir, Some(size))) = heir.map(|(heir, standing)| (*heir, standing.size)) {
                state.follow(heir, size);
            }
        }
        drop(state);
        self.tell_viewers();
        self.wake.notify_one();
    }

    /// What a viewer has not been told yet, for one that was told so far.
    pub(in crate::terminals) fn news(&self, viewer: u64, told: &Told) -> Option<News> {
        let state = &mut *self.state();
        let active = state.active == Some(viewer);
        if told.size != Some((state.size, active)) {
            return Some(News::Size(state.size, active));
        }
        let standing = state.viewers.get_mut(&viewer)?;
        let (start, end) = (state.ring.start(), state.ring.end());
        if told.position < start {
            let on_its_way = standing.on_its_way();
            if on_its_way >= WINDOW {
                // A screen that nobody sees draws rarely; what is lost meanwhile makes no room for more.
                return None;
            }
            (standing.sent, standing.shown) = (start, start.saturating_sub(on_its_way));
            return Some(News::Lost(start - told.position, start));
        }
        let all_told = told.position >= end;
        let room = usize::try_from(WINDOW.saturating_sub(standing.on_its_way())).unwrap_or(PIECE);
        if room > 0 && !all_told {
            let stretch = state.ring.read(told.position, room.min(PIECE));
            standing.sent = stretch.offset + stretch.bytes.len() as u64;
            standing.moved = Instant::now();
            return Some(News::Bytes(stretch));
        }
        let how = state.ended.filter(|_| all_told && !told.end)?;
        Some(News::Ended(how))
    }

    /// What comes before `place` was shown. A claim makes no room for what was not sent.
    pub(in crate::terminals) fn shown(&self, viewer: u64, place: u64) {
        let mut was_full = false;
        self.change(viewer, |standing| {
            was_full = standing.on_its_way() >= WINDOW;
            standing.shown = standing.shown.max(place.min(standing.sent));
            standing.moved = Instant::now();
        });
        if was_full {
            self.tell_viewers();
        }
    }

    /// Whether a viewer holds the program back, and has done nothing about it for so long.
    pub(in crate::terminals) fn is_stuck(&self, viewer: u64, long: Duration) -> bool {
        let state = self.state();
        state.viewers.get(&viewer).is_some_and(|standing| {
            standing.waited_for && standing.on_its_way() >= WINDOW && standing.moved.elapsed() > long
        })
    }

    /// Whether the program is held back for this viewer.
    pub(in crate::terminals) fn wait_for(&self, viewer: u64, waited_for: bool) {
        self.change(viewer, |standing| standing.waited_for = waited_for);
    }

    fn change(&self, viewer: u64, change: impl FnOnce(&mut Standing)) {
        let mut state = self.state();
        let behind = !state.nobody_is_behind();
        if let Some(standing) = state.viewers.get_mut(&viewer) {
            change(standing);
        }
        let goes_on = behind && state.nobody_is_behind();
        drop(state);
        if goes_on {
            self.wake.notify_one();
        }
    }
}

/// What a viewer begins with.
pub(in crate::terminals) struct Entry {
    pub(in crate::terminals) number: u64,
    pub(in crate::terminals) from: u64,
    pub(in crate::terminals) end: u64,
    pub(in crate::terminals) taken: u64,
    pub(in crate::terminals) changes: watch::Receiver<u64>,
}

/// What a viewer was told.
#[derive(Default)]
pub(in crate::terminals) struct Told {
    pub(in crate::terminals) position: u64,
    pub(in crate::terminals) size: Option<(TerminalSize, bool)>,
    pub(in crate::terminals) end: bool,
}

/// What a viewer is to be told next.
pub(in crate::terminals) enum News {
    Size(TerminalSize, bool),
    /// So many bytes are gone; the next one has this place.
    Lost(u64, u64),
    Bytes(Stretch),
    Ended(TerminalEnd),
}
