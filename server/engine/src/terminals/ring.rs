//! The last bytes a terminal printed, each known by its place since the beginning.

use std::collections::VecDeque;

/// Bytes kept. The oldest go when more come.
pub(crate) const CAPACITY: usize = 2 << 20;

/// So far a beginning is looked for behind a place where bytes are missing before it.
const LINE_MAX: usize = 4096;

/// What was printed last.
#[derive(Debug, Default)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    /// The place of the first byte kept.
    start: u64,
}

/// A stretch of what was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The place of its first byte.
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

impl Ring {
    /// The place of the first byte kept.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The place of the next byte to come: how many there were.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Adds what was printed.
    pub(super) fn push(&mut self, printed: &[u8]) {
        let kept = &printed[printed.len().saturating_sub(CAPACITY)..];
        let over = (self.bytes.len() + kept.len()).saturating_sub(CAPACITY);
        self.bytes.drain(..over);
        self.start += (over + printed.len() - kept.len()) as u64;
        let wanted = self.bytes.len() + kept.len();
        if wanted > self.bytes.capacity() {
            // Doubling, but never beyond what can be needed.
            let room = wanted.next_power_of_two().min(CAPACITY);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend(kept);
    }

    /// At most `max` bytes from `from` on, or from the first one kept if that comes later.
    pub(super) fn read(&self, from: u64, max: usize) -> Stretch {
        let offset = from.clamp(self.start, self.end());
        let skipped = self.index(offset);
        let (first, second) = self.bytes.as_slices();
        let mut bytes = Vec::with_capacity(max.min(self.bytes.len() - skipped));
        let first = first.get(skipped..).unwrap_or_default();
        bytes.extend_from_slice(&first[..first.len().min(max)]);
        let second = &second[skipped.saturating_sub(self.bytes.as_slices().0.len())..];
        bytes.extend_from_slice(&second[..second.len().min(max - bytes.len())]);
        Stretch { offset, bytes }
    }

    /// Where somebody begins who has seen nothing: with the first byte of all, else with a line, so that they
    /// do not begin within a character or a command.
    pub(super) fn beginning(&self) -> u64 {
        if self.start == 0 {
            return 0;
        }
        let newline = self.bytes.iter().take(LINE_MAX).position(|byte| *byte == b'\n');
        self.start + newline.map_or(0, |place| place as u64 + 1)
    }

    fn index(&self, offset: u64) -> usize {
        usize::try_from(offset - self.start).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that tell their place.
    fn numbered(from: u64, count: usize) -> Vec<u8> {
        (from..).take(count).map(|place| (place % 251) as u8).collect()
    }

    #[test]
    fn every_byte_keeps_its_place_however_they_come() {
        let mut ring = Ring::default();
        let mut end = 0;
        for size in [1, 4095, 0, 70_000, CAPACITY - 1, 3, 1_000_000, CAPACITY + 5, 17] {
            ring.push(&numbered(end, size));
            end += size as u64;
            assert_eq!(ring.end(), end);
            assert_eq!(ring.start(), end.saturating_sub(CAPACITY as u64));
            for from in [ring.start(), u64::midpoint(ring.start(), end), end] {
                let read = ring.read(from, 100_000);
                let expected = numbered(from, (end - from).min(100_000) as usize);
                assert_eq!((read.offset, read.bytes), (from, expected), "at {from} of {end}");
            }
        }
        assert!(
            ring.bytes.capacity() <= CAPACITY + 64,
            "{}",
            ring.bytes.capacity()
        );
    }

    #[test]
    fn who_asks_for_what_is_gone_gets_the_oldest_there_is() {
        let mut ring = Ring::default();
        ring.push(&vec![b'x'; CAPACITY + 10]);
        assert_eq!(ring.read(3, 5).offset, 10);
        assert_eq!(ring.read(u64::MAX, 5).bytes, b"");
    }

    #[test]
    fn a_newcomer_begins_with_a_whole_line() {
        let mut ring = Ring::default();
        ring.push("é one\ntwo\n".as_bytes());
        assert_eq!(ring.beginning(), 0);
        ring.push(&vec![b'x'; CAPACITY - 10]);
        assert_eq!(ring.read(ring.start(), 5).bytes, "é one".as_bytes()[1..6]);
        assert_eq!(ring.beginning(), 7);
    }
}
