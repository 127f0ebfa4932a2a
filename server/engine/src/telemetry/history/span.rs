//! Reading a stretch of the past, in steps of any length.

use std::collections::{BTreeMap, HashMap};

use sea_orm::DbErr;
use types::telemetry::{History, Series};

use super::block::Block;
use super::{LEVELS, Level, SECOND, frame};
use crate::db::history::HistoryFile;
use crate::telemetry::metrics::{self, Scale};

/// The most steps an answer has.
const STEPS_MOST: i64 = 5000;
/// Steps of an answer when nobody says how long one is to be.
const STEPS: i64 = 600;

/// What somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Unix milliseconds.
    pub(crate) from: i64,
    /// Unix milliseconds.
    pub(crate) to: i64,
    /// Milliseconds; 0 = what suits a chart.
    pub(crate) step: i64,
    /// Such as `machine` or `gpu:*`; empty = all.
    pub(crate) subjects: Vec<String>,
    /// Such as `cpu_percent`; empty = all.
    pub(crate) metrics: Vec<String>,
}

impl Wanted {
    fn wants(&self, subject: &str, metric: &str) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(begin) => subject.starts_with(begin),
            None => subject == pattern,
        };
        (self.subjects.is_empty() || self.subjects.iter().any(fits))
            && (self.metrics.is_empty() || self.metrics.iter().any(|wanted| wanted == metric))
    }
}

/// Values of one moment, by column.
type Moment = (i64, Vec<(u64, i64)>);

/// Everything of a level from a moment on until before another, oldest first.
pub(super) async fn collect(
    file: &HistoryFile,
    level: Level,
    from: i64,
    before: i64,
    wanted: impl Fn(u64) -> bool,
) -> Result<Vec<Moment>, DbErr> {
    let mut moments: BTreeMap<i64, Vec<(u64, i64)>> = BTreeMap::new();
    let first = from - from.rem_euclid(level.block);
    for stored in file.blocks(level.number, first, before).await? {
        let Some(block) = Block::decode(&stored.bytes, &wanted) else {
            tracing::warn!(
                level = level.number,
                start = stored.start,
                "a block of the history is damaged"
            );
            continue;
        };
        for column in block.columns {
            for (tick, value) in block.ticks.iter().zip(column.values) {
                let at = stored.start + tick.cast_signed() * level.step;
                if let Some(value) = value.filter(|_| at >= from && at < before) {
                    moments.entry(at).or_default().push((column.series, value));
                }
            }
        }
    }
    for (at, bytes) in file.ticks(level.number, from, before).await? {
        let mut columns = frame::decode(&bytes).unwrap_or_default();
        columns.retain(|(column, _)| wanted(*column));
        moments.insert(at, columns);
    }
    Ok(moments.into_iter().collect())
}

/// The last tick of a level, wherever it is.
pub(super) async fn last(file: &HistoryFile, level: Level, now: i64) -> Result<Option<i64>, DbErr> {
    if let Some(at) = file.last_tick(level.number).await? {
        return Ok(Some(at));
    }
    let blocks = file
        .blocks(level.number, now - level.keep - level.block, now + 1)
        .await?;
    let newest = blocks.last();
    Ok(newest.and_then(|stored| {
        let block = Block::decode(&stored.bytes, |_| false)?;
        Some(stored.start + block.ticks.last()?.cast_signed() * level.step)
    }))
}

/// The level that shows a stretch best: the coarsest that is fine enough, else the finest that goes back so far.
fn level_for(from: i64, step: i64, now: i64) -> Level {
    let reaches = |level: &&Level| from >= now - level.keep - level.step;
    let fine = LEVELS
        .iter()
        .rev()
        .filter(reaches)
        .find(|level| level.step <= step);
    let fallback = LEVELS.iter().find(reaches);
    fine.or(fallback).copied().unwrap_or(LEVELS[LEVELS.len() - 1])
}

