//! Many readings of many series in few bytes: one column for each series, and in it the differences from one value
//! to the next as Rice codes. When something was read is kept once for all columns.

use super::bits::{Reader, Writer, best_k, put_varint, unzigzag, varint, zigzag};

/// The first byte; another one is another version.
const VERSION: u8 = 1;
/// More than any block of ours holds: what says more is damaged.
const MOST: u64 = 1 << 20;

/// Readings of one stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// When there were readings: steps from the block's beginning, rising.
    pub(super) ticks: Vec<u64>,
    pub(super) columns: Vec<Column>,
}

/// What was read of one series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) series: u64,
    /// One for each tick; none where it was not read.
    pub(super) values: Vec<Option<i64>>,
}

impl Block {
    /// Values in all columns.
    pub(super) fn samples(&self) -> usize {
        self.columns
            .iter()
            .map(|column| column.values.iter().flatten().count())
            .sum()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        put_varint(&mut bytes, self.ticks.len() as u64);
        let mut before = 0;
        for tick in &self.ticks {
            put_varint(&mut bytes, tick - before);
            before = *tick;
        }
        for column in &self.columns {
            let packed = pack(&column.values);
            put_varint(&mut bytes, column.series);
            put_varint(&mut bytes, packed.len() as u64);
            bytes.extend_from_slice(&packed);
        }
        bytes
    }

    /// Reads the columns that are wanted; none when the bytes are damaged.
    pub(super) fn decode(mut bytes: &[u8], wanted: impl Fn(u64) -> bool) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        bytes = rest;
        let count = varint(&mut bytes)?;
        if *version != VERSION || count > MOST {
            return None;
        }
        let mut tick = 0_u64;
        let mut ticks = Vec::new();
        for _ in 0..count {
            tick = tick.checked_add(varint(&mut bytes)?)?;
            ticks.push(tick);
        }
        let mut columns = Vec::new();
        while !bytes.is_empty() {
            let series = varint(&mut bytes)?;
            let length = usize::try_from(varint(&mut bytes)?).ok()?;
            let (packed, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            if wanted(series) {
                let values = unpack(packed, ticks.len())?;
                columns.push(Column { series, values });
            }
        }
        Some(Self { ticks, columns })
    }
}

/// Stretches in turn of values that are there and that are not, then `k`, then the differences.
fn pack(values: &[Option<i64>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for run in values.chunk_by(|a, b| a.is_some() == b.is_some()) {
        if bytes.is_empty() && run[0].is_none() {
            put_varint(&mut bytes, 0);
        }
        put_varint(&mut bytes, run.len() as u64);
    }
    let mut before = 0_i64;
    let differences: Vec<u64> = values
        .iter()
        .flatten()
        .map(|value| zigzag(value.wrapping_sub(std::mem::replace(&mut before, *value))))
        .collect();
    let Some((first, rest)) = differences.split_first() else {
        return bytes;
    };
    put_varint(&mut bytes, *first);
    let k = best_k(rest);
    put_varint(&mut bytes, k.into());
    let mut writer = Writer::default();
    for difference in rest {
        writer.rice(*difference, k);
    }
    bytes.extend(writer.finish());
    bytes
}

fn unpack(mut bytes: &[u8], count: usize) -> Option<Vec<Option<i64>>> {
    let mut present = Vec::with_capacity(count);
    let mut is_there = true;
    while present.len() < count {
        let run = usize::try_from(varint(&mut bytes)?).ok()?;
        if run > count - present.len() {
            return None;
        }
        present.resize(present.len() + run, is_there);
        is_there = !is_there;
    }
    if !present.contains(&true) {
        return Some(vec![None; count]);
    }
    let mut value = unzigzag(varint(&mut bytes)?);
    let k = u32::try_from(varint(&mut bytes)?).ok().filter(|k| *k < 64)?;
    let mut reader = Reader::new(bytes);
    let mut values = Vec::with_capacity(count);
    let mut is_first = true;
    for is_there in present {
        if is_there && !std::mem::take(&mut is_first) {
            value = value.wrapping_add(unzigzag(reader.rice(k)?));
        }
        values.push(is_there.then_some(value));
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Block {
        let noise = |at: u64, swing: u64| ((at * 2_654_435_761) >> 7) % swing;
        let ticks: Vec<u64> = (0..60).collect();
        let column = |series, value: &dyn Fn(u64) -> Option<i64>| Column {
            series,
            values: ticks.iter().map(|at| value(*at)).collect(),
        };
        Block {
            columns: vec![
                column(1, &|at| Some(noise(at, 200).cast_signed())),
                column(2, &|_| Some(81_920)),
                column(7, &|at| (at % 7 != 3).then_some(-5)),
                column(300, &|at| (at > 50).then_some(i64::MAX - at.cast_signed())),
                column(301, &|_| None),
            ],
            ticks,
        }
    }

    #[test]
    fn a_block_is_read_as_it_was_written() {
        let block = block();
        assert_eq!(Block::decode(&block.encode(), |_| true), Some(block.clone()));
        let one = Block::decode(&block.encode(), |series| series == 7).unwrap();
        assert_eq!((one.columns.len(), &one.columns[0]), (1, &block.columns[2]));
        assert_eq!(
            Block::decode(&Block::default().encode(), |_| true),
            Some(Block::default())
        );
    }

    #[test]
    fn damaged_bytes_are_nothing_and_break_nothing() {
        let whole = block().encode();
        for end in 0..whole.len() {
            let _ = Block::decode(&whole[..end], |_| true);
        }
        for at in 0..whole.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                let _ = Block::decode(&bytes, |_| true);
            }
        }
        assert_eq!(Block::decode(&[9, 0], |_| true), None);
    }

    #[test]
    fn a_restless_percentage_takes_less_than_two_bytes_and_a_still_one_a_fraction() {
        let mut block = block();
        block.columns.truncate(1);
        assert!(
            block.encode().len() - 62 <= 60 * 5 / 4 + 4,
            "{}",
            block.encode().len()
        );
        block.columns[0].values.fill(Some(17));
        assert!(block.encode().len() - 62 <= 14, "{}", block.encode().len());
    }
}
