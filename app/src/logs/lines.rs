//! The text of a log as lines: cheap to append to, bounded, read lazily.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::ansi::{self, Style};
use super::progress::Progress;

/// Lines kept; older ones are dropped and are in the download only.
pub(crate) const LINES_KEPT: usize = 200_000;

/// Bytes kept, for logs with long lines.
const BYTES_KEPT: usize = 48 << 20;

/// A longer line is broken: an app may print megabytes without an end of line.
const LINE_BYTES_MAX: usize = 32 << 10;

/// A finished line.
#[derive(Clone, Debug)]
struct Line {
    text: Box<str>,
    /// The style it begins in.
    style: Style,
    /// The label of the progress bar it is, where it is one.
    bar: Option<Box<str>>,
    /// 0, or which replacement of a line it is.
    revision: u64,
}

/// A line to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    /// With escapes.
    pub(crate) text: &'a str,
    /// The style it begins in.
    pub(crate) style: Style,
}

impl Shown<'_> {
    /// Without escapes.
    pub(crate) fn plain(&self) -> Cow<'_, str> {
        ansi::plain(self.text)
    }
}

/// Lines by number. Numbers stay the same when lines are added at either end or dropped.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    kept: VecDeque<Line>,
    first: i64,
    bytes: usize,
    dropped: u64,
    /// How often a finished line was replaced by a newer state of the same bar.
    replaced: u64,
    /// The style after the last finished line.
    style: Style,
    open: Open,
}

/// The line that is being written.
#[derive(Debug, Default)]
struct Open {
    text: String,
    /// What stood there before the last return to its beginning.
    before: String,
    /// Whether it returned to its beginning: what progress bars do.
    returned: bool,
    revision: u64,
}

impl Open {
    /// What a terminal would show; bars erase themselves with blanks.
    fn state(&self) -> &str {
        if is_blank(&self.text) {
            &self.before
        } else {
            &self.text
        }
    }

