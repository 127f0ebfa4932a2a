//! Searching: hits are marked in the lines and stepped through.

use super::Log;
use super::place::rows_u64;
use leptos::prelude::*;

impl Log {
    /// Looks for something; the nearest hit above the end of what is in sight comes first.
    pub(crate) fn search(self, query: &str) {
        let place = self.place.get_untracked().unwrap_or_default();
        let hit = self.text.try_update_value(|text| {
            let bottom = rows_u64((place.top + place.height) / place.row.max(1.0));
            let near = text
                .layout
                .window(bottom..bottom + 1)
                .first()
                .map_or(i64::MAX, |placed| placed.line);
            text.searches += 1;
            text.search.set(query, &text.lines, near);
            text.search.current()
        });
        self.changed();
        if let Some(hit) = hit.flatten() {
            self.show(hit.line);
        }
    }

    /// Goes to the next hit or to the one before.
    pub(crate) fn step(self, forward: bool) {
        let hit = self.text.try_update_value(|text| text.search.step(forward));
        if let Some(hit) = hit.flatten() {
            self.changed();
            self.show(hit.line);
        }
    }

    /// `5 of 17`; tracked.
    pub(crate) fn hits(self) -> String {
        self.version.track();
        self.text.with_value(|text| text.search.words())
    }
}
