//! The text of a log view, and the rows made of it.

use crate::live::LogPiece;
use crate::logs::layout::{Layout, Placed};
use crate::logs::lines::Lines;
use crate::logs::search::Search;

/// The text itself, its layout and what is searched for in it.
#[derive(Default)]
pub(super) struct Text {
    pub(super) lines: Lines,
    pub(super) layout: Layout,
    pub(super) search: Search,
    /// Grows when everything is replaced, so that no old row is taken for a new one.
    pub(super) epoch: u32,
    pub(super) searches: u32,
    pub(super) queue: Vec<LogPiece>,
    pub(super) frame_is_asked_for: bool,
}

/// One row of the page; a different key is a different row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(super) epoch: u32,
    pub(super) line: i64,
    revision: u64,
    rows: u64,
    /// Which search marked it, and which of its marks is looked at.
    marks: Option<(u32, Option<usize>)>,
}

/// The rows in the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// Rows before the first one in the page.
    pub(crate) before: u64,
    /// In order.
    pub(crate) rows: Vec<Row>,
}

impl Text {
    /// Forgets everything; another run begins.
    pub(super) fn clear(&mut self) {
        self.epoch += 1;
        self.lines = Lines::default();
        self.layout.rebuild(self.layout.mode(), &self.lines);
        self.search.restart(&self.lines);
    }

    /// A row as it is in the page.
    pub(super) fn row(&self, placed: Placed) -> Row {
        let (marks, current) = self.search.marks(placed.line);
        Row {
            epoch: self.epoch,
            line: placed.line,
            revision: self.lines.revision(placed.line),
            rows: placed.rows,
            marks: (!marks.is_empty()).then_some((self.searches, current)),
        }
    }
}

impl Row {
    /// Rows it takes.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }
}
