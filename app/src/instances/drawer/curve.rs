//! The memory of the last minute as a curve, drawn by the server.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::language::t;
use crate::view;

/// Where the end stands, of 100.
const END: u8 = 97;

/// One measured thing up to the end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    /// What is drawn.
    title: String,
    /// What a person would say.
    sentence: String,
    /// The path of the line.
    line: String,
    /// The path of what is below it.
    area: String,
    /// How high the limit stands, of 100 from above, and what it is.
    limit: Option<(String, String)>,
}

#[cfg(feature = "ssr")]
impl Curve {
    /// None where nothing was measured. `from` is the beginning of the first value; one value a second.
    pub(super) fn draw(
        title: String,
        values: &[Option<f32>],
        span: CurveSpan,
        limit: Option<f64>,
    ) -> Option<Self> {
        use crate::language::fill;
        use crate::ui::words::decimal;
        let points: Vec<(i64, f64)> = (0..)
            .zip(values)
            .filter_map(|(second, value)| Some((span.from + second * 1000, f64::from((*value)?))))
            .filter(|(at, _)| *at >= span.to - span.length)
            .collect();
        let (first, last) = (points.first()?.1, points.last()?.1);
        let most = points.iter().fold(0.0, |most: f64, (_, value)| most.max(*value));
        let top = limit.unwrap_or(0.0).max(most * 1.15).max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "a minute")]
        let place = |(at, value): &(i64, f64)| {
            let x = (at - span.to + span.length) as f64 / span.length as f64 * f64::from(END);
            (x.clamp(0.0, f64::from(END)), 100.0 - value / top * 100.0)
        };
        let mut curve = Self {
            limit: limit.map(|limit| {
                let height = decimal(100.0 - limit / top * 100.0, 1);
                (height, fill("Limit {}", &[&size(limit)]))
            }),
            sentence: fill(
                "{}: from {} to {}, at most {}, then it ended",
                &[&title, &size(first), &size(last), &size(most)],
            ),
            title,
            ..Self::default()
        };
        let mut stretch: Vec<(f64, f64)> = Vec::new();
        let mut before = None;
        for point in &points {
            if before.is_some_and(|before| point.0 - before > GAP_MS) {
                curve.add(&stretch);
                stretch.clear();
            }
            before = Some(point.0);
            stretch.push(place(point));
        }
        // What was measured last held until the end.
        if let Some(last) = stretch.last().copied() {
            stretch.push((f64::from(END), last.1));
        }
        curve.add(&stretch);
        Some(curve)
    }

    fn add(&mut self, points: &[(f64, f64)]) {
        use std::fmt::Write as _;

        use crate::ui::words::decimal;
        let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
            return;
        };
        let steps = points.iter().enumerate().map(|(index, (x, y))| {
            let letter = if index == 0 { 'M' } else { 'L' };
            format!("{letter}{} {}", decimal(*x, 1), decimal(*y, 1))
        });
        let line: String = steps.collect();
        let (first, last) = (decimal(*first, 1), decimal(*last, 1));
        let _ = write!(self.area, "{line}L{last} 100L{first} 100Z");
        self.line.push_str(&line);
    }
}

/// As programs count memory.
#[cfg(feature = "ssr")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes, not below 0"
)]
fn size(value: f64) -> String {
    use crate::ui::words::{bytes, gibibytes};
    match value as u64 {
        small @ ..1_073_741_824 => bytes(small),
        large => gibibytes(large),
    }
}

/// A longer pause between two values is a gap in the line.
#[cfg(feature = "ssr")]
const GAP_MS: i64 = 12_500;

/// What stretch of time a curve shows.
#[cfg(feature = "ssr")]
#[derive(Clone, Copy)]
pub(super) struct CurveSpan {
    /// Beginning of the first value, Unix milliseconds.
    pub(super) from: i64,
    /// The end of the run, Unix milliseconds.
    pub(super) to: i64,
    /// How long before that the curve begins, milliseconds.
    pub(super) length: i64,
}

/// The curve with the mark of the end.
#[component]
pub fn CurveView(
    /// What is drawn.
    curve: Curve,
) -> impl IntoView {
    let Curve {
        title,
        sentence,
        line,
        area,
        limit,
    } = curve;
    let (height, limit) = limit.unzip();
    view! {
        <div class="crash__part">
            <div class="crash__sub">
                <span>{title}</span>
                <span class="legend">
                    <span class="legend__key legend__key--memory">{t("Used")}</span>
                    {limit.map(|limit| view! { <span class="legend__key legend__key--limit">{limit}</span> })}
                </span>
            </div>
            <div class="chart">
                <div class="chart__plot crash__plot">
                    <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=sentence>
                        {height.map(|height| view! {
                            <line class="chart__limit" x1="0" x2="100" y1=height.clone() y2=height></line>
                        })}
                        <path class="spark__area is-memory" d=area></path>
                        <path class="spark__line is-memory" d=line></path>
                        <line class="crash__end" x1=END x2=END y1="0" y2="100"></line>
                    </svg>
                </div>
                <div class="chart__x" aria-hidden="true">
                    <span>{t("60 s before")}</span>
                    <span>{t("30 s")}</span>
                    <span class="crash__ended">{t("ended")}</span>
                </div>
            </div>
        </div>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    const SPAN: CurveSpan = CurveSpan {
        from: 40_000,
        to: 100_000,
        length: 60_000,
    };

    #[test]
    fn the_end_stands_near_the_right_edge_below_a_limit() {
        const GIB: f32 = 1_073_741_824.0;
        let mut values = vec![None; 61];
        values[0] = Some(10.0 * GIB);
        values[10] = Some(10.0 * GIB);
        values[20] = Some(20.0 * GIB);
        let curve = Curve::draw("VRAM".to_owned(), &values, SPAN, Some(25.0 * f64::from(GIB))).unwrap();
        assert_eq!(curve.line, "M0.0 60.0L16.2 60.0L32.3 20.0L97.0 20.0");
        assert_eq!(curve.limit, Some(("0.0".to_owned(), "Limit 25.0 GiB".to_owned())));
        assert_eq!(
            curve.sentence,
            "VRAM: from 10.0 GiB to 20.0 GiB, at most 20.0 GiB, then it ended"
        );
    }

    #[test]
    fn a_gap_is_a_gap_and_nothing_is_no_curve() {
        let mut values = vec![None; 61];
        values[0] = Some(1e6);
        values[30] = Some(1e6);
        let curve = Curve::draw("RAM".to_owned(), &values, SPAN, None).unwrap();
        assert_eq!(curve.line.matches('M').count(), 2);
        assert_eq!(Curve::draw("RAM".to_owned(), &[None, None], SPAN, None), None);
    }
}
