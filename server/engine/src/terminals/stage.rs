//! What the keeper of a terminal and those who look at it share.

mod looking;
mod standing;
#[cfg(test)]
mod tests;
mod typing;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use types::terminals::{TerminalEnd, TerminalSize};

use super::ring::Ring;
pub(super) use looking::{News, Told};
use standing::{Gone, Standing};
use typing::Input;

pub(super) struct Stage {
    state: Mutex<State>,
    /// Tells viewers to look.
    changed: watch::Sender<u64>,
    /// Tells the keeper to look.
    pub(super) wake: Notify,
}

struct State {
    ring: Ring,
    viewers: BTreeMap<u64, Standing>,
    viewers_so_far: u64,
    /// Those who may come back.
    gone: VecDeque<Gone>,
    input: Input,
    size: TerminalSize,
    resized: bool,
    /// Whose size counts.
    active: Option<u64>,
    ended: Option<TerminalEnd>,
    /// When somebody last looked, or something was last printed.
    stirred: Instant,
}

/// What the keeper has to do.
#[derive(Default)]
pub(super) struct Errands {
    pub(super) resize: Option<TerminalSize>,
    pub(super) interrupt: bool,
    /// Typed bytes wait.
    pub(super) to_write: bool,
    /// Nobody is behind.
    pub(super) to_read: bool,
    /// When to ask again, although nothing happened.
    pub(super) again_at: Option<Instant>,
}

impl Stage {
    pub(super) fn new(size: TerminalSize) -> Self {
        Self {
            state: Mutex::new(State {
                ring: Ring::default(),
                viewers: BTreeMap::new(),
                viewers_so_far: 0,
                gone: VecDeque::new(),
                input: Input::default(),
                size,
                resized: false,
                active: None,
                ended: None,
                stirred: Instant::now(),
            }),
            changed: watch::Sender::new(0),
            wake: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_viewers(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    // The keeper's side.

    pub(super) fn errands(&self) -> Errands {
        let mut state = self.state();
        let now = Instant::now();
        state.gone.retain(|gone| gone.until > now);
        Errands {
            resize: std::mem::take(&mut state.resized).then_some(state.size),
            interrupt: state.input.take_interrupt(),
            to_write: !state.input.is_empty(),
            to_read: state.nobody_is_behind(),
            again_at: state.gone.front().map(|gone| gone.until),
        }
    }

    pub(super) fn printed(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.ring.push(bytes);
        state.stirred = Instant::now();
        drop(state);
        self.tell_viewers();
    }

    /// When nobody will have looked and nothing will have happened for so long; never while somebody looks.
    pub(super) fn idle_at(&self, after: Duration) -> Option<Instant> {
        let state = self.state();
        state.viewers.is_empty().then(|| state.stirred + after)
    }

    pub(super) fn end(&self, end: TerminalEnd) {
        let mut state = self.state();
        state.ended = Some(end);
        state.input.clear();
        drop(state);
        self.tell_viewers();
    }

    // Everybody's.

    pub(super) fn summary(&self) -> Summary {
        let state = self.state();
        Summary {
            viewers: u32::try_from(state.viewers.len()).unwrap_or(u32::MAX),
            printed: state.ring.end(),
            size: state.size,
            ended: state.ended,
        }
    }
}

/// The present state of a terminal.
pub(super) struct Summary {
    pub(super) viewers: u32,
    pub(super) printed: u64,
    pub(super) size: TerminalSize,
    pub(super) ended: Option<TerminalEnd>,
}