/// Reads it. Marks are left to who knows the runs.
pub(crate) async fn read(file: &HistoryFile, wanted: &Wanted, now: i64) -> Result<History, DbErr> {
    let to = wanted.to.clamp(0, now + SECOND);
    let from = wanted.from.clamp(0, to);
    let least = ((to - from) / STEPS_MOST).max(SECOND);
    let asked = if wanted.step > 0 {
        wanted.step
    } else {
        (to - from) / STEPS
    };
    let level = level_for(from, asked.max(least), now);
    let step = asked.max(least).max(level.step);
    let step = step.div_euclid(SECOND) * SECOND;
    let from = from - from.rem_euclid(step);
    let steps = (to - from).div_euclid(step) + 1;

    let mut series: HashMap<u64, (String, String, Scale)> = HashMap::new();
    for (number, subject, metric) in file.series().await? {
        if let Some(scale) = metrics::scale(&metric).filter(|_| wanted.wants(&subject, &metric)) {
            series.insert(number.cast_unsigned(), (subject, metric, scale));
        }
    }
    let mut grid = Grid::new(from, step, steps);
    let is_wanted = |column: u64| series.contains_key(&(column / 2));
    let moments = collect(file, level, from, to + 1, is_wanted).await?;
    let told = moments.last().map_or(from, |(at, _)| at + level.step);
    grid.add(moments, &series);
    if level.number > 0 {
        // The step under way is in none of the coarser levels yet.
        let rest = collect(file, LEVELS[0], told, to + 1, is_wanted).await?;
        grid.add(rest, &series);
    }
    Ok(History {
        from,
        step,
        steps: u32::try_from(steps).unwrap_or_default(),
        series: grid.finish(series),
        marks: Vec::new(),
    })
}

/// Steps of an answer.
struct Grid {
    from: i64,
    step: i64,
    steps: usize,
    cells: HashMap<u64, Vec<Cell>>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    sum: f64,
    count: u32,
    peak: Option<f64>,
}

impl Grid {
    fn new(from: i64, step: i64, steps: i64) -> Self {
        Self {
            from,
            step,
            steps: usize::try_from(steps).unwrap_or_default(),
            cells: HashMap::new(),
        }
    }

    fn add(&mut self, moments: Vec<Moment>, series: &HashMap<u64, (String, String, Scale)>) {
        for (at, columns) in moments {
            let Ok(place) = usize::try_from((at - self.from).div_euclid(self.step)) else {
                continue;
            };
            for (column, code) in columns {
                let Some((_, _, scale)) = series.get(&(column / 2)) else {
                    continue;
                };
                let steps = self.steps;
                let cells = self
                    .cells
                    .entry(column / 2)
                    .or_insert_with(|| vec![Cell::default(); steps]);
                let Some(cell) = cells.get_mut(place) else {
                    continue;
                };
                let value = scale.value(code);
                if column % 2 == 0 {
                    cell.sum += value;
                    cell.count += 1;
                }
                cell.peak = Some(cell.peak.map_or(value, |peak| peak.max(value)));
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "seven digits are enough for a chart"
    )]
    fn finish(self, mut series: HashMap<u64, (String, String, Scale)>) -> Vec<Series> {
        let mut found: Vec<Series> = self
            .cells
            .into_iter()
            .filter_map(|(number, cells)| {
                let (subject, metric, _) = series.remove(&number)?;
                let mean = |cell: &Cell| (cell.count > 0).then(|| (cell.sum / f64::from(cell.count)) as f32);
                Some(Series {
                    subject,
                    metric,
                    mean: cells.iter().map(mean).collect(),
                    peak: cells
                        .iter()
                        .map(|cell| cell.peak.map(|peak| peak as f32))
                        .collect(),
                })
            })
            .collect();
        found.sort_unstable_by(|a, b| (&a.subject, &a.metric).cmp(&(&b.subject, &b.metric)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DAY, HOUR, MINUTE};
    use super::*;

    #[test]
    fn the_level_is_the_coarsest_that_is_fine_enough_and_reaches_back() {
        let now = 100 * DAY;
        let number = |back: i64, step: i64| level_for(now - back, step, now).number;
        assert_eq!(number(10 * MINUTE, SECOND), 0);
        assert_eq!(number(HOUR, 6 * SECOND), 0);
        assert_eq!(number(HOUR, 20 * SECOND), 1);
        assert_eq!(number(6 * HOUR, SECOND), 1, "an hour ago there are no seconds");
        assert_eq!(number(DAY, 10 * MINUTE), 2);
        assert_eq!(number(3 * DAY, SECOND), 2);
        assert_eq!(number(90 * DAY, SECOND), 2);
    }

    #[test]
    fn subjects_are_named_or_begin_so() {
        let wanted = Wanted {
            subjects: vec!["machine".to_owned(), "gpu:*".to_owned()],
            metrics: vec!["cpu_percent".to_owned()],
            ..Wanted::default()
        };
        assert!(wanted.wants("machine", "cpu_percent") && wanted.wants("gpu:GPU-1", "cpu_percent"));
        assert!(!wanted.wants("machine", "memory") && !wanted.wants("instance:1", "cpu_percent"));
        assert!(Wanted::default().wants("instance:1", "memory"));
    }
}
