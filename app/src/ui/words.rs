//! Sizes and times as people read them.

use crate::language::{fill, marked, t};
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A length of time in at most two units: `4 h 12 min`.
pub fn duration(milliseconds: i64) -> String {
    let seconds = (milliseconds / 1000).max(0);
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| {
        if small == 0 {
            format!("{big} {big_unit}")
        } else {
            format!("{big} {big_unit} {small} {small_unit}")
        }
    };
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        _ => two(seconds / DAY, t("d"), seconds % DAY / HOUR, "h"),
    }
}

/// How long ago a moment was.
pub fn ago(then: i64, now: i64) -> String {
    if now - then < 5_000 {
        t("just now").to_owned()
    } else {
        fill("{} ago", &[&duration(now - then)])
    }
}

/// A size in the unit that suits it: `1.2 GB`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = [
        marked("bytes"),
        marked("kB"),
        marked("MB"),
        marked("GB"),
        marked("TB"),
    ];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let value = match unit {
        0 => size.to_string(),
        _ if value < 9.95 => number(value, 1),
        _ => number(value, 0),
    };
    format!("{value} {}", t(UNITS[unit]))
}

/// Memory as its makers count it: a card of “24 GB” has 24.0 GiB.
#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
pub fn gibibytes(size: u64) -> String {
    fill("{} GiB", &[&number(size as f64 / 1_073_741_824.0, 1)])
}

/// A number with so many digits after the point, as people write it: French has a comma there.
pub fn number(value: f64, digits: u8) -> String {
    decimal(value, digits).replace('.', t("."))
}

/// A number with so many digits after the point, as machines read it. The standard library's way is exact to the last bit, and would
/// weigh some kB in every first load: `scripts/wasm.mjs` takes it out, so in a browser `{}` writes no fraction at all.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float saturates, and people read no such numbers"
)]
pub fn decimal(value: f64, digits: u8) -> String {
    let scale = 10_i64.pow(digits.into());
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    let scaled = (value * scale as f64).round_ties_even() as i64;
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, part) = (scaled.abs() / scale, scaled.abs() % scale);
    if digits == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{part:0width$}", width = digits.into())
}

/// A number with a comma before each three digits, or what else the language puts there.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push_str(t(","));
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `2 files`.
pub fn count(number: u64, singular: &'static str, plural: &'static str) -> String {
    let word = if is_one(number) { singular } else { plural };
    format!("{} {}", thousands(number), t(word))
}

/// Whether a noun after this number stands in the singular; after 0 it depends on the language.
fn is_one(number: u64) -> bool {
    number == 1 || number == 0 && t("0 is followed by the plural") == "no"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        for (seconds, text) in [
            (-5, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (15_120, "4 h 12 min"),
            (7200, "2 h"),
            (100_000, "1 d 3 h"),
        ] {
            assert_eq!(duration(seconds * 1000), text);
        }
    }

    #[test]
    fn sizes_have_two_digits() {
        for (size, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1234, "1.2 kB"),
            (9_960_000, "10 MB"),
            (999_600_000, "1.0 GB"),
            (24_000_000_000, "24 GB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn memory_is_counted_as_its_makers_do() {
        assert_eq!(gibibytes(24 << 30), "24.0 GiB");
        assert_eq!(gibibytes(300 << 20), "0.3 GiB");
    }

    #[test]
    fn decimals_are_rounded() {
        for (value, digits, text) in [
            (0.0, 0, "0"),
            (99.5, 0, "100"),
            (-0.4, 0, "0"),
            (1.05, 2, "1.05"),
            (-1.25, 1, "-1.2"),
            (18.599_999, 3, "18.600"),
            (7.0, 1, "7.0"),
        ] {
            assert_eq!(decimal(value, digits), text);
        }
    }

    #[test]
    fn big_numbers_have_commas() {
        assert_eq!(thousands(1), "1");
        assert_eq!(thousands(123), "123");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
