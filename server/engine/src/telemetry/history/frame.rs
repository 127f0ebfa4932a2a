//! One tick as it waits for its block: columns and what they were, one after the other.
//!
//! A series has two columns: its mean (even) and its peak (odd). The finest level has only the first.

use super::bits::{put_varint, unzigzag, varint, zigzag};

/// The column of a series' mean.
pub(super) fn mean(series: u64) -> u64 {
    series * 2
}

/// The column of a series' peak.
pub(super) fn peak(series: u64) -> u64 {
    series * 2 + 1
}

/// A tick of the finest level; series rising.
pub(super) fn finest(codes: &[(u64, i64)]) -> Vec<u8> {
    let columns: Vec<(u64, i64)> = codes
        .iter()
        .map(|(series, code)| (mean(*series), *code))
        .collect();
    encode(&columns)
}

/// Columns rising.
pub(super) fn encode(columns: &[(u64, i64)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(columns.len() * 4);
    let mut before = 0;
    for (column, code) in columns {
        put_varint(&mut bytes, column.wrapping_sub(before));
        put_varint(&mut bytes, zigzag(*code));
        before = *column;
    }
    bytes
}

/// The columns again; none when the bytes are damaged.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Vec<(u64, i64)>> {
    let mut columns = Vec::new();
    let mut column = 0_u64;
    while !bytes.is_empty() {
        column = column.wrapping_add(varint(&mut bytes)?);
        columns.push((column, unzigzag(varint(&mut bytes)?)));
    }
    Some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_read_as_it_was_written() {
        let codes = [(1, -7), (2, i64::MAX), (90, 0)];
        let expected = [(2, -7), (4, i64::MAX), (180, 0)];
        assert_eq!(decode(&finest(&codes)).unwrap(), expected);
        assert_eq!(decode(&[]).unwrap(), []);
        assert_eq!(decode(&[0x80]), None);
        assert_eq!((mean(90), peak(90)), (180, 181));
    }
}
