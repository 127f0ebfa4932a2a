//! Coarser steps: the mean and the peak of what came in one.

use std::collections::BTreeMap;

use super::frame::{mean, peak};
use crate::telemetry::metrics::Scale;

/// The step under way of one level.
pub(super) struct Rollup {
    level: u8,
    step: i64,
    slot: i64,
    sums: BTreeMap<u64, Sum>,
}

struct Sum {
    total: f64,
    count: u32,
    peak: i64,
}

impl Rollup {
    pub(super) fn new(level: u8, step: i64) -> Self {
        Self {
            level,
            step,
            slot: 0,
            sums: BTreeMap::new(),
        }
    }

    pub(super) fn level(&self) -> u8 {
        self.level
    }

    /// Adds what was read at a moment. When that begins another step: the one before, as columns.
    pub(super) fn add(
        &mut self,
        at: i64,
        codes: &[(u64, i64)],
        scales: &std::collections::HashMap<u64, Scale>,
    ) -> Option<(i64, Vec<(u64, i64)>)> {
        let slot = at - at.rem_euclid(self.step);
        let over = (slot != self.slot && !self.sums.is_empty()).then(|| (self.slot, self.take(scales)));
        self.slot = slot;
        for (series, code) in codes {
            let Some(scale) = scales.get(series) else { continue };
            let sum = self.sums.entry(*series).or_insert(Sum {
                total: 0.0,
                count: 0,
                peak: *code,
            });
            // A mean of the values, not of the numbers they are kept as.
            sum.total += scale.value(*code);
            sum.count += 1;
            sum.peak = sum.peak.max(*code);
        }
        over
    }

    fn take(&mut self, scales: &std::collections::HashMap<u64, Scale>) -> Vec<(u64, i64)> {
        std::mem::take(&mut self.sums)
            .into_iter()
            .filter_map(|(series, sum)| {
                let scale = scales.get(&series)?;
                let code = scale.code(sum.total / f64::from(sum.count));
                Some([(mean(series), code), (peak(series), sum.peak)])
            })
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_step_is_told_when_the_next_begins() {
        let scales = HashMap::from([(1, Scale::One), (2, Scale::Speed)]);
        let mut rollup = Rollup::new(1, 15_000);
        let speed = |value| Scale::Speed.code(value);
        assert_eq!(rollup.add(30_000, &[(1, 10), (2, speed(0.0))], &scales), None);
        assert_eq!(rollup.add(44_000, &[(1, 20), (2, speed(2e6))], &scales), None);
        let (slot, columns) = rollup.add(61_000, &[(1, 99)], &scales).unwrap();
        assert_eq!(slot, 30_000);
        assert_eq!(columns[..2], [(2, 15), (3, 20)]);
        let middle = Scale::Speed.value(columns[2].1);
        assert!((middle - 1e6).abs() < 2e4, "{middle}");
        let (slot, columns) = rollup.add(75_000, &[], &scales).unwrap();
        assert_eq!((slot, columns), (60_000, vec![(2, 99), (3, 99)]));
        assert_eq!(rollup.add(90_000, &[], &scales), None, "nothing was read");
    }
}