    fn progress(&self) -> Option<Progress> {
        if self.returned {
            Progress::read(&ansi::plain(self.state()))
        } else {
            None
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ') || ansi::plain(text).trim().is_empty()
}

impl Lines {
    /// Takes the next characters; pieces may end anywhere.
    pub(crate) fn append(&mut self, text: &str) {
        for piece in text.split_inclusive(['\n', '\r']) {
            let (body, end) = match piece.as_bytes().last() {
                Some(end @ (b'\n' | b'\r')) => (&piece[..piece.len() - 1], Some(*end)),
                _ => (piece, None),
            };
            self.write(body);
            match end {
                Some(b'\n') => self.finish(),
                Some(_) => self.open.go_back(),
                None => {}
            }
        }
        self.open.revision += 1;
        self.drop_oldest();
    }

    fn write(&mut self, mut body: &str) {
        while self.open.text.len() + body.len() > LINE_BYTES_MAX {
            let room = LINE_BYTES_MAX.saturating_sub(self.open.text.len());
            let cut = (0..=room)
                .rev()
                .find(|at| body.is_char_boundary(*at))
                .unwrap_or(0);
            self.open.text.push_str(&body[..cut]);
            body = &body[cut..];
            self.finish();
        }
        self.open.text.push_str(body);
    }

    fn finish(&mut self) {
        let bar = self
            .open
            .progress()
            .map(|progress| progress.label.into_boxed_str());
        let text: Box<str> = self.open.state().into();
        // A bar that is drawn again on the next line (its app prints in between) stays one line.
        let replaces = bar.is_some() && self.kept.back().is_some_and(|last| last.bar == bar);
        if replaces {
            self.pop_back();
            self.replaced += 1;
        }
        let style = self.style;
        self.style = ansi::style_after(&text, style);
        self.bytes += text.len();
        let revision = if replaces { self.replaced } else { 0 };
        self.kept.push_back(Line {
            text,
            style,
            bar,
            revision,
        });
        self.open.text.clear();
        self.open.before.clear();
        self.open.returned = false;
    }

    fn pop_back(&mut self) {
        if let Some(line) = self.kept.pop_back() {
            self.bytes -= line.text.len();
            self.style = line.style;
        }
    }

    fn drop_oldest(&mut self) {
        while self.kept.len() > LINES_KEPT || self.bytes > BYTES_KEPT {
            let Some(line) = self.kept.pop_front() else { break };
            self.bytes -= line.text.len();
            self.first += 1;
            self.dropped += 1;
        }
    }

    /// Puts whole lines before the first one; says how many.
    pub(crate) fn prepend(&mut self, text: &str) -> usize {
        let mut earlier = Self::default();
        earlier.append(text);
        if !earlier.open.state().is_empty() {
            earlier.finish();
        }
        let room = LINES_KEPT.saturating_sub(self.kept.len());
        let mut added = 0;
        for line in earlier.kept.into_iter().rev().take(room) {
            self.bytes += line.text.len();
            self.kept.push_front(line);
            self.first -= 1;
            added += 1;
        }
        added
    }

    /// Whether earlier lines can still be put before the first one.
    pub(crate) fn has_room(&self) -> bool {
        self.dropped == 0 && self.kept.len() < LINES_KEPT && self.bytes < BYTES_KEPT
    }

    /// Number of the first line kept.
    pub(crate) fn first(&self) -> i64 {
        self.first
    }

    /// Number after the last finished line.
    pub(crate) fn finished(&self) -> i64 {
        self.first + i64::try_from(self.kept.len()).unwrap_or(i64::MAX)
    }

    /// Number after the last line to show: the open one is shown unless it is a progress bar.
    pub(crate) fn end(&self) -> i64 {
        let open = !self.open.state().is_empty() && self.open.progress().is_none();
        self.finished() + i64::from(open)
    }

    /// How many lines were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A line to show.
    pub(crate) fn get(&self, number: i64) -> Option<Shown<'_>> {
        if number == self.finished() {
            return Some(Shown {
                text: self.open.state(),
                style: self.style,
            });
        }
        let line = self.kept.get(usize::try_from(number - self.first).ok()?)?;
        Some(Shown {
            text: &line.text,
            style: line.style,
        })
    }

    /// Changes whenever the text of a line does. The open line has odd ones, so that finishing it is a change, too.
    pub(crate) fn revision(&self, number: i64) -> u64 {
        let place = usize::try_from(number - self.first).ok();
        match place.and_then(|place| self.kept.get(place)) {
            Some(line) => 2 * line.revision,
            None => 2 * self.open.revision + 1,
        }
    }

    /// How often a finished line was replaced; it is the last one whenever that happens.
    pub(crate) fn replaced(&self) -> u64 {
        self.replaced
    }

    /// The bar at the foot.
    pub(crate) fn progress(&self) -> Option<Progress> {
        self.open.progress()
    }
}

impl Open {
    fn go_back(&mut self) {
        self.returned = true;
        if is_blank(&self.text) {
            self.text.clear();
        } else {
            self.before = std::mem::take(&mut self.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&str]) -> Lines {
        let mut lines = Lines::default();
        for piece in pieces {
            lines.append(piece);
        }
        lines
    }

    fn texts(lines: &Lines) -> Vec<&str> {
        (lines.first()..lines.end())
            .map(|number| lines.get(number).unwrap().text)
            .collect()
    }

    #[test]
    fn pieces_may_end_anywhere() {
        assert_eq!(
            texts(&lines(&["on", "e\ntw", "o\r", "\nthr"])),
            ["one", "two", "thr"]
        );
        assert_eq!(texts(&lines(&["a\n\nb\n"])), ["a", "", "b"]);
    }

    #[test]
    fn a_progress_bar_is_at_the_foot_and_not_in_the_text() {
        let mut log = lines(&[
            "start\n",
            "\r  0%|     | 0/30",
            "\r 70%|███  | 21/30 [00:15<00:06, 1.38it/s]",
        ]);
        assert_eq!(texts(&log), ["start"]);
        assert!((log.progress().unwrap().percent - 70.0).abs() < f32::EPSILON);
        log.append("\r100%|█████| 30/30 [00:21<00:00, 1.38it/s]\ndone\n");
        assert_eq!(
            texts(&log),
            ["start", "100%|█████| 30/30 [00:21<00:00, 1.38it/s]", "done"]
        );
        assert_eq!(log.progress(), None);
    }

    #[test]
    fn text_written_over_a_bar_replaces_it() {
        let log = lines(&[
            "\r 10%|█    | 1/10",
            "\r               \rsaved a.png\n\r 20%|██   | 2/10",
        ]);
        assert_eq!(texts(&log), ["saved a.png"]);
        assert!((log.progress().unwrap().percent - 20.0).abs() < f32::EPSILON);
    }

    #[test]
    fn a_bar_that_is_drawn_again_and_again_is_one_line() {
        let log = lines(&["\rsteps: 10%| | 1/10\n\rsteps: 20%| | 2/10\n\rsteps: 30%| | 3/10\nend\n"]);
        assert_eq!(texts(&log), ["steps: 30%| | 3/10", "end"]);
    }

    #[test]
    fn a_revision_is_new_whenever_the_text_of_a_line_is() {
        let mut log = Lines::default();
        let mut seen = Vec::new();
        for piece in [
            "\rsteps: 10%| | 1/10\n",
            "\rsteps: 20%| | 2/10\nend\n",
            "op",
            "en",
            "\n",
            "next\n",
        ] {
            log.append(piece);
            for number in log.first()..log.end() {
                let (text, revision) = (log.get(number).unwrap().text.to_owned(), log.revision(number));
                seen.push((number, revision, text));
            }
        }
        for (number, revision, text) in &seen {
            let others = seen
                .iter()
                .filter(|other| (&other.0, &other.1) == (number, revision));
            assert!(others.into_iter().all(|other| other.2 == *text), "{seen:?}");
        }
    }

    #[test]
    fn an_unfinished_line_that_is_no_bar_is_shown() {
        let log = lines(&["Password: "]);
        assert_eq!(texts(&log), ["Password: "]);
        assert_eq!(log.progress(), None);
    }

    #[test]
    fn memory_is_bounded_and_numbers_stay() {
        let mut log = Lines::default();
        for number in 0..LINES_KEPT + 10 {
            log.append(&format!("{number}\n"));
        }
        assert_eq!((log.first(), log.dropped()), (10, 10));
        assert_eq!(log.get(10).unwrap().text, "10");
        assert!(!log.has_room());
    }

    #[test]
    fn a_line_without_end_is_broken() {
        let log = lines(&[&"é".repeat(LINE_BYTES_MAX)]);
        assert!(log.finished() >= 1);
        assert!(texts(&log).iter().all(|text| text.len() <= LINE_BYTES_MAX));
    }

    #[test]
    fn earlier_lines_go_before_the_first() {
        let mut log = lines(&["c\n"]);
        assert_eq!(log.prepend("a\nb\n"), 2);
        assert_eq!(texts(&log), ["a", "b", "c"]);
        assert_eq!(log.first(), -2);
    }

    #[test]
    fn colours_go_on_over_lines() {
        let log = lines(&["\u{1b}[31mred\nstill\u{1b}[0m\nplain\n"]);
        assert_eq!(log.get(1).unwrap().style.fg, ansi::Color::Named(1));
        assert_eq!(log.get(2).unwrap().style, Style::default());
    }
}
