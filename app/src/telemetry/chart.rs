//! A line over the last minutes.

use std::collections::VecDeque;
use std::fmt::Write;

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use types::telemetry::Sample;

use crate::ui::words::decimal;

/// Milliseconds from the left to the right edge.
const SPAN_MS: i64 = 120_000;

/// A longer pause between two samples is a gap in the line, not a line.
const GAP_MS: i64 = 12_500;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// Load of all cores.
    Cpu,
    /// Memory in use.
    Ram,
}

impl Series {
    fn percent(self, sample: &Sample) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "drawn at 0.1 %")]
        let percent = match self {
            Self::Cpu => f64::from(sample.cpu_percent),
            Self::Ram if sample.ram_total == 0 => 0.0,
            Self::Ram => sample.ram_used as f64 / sample.ram_total as f64 * 100.0,
        };
        percent.clamp(0.0, 100.0)
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Cpu => t("CPU load"),
            Self::Ram => t("Memory in use"),
        }
    }
}

/// The chart; reads out as one sentence.
#[component]
pub fn Chart(
    /// What is drawn.
    series: Series,
    /// Oldest first.
    samples: Signal<VecDeque<Sample>>,
) -> impl IntoView {
    let paths = crate::ui::memo(move || samples.with(|samples| paths(samples, series)));
    view! {
        <svg
            class="spark"
            class:is-memory=series == Series::Ram
            viewBox="0 0 100 100"
            preserveAspectRatio="none"
            role="img"
            aria-label=move || samples.with(|samples| sentence(samples, series))
        >
            <path class="spark__area" d=move || paths.with(|paths| paths.area.clone())></path>
            <path class="spark__line" d=move || paths.with(|paths| paths.line.clone())></path>
        </svg>
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Paths {
    line: String,
    area: String,
}

/// One subpath per stretch without gaps; the newest sample stands at the right edge.
fn paths(samples: &VecDeque<Sample>, series: Series) -> Paths {
    let mut paths = Paths::default();
    let Some(newest) = samples.back() else {
        return paths;
    };
    let visible = samples.iter().filter(|sample| newest.at - sample.at <= SPAN_MS);
    let mut stretch: Vec<(f64, f64)> = Vec::new();
    let mut before = None;
    for sample in visible {
        if before.is_some_and(|before| sample.at - before > GAP_MS) {
            paths.add(&stretch);
            stretch.clear();
        }
        before = Some(sample.at);
        #[expect(clippy::cast_precision_loss, reason = "below two minutes")]
        let x = 100.0 - (newest.at - sample.at) as f64 / SPAN_MS as f64 * 100.0;
        stretch.push((x, 100.0 - series.percent(sample)));
    }
    paths.add(&stretch);
    paths
}

impl Paths {
    fn add(&mut self, points: &[(f64, f64)]) {
        let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
            return;
        };
        let mut line = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            let _ = write!(line, "{letter}{} {}", decimal(*x, 1), decimal(*y, 1));
        }
        let _ = write!(
            self.area,
            "{line}L{} 100L{} 100Z",
            decimal(*last, 1),
            decimal(*first, 1)
        );
        self.line.push_str(&line);
    }
}

/// What a person would say.
fn sentence(samples: &VecDeque<Sample>, series: Series) -> String {
    let Some(now) = samples.back() else {
        return fill("{}: no reading yet", &[series.noun()]);
    };
    let all = samples.iter().map(|sample| series.percent(sample));
    let (low, high) = all.fold((100.0_f64, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let [now, low, high] = [series.percent(now), low, high].map(|value| decimal(value, 0));
    if samples.len() < 2 {
        return format!("{} {now} %", series.noun());
    }
    fill(
        "{} {} % now, between {} and {} % in the last two minutes",
        &[series.noun(), &now, &low, &high],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(readings: &[(i64, f32)]) -> VecDeque<Sample> {
        readings
            .iter()
            .map(|(at, cpu_percent)| Sample {
                at: *at,
                cpu_percent: *cpu_percent,
                ..Sample::default()
            })
            .collect()
    }

    #[test]
    fn the_newest_reading_stands_at_the_right_edge() {
        let paths = paths(&samples(&[(0, 0.0), (6_000, 50.0), (12_000, 100.0)]), Series::Cpu);
        assert_eq!(paths.line, "M90.0 100.0L95.0 50.0L100.0 0.0");
        assert_eq!(paths.area, "M90.0 100.0L95.0 50.0L100.0 0.0L100.0 100L90.0 100Z");
    }

    #[test]
    fn a_gap_in_the_data_is_a_gap_in_the_line() {
        let paths = paths(
            &samples(&[(0, 10.0), (6_000, 10.0), (60_000, 10.0), (66_000, 10.0)]),
            Series::Cpu,
        );
        assert_eq!(paths.line.matches('M').count(), 2);
    }

    #[test]
    fn readings_that_left_the_chart_are_not_drawn() {
        let paths = paths(&samples(&[(0, 10.0), (130_000, 10.0)]), Series::Cpu);
        assert_eq!(paths.line, "M100.0 90.0");
    }

    #[test]
    fn the_chart_can_be_read_out() {
        let readings = samples(&[(0, 10.0), (5_000, 80.0), (10_000, 41.0)]);
        assert_eq!(
            sentence(&readings, Series::Cpu),
            "CPU load 41 % now, between 10 and 80 % in the last two minutes"
        );
        assert_eq!(
            sentence(&VecDeque::new(), Series::Ram),
            "Memory in use: no reading yet"
        );
    }
}
