//! Scrolling, by a person or by the log itself, and laying out for the present size.

use leptos::prelude::*;

use super::place::{Place, columns, pixels, rows_f64, rows_u64};
use super::{Log, PROBE};
use crate::logs::layout::Mode;

impl Log {
    /// Measures; called once alive and whenever the size changes.
    pub(crate) fn measure(self) {
        let (Some(scroller), Some(probe)) = (self.scroller.get_untracked(), self.probe.get_untracked())
        else {
            return;
        };
        let probe = probe.get_bounding_client_rect();
        let character = probe.width() / rows_f64(PROBE.len() as u64);
        if probe.height() <= 0.0 || character <= 0.0 {
            return; // not displayed
        }
        let edge =
            probe.left() - scroller.get_bounding_client_rect().left() + f64::from(scroller.scroll_left());
        let width = f64::from(scroller.client_width()) - 2.0 * edge;
        let place = Place {
            top: f64::from(scroller.scroll_top()),
            height: f64::from(scroller.client_height()),
            row: probe.height(),
            columns: columns(width / character),
        };
        let before = self.place.get_untracked();
        if before == Some(place) {
            return;
        }
        self.place.set(Some(place));
        if before.is_some() {
            self.lay_out();
        } else {
            // The page is about to change from all lines to those in sight; what it scrolls by that is not a
            // person's doing.
            request_animation_frame(move || {
                if self.is_settled.try_get_value().is_some() {
                    self.lay_out();
                    self.is_settled.set_value(true);
                }
            });
        }
    }

    /// Lays out anew after a change of width, wrapping or filter; the line on top stays there.
    pub(crate) fn lay_out(self) {
        let Some(place) = self.place.get_untracked() else {
            return;
        };
        let mode = Mode {
            marked_only: self.marked_only.get_untracked(),
            columns: self.wrap.get_untracked().then_some(place.columns),
        };
        let top = self.text.try_update_value(|text| {
            let row = rows_u64(place.top / place.row);
            let line = text.layout.window(row..row + 1).first().map(|placed| placed.line);
            if text.layout.mode() != mode {
                text.layout.rebuild(mode, &text.lines);
                text.epoch += 1;
            }
            line.map_or(0, |line| text.layout.row_of(line))
        });
        self.changed();
        if self.follow.get_untracked() {
            self.to_end();
        } else if let Some(row) = top {
            self.scroll_to(rows_f64(row) * place.row);
        }
    }

    /// The view was scrolled, by a person or by itself.
    pub(crate) fn scrolled(self) {
        if !self.is_settled.get_value() {
            return;
        }
        let (Some(scroller), Some(mut place)) = (self.scroller.get_untracked(), self.place.get_untracked())
        else {
            return;
        };
        place.top = f64::from(scroller.scroll_top());
        place.height = f64::from(scroller.client_height());
        let to_end = f64::from(scroller.scroll_height()) - place.top - place.height;
        self.place.set(Some(place));
        let at_end = to_end < place.row;
        if self.follow.get_untracked() != at_end {
            self.follow.set(at_end);
        }
        if !at_end && place.top < place.height {
            self.load_earlier();
        }
    }

    /// Keeps the end in sight, or not.
    pub(crate) fn set_follow(self, on: bool) {
        self.follow.set(on);
        if on {
            self.to_end();
        }
    }

    /// The height is set here, before the page is: the end is in sight in the same frame as the new lines.
    pub(super) fn to_end(self) {
        self.scroll_to(f64::from(i32::MAX));
    }

    fn scroll_to(self, top: f64) {
        let (Some(scroller), Some(space), Some(place)) = (
            self.scroller.get_untracked(),
            self.space.get_untracked(),
            self.place.get_untracked(),
        ) else {
            return;
        };
        let style = web_sys::HtmlElement::style(&space);
        let _ = style.set_property("height", &pixels(self.total_height(place)));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "pixels; the browser takes no others"
        )]
        scroller.set_scroll_top(top as i32);
        let top = f64::from(scroller.scroll_top());
        if (top - place.top).abs() >= 1.0 {
            self.place.set(Some(Place { top, ..place }));
        }
    }

    /// Moves by rows, when rows went or came before those in sight.
    pub(super) fn shift(self, rows: f64) {
        if let Some(place) = self.place.get_untracked() {
            self.scroll_to((place.top + rows * place.row).max(0.0));
        }
    }

    /// Scrolls a line into the middle unless it is in sight.
    pub(super) fn show(self, line: i64) {
        let Some(place) = self.place.get_untracked() else {
            return;
        };
        let top = rows_f64(self.text.with_value(|text| text.layout.row_of(line))) * place.row;
        if top < place.top || top + place.row > place.top + place.height {
            self.follow.set(false);
            self.scroll_to((top - place.height / 2.0).max(0.0));
        }
    }
}
