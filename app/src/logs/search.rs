//! Search in a log: every hit, and which one is looked at.

use std::collections::VecDeque;
use std::ops::Range;

use super::lines::Lines;
use crate::language::{fill, t};

/// Hits kept; more are counted as "at least".
const HITS_KEPT: usize = 100_000;

/// One hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// Number of its line.
    pub(crate) line: i64,
    start: u32,
    end: u32,
}

/// A search that goes on as the log grows.
#[derive(Debug, Default)]
pub(crate) struct Search {
    needle: Vec<char>,
    hits: VecDeque<Hit>,
    current: Option<Hit>,
    /// Number of the first line not looked at yet.
    next: i64,
    /// Replacements of finished lines that were looked at.
    replaced: u64,
}

impl Search {
    /// Looks for something else; looks at the last hit at or before line `near` first.
    pub(crate) fn set(&mut self, query: &str, lines: &Lines, near: i64) {
        *self = Self {
            needle: query.chars().flat_map(char::to_lowercase).collect(),
            next: lines.first(),
            ..Self::default()
        };
        self.extend(lines);
        let after = self.hits.partition_point(|hit| hit.line <= near);
        self.current = self.hits.get(after.saturating_sub(1)).copied();
    }

    /// Looks at everything again, for lines that were put before the first one.
    pub(crate) fn restart(&mut self, lines: &Lines) {
        self.hits.clear();
        self.next = lines.first();
        self.extend(lines);
    }

    /// Looks at the lines that came since, and forgets those that went.
    pub(crate) fn extend(&mut self, lines: &Lines) {
        if self.needle.is_empty() {
            return;
        }
        while self.hits.front().is_some_and(|hit| hit.line < lines.first()) {
            self.hits.pop_front();
        }
        if self.replaced != lines.replaced() {
            self.replaced = lines.replaced();
            self.next -= 1;
            while self.hits.back().is_some_and(|hit| hit.line >= self.next) {
                self.hits.pop_back();
            }
        }
        for line in self.next.max(lines.first())..lines.finished() {
            if self.hits.len() >= HITS_KEPT {
                break;
            }
            if let Some(shown) = lines.get(line) {
                let plain = shown.plain();
                let found = find_all(&plain, &self.needle);
                self.hits
                    .extend(found.map(|(start, end)| Hit { line, start, end }));
            }
        }
        self.next = lines.finished();
        // It may have gone, or stand in a line whose text is another one now.
        if self.place().is_none() {
            self.current = self.hits.back().copied();
        }
    }

    /// Whether anything is looked for.
    pub(crate) fn is_active(&self) -> bool {
        !self.needle.is_empty()
    }

    /// Goes to the next hit, or to the one before; from the end to the beginning. Says which one.
    pub(crate) fn step(&mut self, forward: bool) -> Option<Hit> {
        if self.hits.is_empty() {
            return None;
        }
        let count = self.hits.len();
        let index = self
            .place()
            .map_or(0, |place| if forward { place + 1 } else { place + count - 1 });
        self.current = self.hits.get(index % count).copied();
        self.current
    }

    /// The hit that is looked at.
    pub(crate) fn current(&self) -> Option<Hit> {
        self.current
    }

    fn place(&self) -> Option<usize> {
        self.current.and_then(|hit| self.hits.binary_search(&hit).ok())
    }

    /// `5 of 17`; empty without a search.
    pub(crate) fn words(&self) -> String {
        if !self.is_active() {
            return String::new();
        }
        let more = if self.hits.len() >= HITS_KEPT { "+" } else { "" };
        match self.place() {
            Some(place) => fill(
                "{} of {}{}",
                &[&(place + 1).to_string(), &self.hits.len().to_string(), more],
            ),
            None => t("0 of 0").to_owned(),
        }
    }

