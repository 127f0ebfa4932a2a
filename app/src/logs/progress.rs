//! Progress bars that apps draw with `\r`, read as numbers.

use crate::language::fill;
use crate::ui::words;

/// A bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Progress {
    /// What is going on; may be empty.
    pub(crate) label: String,
    /// 0 to 100.
    pub(crate) percent: f32,
    /// `2,712 / 5,350`.
    pub(crate) count: Option<String>,
    /// `1.44 s/it · avr_loss 0.0912`.
    pub(crate) rate: Option<String>,
    /// `1 h 03 min left`.
    pub(crate) remaining: Option<String>,
}

impl Progress {
    /// Reads what tqdm, pip and their likes draw; none when it is no progress.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (label, percent, rest) = match share(text) {
            Some((at, percent, end)) => (&text[..at], Some(percent), &text[end..]),
            None => (&text[..0], None, text),
        };
        let count = fraction(rest);
        let percent = match (percent, &count) {
            (Some(percent), _) => percent,
            // Without a percentage only what also has a speed is taken for progress.
            (None, Some(count)) if rest.as_bytes().windows(2).any(|pair| pair == b"/s") => {
                count.done / count.total * 100.0
            }
            _ => return None,
        };
        let (rate, remaining) = rest
            .rsplit_once('[')
            .map_or((None, None), |(_, bracket)| bracketed(bracket));
        Some(Self {
            label: label.trim().trim_end_matches(':').trim().to_owned(),
            percent: percent.clamp(0.0, 100.0),
            count: count.map(|count| count.words),
            rate,
            remaining,
        })
    }
}

/// The first number followed by `%`: where it begins, its value, where it ends.
fn share(text: &str) -> Option<(usize, f32, usize)> {
    for (sign, _) in text.match_indices('%') {
        let before = text[..sign].trim_end();
        let start = before
            .rfind(|c: char| !c.is_ascii_digit() && c != '.')
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        match decimal(&before[start..]) {
            Some(percent) if percent <= 100.0 => return Some((start, percent, sign + 1)),
            _ => {}
        }
    }
    None
}

struct Fraction {
    done: f32,
    total: f32,
    words: String,
}

/// The first `n/m` of numbers.
fn fraction(text: &str) -> Option<Fraction> {
    for (slash, _) in text.match_indices('/') {
        let left = text[..slash].trim_end();
        let right = text[slash + 1..].trim_start();
        let start = left
            .rfind(|c: char| !is_amount(c))
            .map_or(0, |at| at + left[at..].chars().next().map_or(1, char::len_utf8));
        let end = right.find(|c: char| !is_amount(c)).unwrap_or(right.len());
        let (done, total) = (&left[start..], &right[..end]);
        if let (Some(done_value), Some(total_value)) = (amount(done), amount(total))
            && total_value > 0.0
        {
            let words = format!("{} / {}", with_commas(done), with_commas(total));
            return Some(Fraction {
                done: done_value,
                total: total_value,
                words,
            });
        }
    }
    None
}

fn is_amount(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '.' | 'k' | 'K' | 'M' | 'G' | 'T' | 'i' | 'B')
}

/// `45.5`, to three digits after the point. The standard library's reader is exact to the last bit, and its tables
/// would weigh 10 kB in every first load.
fn decimal(text: &str) -> Option<f32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.get(..3).unwrap_or(part);
    let scale = [1.0, 10.0, 100.0, 1000.0][part.len()];
    let whole: u32 = whole.parse().ok()?;
    let part: u32 = if part.is_empty() { 0 } else { part.parse().ok()? };
    #[expect(clippy::cast_precision_loss, reason = "shown in percent")]
    Some(whole as f32 + part as f32 / scale)
}

/// `1.20G`, `300`.
fn amount(text: &str) -> Option<f32> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let value = decimal(&text[..digits])?;
    let factor = match text[digits..].chars().next() {
        Some('k' | 'K') => 1e3,
        Some('M') => 1e6,
        Some('G') => 1e9,
        Some('T') => 1e12,
        _ => 1.0,
    };
    Some(value * factor)
}

