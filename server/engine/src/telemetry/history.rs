//! What was measured before: the last hour second by second, the last day and the last month in coarser steps.
//!
//! # How it works
//! Three levels, each with a step and a time it is kept. A reading is written into the file at once as a *tick* of the
//! finest level; whoever kills the panel loses the one under way at most. When a step of a coarser level is over, its
//! mean and its peak become a tick of that level. When enough ticks are there, they become a *block*: columns of
//! small differences, a byte or so for each value ([`block`]). After a start the coarse steps under way are counted
//! again from the finest level.

mod bits;
mod block;
mod frame;
mod rollup;
mod span;

use std::collections::HashMap;
use std::path::Path;

use sea_orm::DbErr;

use self::block::{Block, Column};
use self::rollup::Rollup;
pub(crate) use self::span::{Wanted, read};
use super::metrics::{self, Scale, Value};
use crate::db::history::{self, HistoryFile, StoredBlock};

/// A level of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    number: u8,
    /// Milliseconds from one value to the next.
    step: i64,
    /// Milliseconds of a block.
    block: i64,
    /// Milliseconds it is kept.
    keep: i64,
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const LEVELS: [Level; 3] = [
    Level {
        number: 0,
        step: SECOND,
        block: 5 * MINUTE,
        keep: HOUR,
    },
    Level {
        number: 1,
        step: 15 * SECOND,
        block: HOUR,
        keep: DAY,
    },
    Level {
        number: 2,
        step: 5 * MINUTE,
        block: DAY,
        keep: 30 * DAY,
    },
];

/// All blocks together may hold so many bytes; then the oldest of each level go. Usual is a tenth of it.
const MOST_BYTES: i64 = 64 * 1024 * 1024;

/// A tick of a level: number, when, columns.
type Tick = (u8, i64, Vec<u8>);

/// Number and scale of a series.
#[derive(Clone, Copy, Debug)]
struct Known {
    number: u64,
    scale: Scale,
}

/// The history as its owner writes it.
pub(crate) struct History {
    file: HistoryFile,
    series: HashMap<(String, &'static str), Known>,
    scales: HashMap<u64, Scale>,
    rollups: Vec<Rollup>,
    /// For each level: ticks before this are in blocks.
    folded: [i64; LEVELS.len()],
    /// When the last tick was.
    last: i64,
}

impl History {
    /// Opens the file and goes on where the last panel ended.
    pub(crate) async fn open(path: &Path, now: i64) -> Result<Self, DbErr> {
        let file = history::open(path).await?;
        let mut history = Self {
            file,
            series: HashMap::new(),
            scales: HashMap::new(),
            rollups: Vec::new(),
            folded: [0; LEVELS.len()],
            last: 0,
        };
        for (number, subject, metric) in history.file.series().await? {
            // One that this version does not know any more is left to age.
            if let (Some(metric), Some(scale)) = (metrics::known(&metric), metrics::scale(&metric)) {
                history.know(subject, metric, number.cast_unsigned(), scale);
            }
        }
        for level in &LEVELS[1..] {
            let (rollup, ticks) = history.resumed(*level, now).await?;
            history.file.put_ticks(ticks).await?;
            history.rollups.push(rollup);
        }
        Ok(history)
    }

    /// For reading, by anybody.
    pub(crate) fn file(&self) -> HistoryFile {
        self.file.clone()
    }

    /// Keeps what was read at a moment.
    pub(crate) async fn record(&mut self, at: i64, values: &[Value]) -> Result<(), DbErr> {
        let at = at - at.rem_euclid(SECOND);
        // Two readings of one second, or a clock that was set back: the history only grows forward.
        if at <= self.last {
            if self.last - at > HOUR {
                self.last = at;
            }
            return Ok(());
        }
        self.last = at;
        let mut codes = Vec::with_capacity(values.len());
        for value in values {
            let known = self.known(value).await?;
            codes.push((known.number, known.scale.code(value.number)));
        }
        let ticks = self.ticks_of(at, codes);
        self.file.put_ticks(ticks).await?;
        for level in LEVELS {
            self.fold(level, at).await?;
        }
        Ok(())
    }

