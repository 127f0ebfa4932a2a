//! Which line stands where: rows of equal height, several for a wrapped line, none for a filtered one.

use std::collections::VecDeque;
use std::ops::Range;

use super::level::Level;
use super::lines::Lines;

/// How lines are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode {
    /// Only warnings and errors.
    pub(crate) marked_only: bool,
    /// Characters in a row; none = lines are not wrapped.
    pub(crate) columns: Option<u32>,
}

/// Places of the finished lines. Without a filter and without wrapping nothing is stored.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    mode: Mode,
    /// Numbers of the lines shown, with a filter.
    only: VecDeque<i64>,
    /// Row after each line shown, when wrapped; counted from `base`.
    ends: VecDeque<u64>,
    base: u64,
    first: i64,
    next: i64,
    /// Rows of the open line.
    open: u64,
    /// Replacements of finished lines that are laid out.
    replaced: u64,
}

/// A line and its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Which.
    pub(crate) line: i64,
    /// First row.
    pub(crate) row: u64,
    /// Number of rows.
    pub(crate) rows: u64,
}

impl Layout {
    /// Lays out everything anew.
    pub(crate) fn rebuild(&mut self, mode: Mode, lines: &Lines) {
        *self = Self {
            mode,
            first: lines.first(),
            next: lines.first(),
            ..Self::default()
        };
        self.sync(lines);
    }

    /// How it was laid out.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Takes over what was added and dropped; says how many rows went at the front.
    pub(crate) fn sync(&mut self, lines: &Lines) -> u64 {
        let gone = self.drop_until(lines.first());
        if self.replaced != lines.replaced() {
            self.replaced = lines.replaced();
            self.forget_last();
        }
        for number in self.next..lines.finished() {
            let Some(shown) = lines.get(number) else { continue };
            if self.mode == Mode::default() {
                continue;
            }
            let plain = shown.plain();
            if self.mode.marked_only {
                if Level::of(&plain) == Level::Plain {
                    continue;
                }
                self.only.push_back(number);
            }
            if let Some(columns) = self.mode.columns {
                let end = self.ends.back().copied().unwrap_or(self.base) + rows(&plain, columns);
                self.ends.push_back(end);
            }
        }
        self.next = lines.finished();
        let is_open = lines.end() > lines.finished() && !self.mode.marked_only;
        self.open = match lines.get(lines.finished()) {
            Some(shown) if is_open => self
                .mode
                .columns
                .map_or(1, |columns| rows(&shown.plain(), columns)),
            _ => 0,
        };
        gone
    }

    /// The last line has another text now.
    fn forget_last(&mut self) {
        if self.next <= self.first {
            return;
        }
        self.next -= 1;
        if self.mode.marked_only {
            if self.only.back() != Some(&self.next) {
                return;
            }
            self.only.pop_back();
        }
        self.ends.pop_back();
    }

    fn drop_until(&mut self, first: i64) -> u64 {
        let before = self.len();
        if self.mode.marked_only {
            while self.only.front().is_some_and(|line| *line < first) {
                self.only.pop_front();
            }
        }
        self.first = first;
        self.next = self.next.max(first);
        let dropped = before.saturating_sub(self.len());
        if self.mode.columns.is_none() {
            return dropped as u64;
        }
        let base = self.base;
        for _ in 0..dropped {
            self.base = self.ends.pop_front().unwrap_or(self.base);
        }
        self.base - base
    }

    /// Number of finished lines shown.
    fn len(&self) -> usize {
        if self.mode.marked_only {
            self.only.len()
        } else {
            usize::try_from(self.next - self.first).unwrap_or(0)
        }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.start(self.len()) + self.open
    }

    /// The first row of the line at `index`.
    fn start(&self, index: usize) -> u64 {
        match self.mode.columns {
            None => index as u64,
            Some(_) if index == 0 => 0,
            Some(_) => self.ends.get(index - 1).map_or(0, |end| end - self.base),
        }
    }

    fn line(&self, index: usize) -> i64 {
        if index >= self.len() {
            return self.next; // the open one
        }
        if self.mode.marked_only {
            self.only.get(index).copied().unwrap_or(self.next)
        } else {
            self.first + i64::try_from(index).unwrap_or(0)
        }
    }

    /// The index of the line at a row.
    fn index(&self, row: u64) -> usize {
        let index = match self.mode.columns {
            None => usize::try_from(row).unwrap_or(usize::MAX),
            Some(_) => self.ends.partition_point(|end| end - self.base <= row),
        };
        index.min(self.len())
    }

    /// The lines that touch these rows.
    pub(crate) fn window(&self, rows: Range<u64>) -> Vec<Placed> {
        let from = self.index(rows.start);
        let to = self.len() + usize::from(self.open > 0);
        let all = (from..to).map(|index| {
            let row = self.start(index);
            let end = if index < self.len() {
                self.start(index + 1)
            } else {
                row + self.open
            };
            Placed {
                line: self.line(index),
                row,
                rows: end - row,
            }
        });
        all.take_while(|placed| placed.row < rows.end).collect()
    }

