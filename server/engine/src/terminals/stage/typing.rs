//! What people type, and whose screen counts.

use std::collections::VecDeque;

use types::terminals::TerminalSize;

use super::{Stage, State};

/// Typed bytes that wait for the program; beyond that they are refused.
pub(super) const INPUT_MAX: usize = 1 << 20;

/// So many hands are remembered. One that was forgotten may double what it was not told to have arrived.
pub(super) const HANDS_MAX: usize = 256;

const CTRL_C: u8 = 3;

/// What was typed and not read by the program, and how far each hand came.
#[derive(Default)]
pub(super) struct Input {
    waiting: VecDeque<u8>,
    /// Ctrl-C was pressed over what nobody reads.
    interrupt: bool,
    /// The one that typed last comes last.
    hands: VecDeque<Hand>,
}

/// A screen's typing, whatever becomes of its connections. Each byte has a place, so that one that is sent
/// again because nobody knows whether it arrived counts once.
struct Hand {
    name: u64,
    /// What comes before this place was taken.
    taken: u64,
}

impl Input {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn take_interrupt(&mut self) -> bool {
        std::mem::take(&mut self.interrupt)
    }

    /// How far this hand came, which is remembered from now on.
    pub(super) fn taken(&mut self, name: u64) -> u64 {
        self.hand(name).taken
    }

    fn hand(&mut self, name: u64) -> &mut Hand {
        let known = self.hands.iter().position(|hand| hand.name == name);
        let hand = known.and_then(|index| self.hands.remove(index));
        if hand.is_none() && self.hands.len() == HANDS_MAX {
            self.hands.pop_front();
        }
        self.hands.push_back(hand.unwrap_or(Hand { name, taken: 0 }));
        let last = self.hands.len() - 1;
        &mut self.hands[last]
    }

    /// What of these bytes this hand has not typed before.
    fn fresh<'a>(&mut self, name: u64, place: u64, bytes: &'a [u8]) -> &'a [u8] {
        let hand = self.hand(name);
        let known = hand.taken.saturating_sub(place);
        hand.taken = hand.taken.max(place.saturating_add(bytes.len() as u64));
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        bytes.get(known..).unwrap_or_default()
    }

    /// Adds what was typed; says whether there was room.
    fn add(&mut self, bytes: &[u8]) -> bool {
        if bytes == [CTRL_C] && !self.waiting.is_empty() {
            // As the kernel does it: what was typed before and not read is gone, and the signal acts at once.
            self.waiting.clear();
            self.interrupt = true;
            return true;
        }
        let has_room = self.waiting.len() + bytes.len() <= INPUT_MAX;
        if has_room {
            self.waiting.extend(bytes);
        }
        has_room
    }

    /// Gives bytes to `write`, which says how many it took, until it takes no more.
    fn write(&mut self, write: impl Fn(&[u8]) -> usize) {
        loop {
            let (first, _) = self.waiting.as_slices();
            if first.is_empty() {
                return;
            }
            let taken = write(first);
            if taken == 0 {
                return;
            }
            self.waiting.drain(..taken);
        }
    }
}

impl Stage {
    /// Gives typed bytes to `write`, which says how many it took, until it takes no more.
    pub(in crate::terminals) fn write_input(&self, write: impl Fn(&[u8]) -> usize) {
        self.state().input.write(write);
    }

    /// Types; the first byte has this place of all that the viewer's hand types. Whoever types is the one whose size
    /// counts. Says whether there was room; what was refused is not asked for again.
    pub(in crate::terminals) fn type_in(&self, viewer: u64, place: u64, bytes: &[u8]) -> bool {
        let mut state = self.state();
        let Some(standing) = state.viewers.get(&viewer) else {
            return true;
        };
        let (hand, size) = (standing.hand, standing.size);
        let fresh = state.input.fresh(hand, place, bytes);
        if fresh.is_empty() {
            return true;
        }
        if let Some(size) = size.filter(|_| state.active != Some(viewer)) {
            state.follow(viewer, size);
        }
        let has_room = state.input.add(fresh);
        drop(state);
        self.wake.notify_one();
        has_room
    }

    /// A viewer's screen has this size now; it counts from here on.
    pub(in crate::terminals) fn resize(&self, viewer: u64, size: TerminalSize) {
        let mut state = self.state();
        if let Some(standing) = state.viewers.get_mut(&viewer) {
            standing.size = Some(size);
            state.follow(viewer, size);
        }
        drop(state);
        self.tell_viewers();
        self.wake.notify_one();
    }
}

impl State {
    pub(super) fn follow(&mut self, viewer: u64, size: TerminalSize) {
        self.active = Some(viewer);
        if self.size != size {
            self.size = size;
            self.resized = true;
        }
    }
}