    /// The reading itself, and what it completes of the coarser levels.
    fn ticks_of(&mut self, at: i64, mut codes: Vec<(u64, i64)>) -> Vec<Tick> {
        codes.sort_unstable_by_key(|(number, _)| *number);
        let mut ticks = vec![(0, at, frame::finest(&codes))];
        for rollup in &mut self.rollups {
            let level = rollup.level();
            if let Some((slot, sums)) = rollup.add(at, &codes, &self.scales) {
                ticks.push((level, slot, frame::encode(&sums)));
            }
        }
        ticks
    }

    async fn known(&mut self, value: &Value) -> Result<Known, DbErr> {
        if let Some(known) = self.series.get(&(value.subject.clone(), value.metric)) {
            return Ok(*known);
        }
        let number = self.file.add_series(&value.subject, value.metric).await?;
        let scale = metrics::scale(value.metric).unwrap_or(Scale::One);
        Ok(self.know(value.subject.clone(), value.metric, number.cast_unsigned(), scale))
    }

    fn know(&mut self, subject: String, metric: &'static str, number: u64, scale: Scale) -> Known {
        let known = Known { number, scale };
        self.series.insert((subject, metric), known);
        self.scales.insert(number, scale);
        known
    }

    /// Puts the ticks of blocks that are over into them, and forgets what is too old.
    async fn fold(&mut self, level: Level, now: i64) -> Result<(), DbErr> {
        let boundary = now - now.rem_euclid(level.block);
        let folded = &mut self.folded[usize::from(level.number)];
        if boundary <= *folded {
            return Ok(());
        }
        *folded = boundary;
        let ticks = self.file.ticks(level.number, 0, boundary).await?;
        if !ticks.is_empty() {
            let blocks = blocks(level, &ticks);
            self.file.fold(level.number, boundary, blocks).await?;
        }
        let old = boundary - level.keep - level.block;
        self.file.forget(level.number, old).await?;
        if self.file.extent().await?.bytes > MOST_BYTES {
            for level in LEVELS {
                self.file.shorten(level.number).await?;
            }
        }
        Ok(())
    }

    /// A coarser level as it was: what came after its last tick is counted again. Steps that are over although
    /// nobody was there to say so are ticks now.
    async fn resumed(&self, level: Level, now: i64) -> Result<(Rollup, Vec<Tick>), DbErr> {
        let mut rollup = Rollup::new(level.number, level.step);
        let mut ticks = Vec::new();
        let told = span::last(&self.file, level, now).await?;
        let from = told.map_or(0, |at| at + level.step).max(now - LEVELS[0].keep);
        let finest = span::collect(&self.file, LEVELS[0], from, now + SECOND, |_| true).await?;
        for (at, codes) in finest {
            // Only the mean of the finest level is there; it is the value itself.
            let codes: Vec<(u64, i64)> = codes
                .into_iter()
                .filter(|(column, _)| column % 2 == 0)
                .map(|(column, code)| (column / 2, code))
                .collect();
            if let Some((slot, sums)) = rollup.add(at, &codes, &self.scales) {
                ticks.push((level.number, slot, frame::encode(&sums)));
            }
        }
        Ok((rollup, ticks))
    }
}

/// Columns of ticks, one block for each of their stretches of time.
fn blocks(level: Level, ticks: &[(i64, Vec<u8>)]) -> Vec<StoredBlock> {
    let start_of = |at: i64| at - at.rem_euclid(level.block);
    ticks
        .chunk_by(|(a, _), (b, _)| start_of(*a) == start_of(*b))
        .map(|ticks| {
            let start = start_of(ticks[0].0);
            let block = block_of(level, start, ticks);
            StoredBlock {
                start,
                samples: i64::try_from(block.samples()).unwrap_or_default(),
                bytes: block.encode(),
            }
        })
        .collect()
}

fn block_of(level: Level, start: i64, ticks: &[(i64, Vec<u8>)]) -> Block {
    let mut columns: std::collections::BTreeMap<u64, Vec<Option<i64>>> = std::collections::BTreeMap::new();
    for (index, (_, bytes)) in ticks.iter().enumerate() {
        for (column, code) in frame::decode(bytes).unwrap_or_default() {
            let values = columns.entry(column).or_insert_with(|| vec![None; ticks.len()]);
            values[index] = Some(code);
        }
    }
    Block {
        ticks: ticks
            .iter()
            .map(|(at, _)| ((at - start) / level.step).cast_unsigned())
            .collect(),
        columns: columns
            .into_iter()
            .map(|(series, values)| Column { series, values })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
