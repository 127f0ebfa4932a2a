//! Where the view stands, and which rows are in sight from there.

use std::ops::Range;

use crate::ui::words::decimal;

/// Rows kept in the page above and below those in sight.
const OVERSCAN: u64 = 24;

/// The window moves by so many rows at once, so that most scroll events change nothing.
const WINDOW_STEP: u64 = 16;

/// Where the view stands, pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Scrolled down by.
    pub(super) top: f64,
    /// Height of the part in sight.
    pub(super) height: f64,
    /// Height of a row.
    pub(super) row: f64,
    /// Characters in a row.
    pub(super) columns: u32,
}

impl Place {
    /// The rows in sight and some around them.
    pub(super) fn rows(self, total: u64) -> Range<u64> {
        let first = rows_u64(self.top / self.row);
        let visible = rows_u64(self.height / self.row) + 1;
        let last = (first + visible + OVERSCAN)
            .next_multiple_of(WINDOW_STEP)
            .min(total);
        let first = first.min(total.saturating_sub(visible));
        first.saturating_sub(OVERSCAN) / WINDOW_STEP * WINDOW_STEP..last
    }
}

#[expect(clippy::cast_precision_loss, reason = "rows of a page are few")]
pub(super) fn rows_f64(rows: u64) -> f64 {
    rows as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and rows are whole"
)]
pub(super) fn rows_u64(rows: f64) -> u64 {
    rows.max(0.0) as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates"
)]
pub(super) fn columns(columns: f64) -> u32 {
    columns.max(20.0) as u32
}

pub(super) fn pixels(pixels: f64) -> String {
    format!("{}px", decimal(pixels, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_holds_what_is_in_sight() {
        let place = Place {
            top: 20_000.0,
            height: 400.0,
            row: 20.0,
            columns: 80,
        };
        let rows = place.rows(10_000);
        assert!(rows.start <= 1000 && rows.end >= 1020, "{rows:?}");
        assert!(rows.end - rows.start < 100, "{rows:?}");
        // Scrolled beyond the end: the text became shorter.
        let rows = place.rows(50);
        assert!(rows.start <= 30 && rows.end == 50, "{rows:?}");
    }
}