    /// The marks of a line, and which of them is looked at. Byte ranges of the text without escapes.
    pub(crate) fn marks(&self, line: i64) -> (Vec<Range<usize>>, Option<usize>) {
        let from = self.hits.partition_point(|hit| hit.line < line);
        let of_line: Vec<Hit> = self
            .hits
            .range(from..)
            .take_while(|hit| hit.line == line)
            .copied()
            .collect();
        let current = of_line.iter().position(|hit| Some(*hit) == self.current);
        (
            of_line
                .iter()
                .map(|hit| hit.start as usize..hit.end as usize)
                .collect(),
            current,
        )
    }
}

/// Where `needle` (lower case) stands in `text`, whatever the case.
fn find_all(text: &str, needle: &[char]) -> impl Iterator<Item = (u32, u32)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let (start, end) = find(text, needle, from)?;
        from = end.max(start + 1);
        Some((u32::try_from(start).ok()?, u32::try_from(end).ok()?))
    })
}

fn find(text: &str, needle: &[char], from: usize) -> Option<(usize, usize)> {
    let first = *needle.first()?;
    text.get(from..)?.char_indices().find_map(|(at, c)| {
        if !c.eq_ignore_ascii_case(&first) && c.is_ascii() {
            return None;
        }
        let start = from + at;
        ends_at(&text[start..], needle).map(|length| (start, start + length))
    })
}

/// The length of `needle` at the beginning of `text`.
fn ends_at(text: &str, needle: &[char]) -> Option<usize> {
    let mut needle = needle.iter();
    for (at, c) in text.char_indices() {
        if needle.len() == 0 {
            return Some(at);
        }
        if !c.to_lowercase().all(|lower| needle.next() == Some(&lower)) {
            return None;
        }
    }
    (needle.len() == 0).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(text: &str, query: &str) -> (Lines, Search) {
        let mut lines = Lines::default();
        lines.append(text);
        let mut search = Search::default();
        search.set(query, &lines, i64::MAX);
        (lines, search)
    }

    #[test]
    fn hits_are_found_whatever_the_case_and_across_colours() {
        let (_, search) = searched("Epoch 1\nno\nepoch \u{1b}[31mEPO\u{1b}[0mCH\n", "epoch");
        assert_eq!(search.words(), "3 of 3");
        assert_eq!(search.marks(2), (vec![0..5, 6..11], Some(1)));
        let (_, search) = searched("ÄRGER ärger\n", "är");
        assert_eq!(search.marks(0).0, vec![0..3, 7..10]);
    }

    #[test]
    fn steps_go_round() {
        let (_, mut search) = searched("a\na\na\n", "a");
        assert_eq!(search.words(), "3 of 3");
        assert_eq!(search.step(true).unwrap().line, 0);
        assert_eq!(search.step(false).unwrap().line, 2);
        assert_eq!(search.step(false).unwrap().line, 1);
        assert_eq!(search.words(), "2 of 3");
    }

    #[test]
    fn new_lines_are_searched_and_the_place_is_kept() {
        let (mut lines, mut search) = searched("a\nb\n", "a");
        lines.append("a\n");
        search.extend(&lines);
        assert_eq!(search.words(), "1 of 2");
    }

    #[test]
    fn a_line_that_is_replaced_is_searched_anew() {
        let (mut lines, mut search) = searched("start\n\rsteps: 10%\n", "10%");
        assert_eq!(search.words(), "1 of 1");
        lines.append("\rsteps: 20%\nno more\n");
        search.extend(&lines);
        assert_eq!(search.words(), "0 of 0");
        lines.append("\rsteps: 30%\n10%\n");
        search.extend(&lines);
        assert_eq!(search.words(), "1 of 1");
    }

    #[test]
    fn after_a_new_run_the_place_is_among_its_own_hits() {
        let (_, mut search) = searched("a\nb\na\n", "a");
        let mut next = Lines::default();
        next.append("b\na\n");
        search.restart(&next);
        assert_eq!(search.words(), "1 of 1");
    }

    #[test]
    fn nothing_found_is_said() {
        let (_, mut search) = searched("a\n", "zz");
        assert_eq!(search.words(), "0 of 0");
        assert_eq!(search.step(true), None);
        assert_eq!(searched("a\n", "").1.words(), "");
    }
}
