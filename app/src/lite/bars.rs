//! Shares as bars and the past as lines: drawn where a browser can, in signs and sentences where it cannot.

use std::fmt::Write as _;

use leptos::prelude::*;

use crate::language::fill;
use crate::ui::words::decimal;
use crate::view;

/// Signs of a whole bar.
const SIGNS: usize = 10;

/// A bar; `class` is `vr` for memory.
pub(super) fn bar(name: String, percent: f64, class: Option<&'static str>) -> AnyView {
    let percent = percent.clamp(0.0, 100.0);
    view! {
        <meter min="0" max="100" value=decimal(percent, 0) aria-label=name class=class>
            {signs(percent)}
        </meter>
    }
}

/// `[###-------]`
fn signs(percent: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10")]
    let full = ((percent / 10.0).round() as usize).min(SIGNS);
    format!("[{}{}]", "#".repeat(full), "-".repeat(SIGNS - full))
}

/// A share of a whole, per cent.
#[expect(clippy::cast_precision_loss, reason = "shown without digits")]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64 * 100.0
    }
}

/// The last hour as a line, and as a sentence below it. `most` is the upper edge.
pub(super) fn past(
    values: &[Option<f32>],
    most: f64,
    class: Option<&'static str>,
    say: impl Fn(f64) -> String,
) -> AnyView {
    let known: Vec<f64> = values.iter().flatten().map(|value| f64::from(*value)).collect();
    if known.is_empty() || most <= 0.0 {
        return ().into_any();
    }
    #[expect(clippy::cast_precision_loss, reason = "an hour has few steps")]
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let highest = known.iter().copied().fold(0.0, f64::max);
    view! {
        <svg class=class viewBox=format!("0 0 {} 100", values.len().max(2) - 1) preserveAspectRatio="none" aria-hidden="true">
            <path d=line(values, most) vector-effect="non-scaling-stroke"></path>
        </svg>
        <small>{fill("Last hour: {} on average, {} at most", &[&say(mean), &say(highest)])}</small>
    }
}

/// One stroke for each stretch without gaps.
fn line(values: &[Option<f32>], most: f64) -> String {
    let mut path = String::new();
    let mut is_down = false;
    for (place, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_down = false;
            continue;
        };
        let height = 100.0 - (f64::from(*value) / most * 100.0).clamp(0.0, 100.0);
        let _ = write!(
            path,
            "{}{place} {}",
            if is_down { 'L' } else { 'M' },
            decimal(height, 1)
        );
        is_down = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_made_of_ten_signs() {
        assert_eq!(signs(0.0), "[----------]");
        assert_eq!(signs(34.0), "[###-------]");
        assert_eq!(signs(100.0), "[##########]");
    }

    #[test]
    fn a_gap_in_the_data_is_a_gap_in_the_line() {
        let values = [Some(0.0), Some(50.0), None, Some(100.0)];
        assert_eq!(line(&values, 100.0), "M0 100.0L1 50.0M3 0.0");
    }

    #[test]
    fn nothing_of_nothing_is_no_share() {
        assert!(share(5, 0).abs() < f64::EPSILON);
        assert!((share(1, 4) - 25.0).abs() < f64::EPSILON);
    }
}
