//! Lines as SVG paths, the scales they are drawn on, and what they say in words.

use std::fmt::Write;

use crate::language::{fill, t};
use crate::ui::words::{bytes, decimal, number, thousands};

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Of a whole.
    Percent,
    /// Of memory or disks.
    Bytes,
    /// Of GPU memory, as its makers count it.
    GpuMemory,
    /// Read, written, sent, received.
    BytesPerSecond,
}

impl Unit {
    /// A number with its unit, as people read it.
    pub fn tell(self, value: f64) -> String {
        match self {
            Self::Percent => format!("{} %", decimal(value, 0)),
            Self::Bytes => bytes(whole(value)),
            Self::GpuMemory => fill("{} GiB", &[&gibibytes(whole(value))]),
            Self::BytesPerSecond => format!("{}/s", bytes(whole(value))),
        }
    }

    /// The end of a scale on which `most` can be read: a number that people like, never below the least.
    pub fn scale(self, most: f64) -> f64 {
        let least = match self {
            Self::Percent => 100.0,
            Self::Bytes => 1e8,
            Self::GpuMemory => 1_073_741_824.0,
            Self::BytesPerSecond => 1e6,
        };
        let mut end = least;
        // 1, 2, 5, 10, 20, 50, …
        for factor in [2.0, 2.5, 2.0].into_iter().cycle().take(60) {
            if end >= most {
                break;
            }
            end *= factor;
        }
        end
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates"
)]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

/// A line, and what lies below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paths {
    /// The line.
    pub line: String,
    /// The area below it.
    pub area: String,
}

/// One subpath for each stretch without gaps. A value's place is its number from the left, and its height a share of
/// `top`, from 100 (nothing) up to 0.
pub fn paths(values: &[Option<f32>], top: f64) -> Paths {
    let mut paths = Paths::default();
    let mut stretch: Vec<(usize, f64)> = Vec::new();
    for (place, value) in values.iter().enumerate() {
        match value {
            Some(value) => stretch.push((place, height(f64::from(*value), top))),
            None => paths.add(&mut stretch),
        }
    }
    paths.add(&mut stretch);
    paths
}

fn height(value: f64, top: f64) -> f64 {
    let share = if top > 0.0 { value / top } else { 0.0 };
    100.0 - share.clamp(0.0, 1.0) * 100.0
}

impl Paths {
    fn add(&mut self, stretch: &mut Vec<(usize, f64)>) {
        let (Some((first, _)), Some((last, _))) = (stretch.first().copied(), stretch.last().copied()) else {
            return;
        };
        let begin = self.line.len();
        for (index, (place, height)) in stretch.iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            let _ = write!(self.line, "{letter}{place} {}", decimal(*height, 1));
        }
        if first == last {
            // A single value would be a point, which is not painted.
            self.line.push_str("h1");
        }
        let line = self.line.get(begin..).unwrap_or_default();
        let _ = write!(self.area, "{line}V100H{first}Z");
        stretch.clear();
    }
}

/// What a person would say about a line: its noun, its last value, and between which it lay.
pub fn sentence(noun: &str, values: &[Option<f32>], unit: Unit) -> String {
    let known = || values.iter().flatten().map(|value| f64::from(*value));
    let (Some(low), Some(high)) = (known().reduce(f64::min), known().reduce(f64::max)) else {
        return fill("{}: nothing was measured in this time.", &[noun]);
    };
    let [low, high] = [low, high].map(|value| unit.tell(value));
    match values.last().copied().flatten() {
        Some(now) => fill(
            "{}: {} now, between {} and {} in this time.",
            &[noun, &unit.tell(now.into()), &low, &high],
        ),
        None => fill("{}: between {} and {} in this time.", &[noun, &low, &high]),
    }
}

/// `48.2`, `128`: gigabytes with one digit after the point where it says something.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub fn gigabytes(size: u64) -> String {
    let gigabytes = size as f64 / 1e9;
    number(gigabytes, u8::from(gigabytes < 99.95))
}

/// `24.0`: gibibytes, which GPU memory is counted in.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub fn gibibytes(size: u64) -> String {
    number(size as f64 / 1_073_741_824.0, 1)
}

/// A share in percent.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub fn percent(part: u64, of: u64) -> f64 {
    if of == 0 {
        return 0.0;
    }
    (part as f64 / of as f64 * 100.0).min(100.0)
}

/// `2,520 MHz`.
pub fn megahertz(clock: u32) -> String {
    format!("{} {}", thousands(clock.into()), t("MHz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_in_the_data_is_a_gap_in_the_line() {
        let values = [Some(0.0), Some(50.0), None, Some(100.0), Some(150.0)];
        let paths = paths(&values, 100.0);
        assert_eq!(paths.line, "M0 100.0L1 50.0M3 0.0L4 0.0");
        assert_eq!(paths.area, "M0 100.0L1 50.0V100H0ZM3 0.0L4 0.0V100H3Z");
    }

    #[test]
    fn a_single_value_can_be_seen_and_none_draws_nothing() {
        assert_eq!(paths(&[None, Some(25.0), None], 100.0).line, "M1 75.0h1");
        assert_eq!(paths(&[None, None], 100.0), Paths::default());
        assert_eq!(paths(&[Some(5.0)], 0.0).line, "M0 100.0h1");
    }

    #[test]
    fn scales_end_at_numbers_that_people_like() {
        let end = |unit: Unit, most: f64| decimal(unit.scale(most), 0);
        assert_eq!(end(Unit::Percent, 41.0), "100");
        assert_eq!(end(Unit::Percent, 340.0), "500");
        assert_eq!(end(Unit::BytesPerSecond, 0.0), "1000000");
        assert_eq!(end(Unit::BytesPerSecond, 74e6), "100000000");
        assert!(Unit::Bytes.scale(f64::MAX).is_finite());
    }

    #[test]
    fn a_line_can_be_read_out() {
        let values = [Some(10.0), None, Some(80.0), Some(41.2)];
        assert_eq!(
            sentence("CPU", &values, Unit::Percent),
            "CPU: 41 % now, between 10 % and 80 % in this time."
        );
        assert_eq!(
            sentence("Read", &[Some(2e6), None], Unit::BytesPerSecond),
            "Read: between 2.0 MB/s and 2.0 MB/s in this time."
        );
        assert_eq!(
            sentence("VRAM", &[None], Unit::Bytes),
            "VRAM: nothing was measured in this time."
        );
    }

    #[test]
    fn amounts_have_three_digits_at_most() {
        assert_eq!(gigabytes(48_240_000_000), "48.2");
        assert_eq!(gigabytes(128_000_000_000), "128");
        assert_eq!(gibibytes(24 << 30), "24.0");
        assert_eq!(Unit::GpuMemory.tell(12_884_901_888.0), "12.0 GiB");
        assert_eq!(
            Unit::GpuMemory.tell(Unit::GpuMemory.scale(12_884_901_888.0)),
            "20.0 GiB"
        );
        assert_eq!(megahertz(2520), "2,520 MHz");
        assert_eq!(Unit::Bytes.tell(-5.0), "0 bytes");
        assert_eq!(decimal(percent(1, 0), 0), "0");
    }
}