fn with_commas(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), words::thousands)
}

/// tqdm's `[elapsed<remaining, rate, more]`.
fn bracketed(text: &str) -> (Option<String>, Option<String>) {
    let mut parts = text.trim_end_matches(']').split(',').map(str::trim);
    let remaining = parts
        .next()
        .and_then(|times| times.split_once('<'))
        .and_then(|(_, left)| clock(left));
    let rate: Vec<String> = parts
        .filter(|part| !part.is_empty() && !part.starts_with('?'))
        .map(|part| spaced(part).replace('=', " "))
        .collect();
    (Some(rate.join(" · ")).filter(|rate| !rate.is_empty()), remaining)
}

/// `1.44s/it` becomes `1.44 s/it`.
fn spaced(text: &str) -> String {
    match text.find(|c: char| !c.is_ascii_digit() && c != '.') {
        Some(at) if at > 0 && !text[at..].starts_with(' ') => format!("{} {}", &text[..at], &text[at..]),
        _ => text.to_owned(),
    }
}

/// `1:03:12` becomes `1 h 03 min left`.
fn clock(text: &str) -> Option<String> {
    let parts: Vec<u32> = text
        .trim()
        .split(':')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    Some(match parts.as_slice() {
        [hours, minutes, _] => fill(
            "{} h {} min left",
            &[&hours.to_string(), &format!("{minutes:02}")],
        ),
        [0, seconds] => fill("{} s left", &[&seconds.to_string()]),
        [minutes, seconds] => fill(
            "{} min {} s left",
            &[&minutes.to_string(), &format!("{seconds:02}")],
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_of_tqdm_is_read() {
        let bar = "steps:  51%|█████     | 2712/5350 [1:05:04<1:03:12,  1.44s/it, avr_loss=0.0912]";
        let progress = Progress::read(bar).unwrap();
        assert_eq!(progress.label, "steps");
        assert!((progress.percent - 51.0).abs() < f32::EPSILON);
        assert_eq!(progress.count.as_deref(), Some("2,712 / 5,350"));
        assert_eq!(progress.rate.as_deref(), Some("1.44 s/it · avr_loss 0.0912"));
        assert_eq!(progress.remaining.as_deref(), Some("1 h 03 min left"));
    }

    #[test]
    fn a_first_bar_knows_little() {
        let progress = Progress::read("  0%|          | 0/30 [00:00<?, ?it/s]").unwrap();
        assert_eq!(progress.label, "");
        assert_eq!((progress.rate, progress.remaining), (None, None));
        assert_eq!(
            Progress::read("  3%|▎| 1/30 [00:01<00:29,  1.0it/s]")
                .unwrap()
                .remaining
                .unwrap(),
            "29 s left"
        );
    }

    #[test]
    fn downloads_are_read() {
        let progress =
            Progress::read("model.safetensors:  24%|██▍  | 1.20G/4.90G [00:10<00:31, 118MB/s]").unwrap();
        assert_eq!(progress.label, "model.safetensors");
        assert_eq!(progress.count.as_deref(), Some("1.20G / 4.90G"));
        let pip = Progress::read("   ━━━━━━━━━╺━━━━━ 1.2/2.4 MB 5.6 MB/s eta 0:00:01").unwrap();
        assert!((pip.percent - 50.0).abs() < 0.01);
        assert!((Progress::read("Downloading 45.5 %").unwrap().percent - 45.5).abs() < f32::EPSILON);
    }

    #[test]
    fn decimals_are_read_to_three_digits() {
        assert_eq!(decimal("45.5"), Some(45.5));
        assert_eq!(decimal("7."), Some(7.0));
        assert_eq!(decimal("0.12599"), Some(0.125));
        for text in ["", ".", "1.2.3", "x", "99999999999"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn other_text_is_no_progress() {
        for text in ["", "loading", "epoch 3/10", "12:30/", "%", "use 300%", "a/b", "/"] {
            assert_eq!(Progress::read(text), None, "{text}");
        }
    }
}