    /// The row of a line, or of the next one shown.
    pub(crate) fn row_of(&self, line: i64) -> u64 {
        let index = if self.mode.marked_only {
            self.only.partition_point(|shown| *shown < line)
        } else {
            usize::try_from(line - self.first).unwrap_or(0)
        };
        self.start(index.min(self.len()))
    }
}

/// Characters that take two columns: East Asian scripts and pictures.
const WIDE: [std::ops::RangeInclusive<char>; 8] = [
    '\u{1100}'..='\u{115f}',
    '\u{2e80}'..='\u{a4cf}',
    '\u{ac00}'..='\u{d7a3}',
    '\u{f900}'..='\u{faff}',
    '\u{fe30}'..='\u{fe6f}',
    '\u{ff00}'..='\u{ff60}',
    '\u{1f300}'..='\u{1faff}',
    '\u{20000}'..='\u{3fffd}',
];

/// Rows of a text that breaks anywhere.
fn rows(plain: &str, columns: u32) -> u64 {
    let columns = u64::from(columns.max(1));
    if plain.is_ascii() && !plain.contains('\t') {
        return (plain.len() as u64).div_ceil(columns).max(1);
    }
    let mut row = 1;
    let mut column = 0;
    for c in plain.chars() {
        let width = match c {
            '\t' => 8 - column % 8,
            '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
            c if WIDE.iter().any(|range| range.contains(&c)) => 2,
            _ => 1,
        };
        if column + width > columns {
            row += 1;
            column = 0;
        }
        column += width;
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Lines {
        let mut lines = Lines::default();
        lines.append(text);
        lines
    }

    fn layout(mode: Mode, lines: &Lines) -> Layout {
        let mut layout = Layout::default();
        layout.rebuild(mode, lines);
        layout
    }

    fn numbers(layout: &Layout, rows: Range<u64>) -> Vec<i64> {
        layout.window(rows).iter().map(|placed| placed.line).collect()
    }

    #[test]
    fn a_line_is_a_row() {
        let lines = lines("a\nb\nc\nopen");
        let layout = layout(Mode::default(), &lines);
        assert_eq!(layout.rows(), 4);
        assert_eq!(numbers(&layout, 1..3), [1, 2]);
        assert_eq!(numbers(&layout, 2..99), [2, 3]);
        assert_eq!(layout.row_of(2), 2);
    }

    #[test]
    fn wrapped_lines_take_several_rows() {
        let lines = lines("1234567890\nab\n");
        let layout = layout(
            Mode {
                columns: Some(4),
                ..Mode::default()
            },
            &lines,
        );
        assert_eq!(layout.rows(), 4);
        assert_eq!(
            layout.window(1..2),
            [Placed {
                line: 0,
                row: 0,
                rows: 3
            }]
        );
        assert_eq!(numbers(&layout, 3..4), [1]);
        assert_eq!(layout.row_of(1), 3);
        assert_eq!(rows("模型模", 4), 2);
        assert_eq!(rows("", 4), 1);
    }

    #[test]
    fn a_line_that_is_replaced_is_laid_out_anew() {
        let columns = Mode {
            columns: Some(10),
            ..Mode::default()
        };
        let mut lines = lines("start\n\rsteps: 10%\n");
        let mut layout = layout(columns, &lines);
        assert_eq!(layout.rows(), 2);
        lines.append("\rsteps: 90% of a longer text\nend\n");
        layout.sync(&lines);
        assert_eq!(layout.rows(), 5);
        assert_eq!(layout.row_of(2), 4);
    }

    #[test]
    fn only_warnings_and_errors_are_shown() {
        let mut lines = lines("a\nERROR b\nc\nWARNING d\nopen");
        let mut layout = layout(
            Mode {
                marked_only: true,
                ..Mode::default()
            },
            &lines,
        );
        assert_eq!(numbers(&layout, 0..9), [1, 3]);
        lines.append(" end\nerror: x\n");
        layout.sync(&lines);
        assert_eq!(numbers(&layout, 0..9), [1, 3, 5]);
    }

    #[test]
    fn rows_that_went_at_the_front_are_counted() {
        let mut lines = lines("12345\nb\n");
        let mut layout = layout(
            Mode {
                columns: Some(4),
                ..Mode::default()
            },
            &lines,
        );
        lines.append(&"x\n".repeat(super::super::lines::LINES_KEPT - 1));
        assert_eq!(layout.sync(&lines), 2);
        assert_eq!(layout.row_of(lines.first()), 0);
        assert_eq!(layout.rows(), super::super::lines::LINES_KEPT as u64);
    }
}
