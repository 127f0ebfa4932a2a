//! Numbers in as few bits as they need.
//!
//! Rice codes (R. F. Rice, J. R. Plaunt, "Adaptive Variable-Length Coding for Efficient Compression of Spacecraft
//! Television Data", IEEE Transactions on Communication Technology 19, 1971): a number is cut after its lowest `k`
//! bits; what is above is written in ones and a zero, the rest as it is. Short for the small differences of
//! something that is measured every second, and `k` fits itself to how restless it is.

/// So many ones mean that a number is written in full.
const ESCAPE: u64 = 24;
/// The largest `k`.
const WIDEST: u32 = 40;

/// Signed to unsigned, small stays small.
pub(super) fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// The way back.
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Writes a number, seven bits a byte.
pub(super) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

/// Reads it; none when the bytes end before.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The `k` that makes these numbers shortest.
pub(super) fn best_k(values: &[u64]) -> u32 {
    let cost = |k: u32| -> u64 {
        let one = |value: &u64| match value >> k {
            high if high >= ESCAPE => ESCAPE + 64,
            high => high + 1 + u64::from(k),
        };
        values.iter().map(one).sum()
    };
    (0..=WIDEST).min_by_key(|k| cost(*k)).unwrap_or(0)
}

/// Writes bits, the first one highest.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Bits used of the last byte; 0 = none begun.
    used: u32,
}

impl Writer {
    fn bit(&mut self, bit: bool) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        if bit && let Some(last) = self.bytes.last_mut() {
            *last |= 0x80 >> self.used;
        }
        self.used = (self.used + 1) % 8;
    }

    fn bits(&mut self, value: u64, count: u32) {
        for at in (0..count).rev() {
            self.bit(value >> at & 1 == 1);
        }
    }

    pub(super) fn rice(&mut self, value: u64, k: u32) {
        let high = value >> k;
        if high >= ESCAPE {
            (0..ESCAPE).for_each(|_| self.bit(true));
            self.bits(value, 64);
            return;
        }
        (0..high).for_each(|_| self.bit(true));
        self.bit(false);
        self.bits(value, k);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads them again.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte & (0x80 >> (self.at % 8)) != 0;
        self.at += 1;
        Some(bit)
    }

    fn bits(&mut self, count: u32) -> Option<u64> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | u64::from(self.bit()?)))
    }

    pub(super) fn rice(&mut self, k: u32) -> Option<u64> {
        let mut high = 0;
        while self.bit()? {
            high += 1;
            if high == ESCAPE {
                return self.bits(64);
            }
        }
        Some(high << k | self.bits(k)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_is_read_again() {
        let numbers = [
            0,
            1,
            2,
            23,
            24,
            25,
            1000,
            u64::from(u32::MAX),
            u64::MAX - 1,
            u64::MAX,
        ];
        for k in 0..=WIDEST {
            let mut writer = Writer::default();
            for value in numbers {
                writer.rice(value, k);
            }
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            for value in numbers {
                assert_eq!(reader.rice(k), Some(value), "k = {k}");
            }
        }
        let mut bytes = Vec::new();
        for value in numbers {
            put_varint(&mut bytes, value);
        }
        let mut rest = bytes.as_slice();
        for value in numbers {
            assert_eq!(varint(&mut rest), Some(value));
        }
        assert_eq!(varint(&mut rest), None);
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
    }

    #[test]
    fn bytes_that_end_too_early_are_nothing() {
        assert_eq!(Reader::new(&[]).rice(3), None);
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff]).rice(0), None);
        assert_eq!(varint(&mut [0x80].as_slice()), None);
    }

    #[test]
    fn k_fits_itself_to_the_numbers() {
        assert_eq!(best_k(&[0, 0, 0, 1]), 0);
        assert!((8..=11).contains(&best_k(&[900, 1100, 1000])));
        assert_eq!(best_k(&[]), 0);
    }
}
