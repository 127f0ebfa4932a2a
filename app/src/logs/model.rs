//! What one log view knows: its text, where it is scrolled to, what is searched for.
//!
//! # How it works
//! Pieces from the socket wait in a queue and are taken over once per frame, however many there are. Rows all
//! have the same height, so the lines in sight follow from the scroll position alone; only those are in the
//! page. Until the page is alive every line the server sent is in it, so that it reads without scripts.

mod earlier;
mod feeding;
mod place;
mod scrolling;
mod searching;
mod text;

use leptos::html::{Div, Span};
use leptos::prelude::*;
use types::instances::InstanceId;
use types::logs::LogChunk;

use self::place::{Place, pixels, rows_f64};
use self::text::{Row, Text, Window};
use super::html;
use super::level::Level;
use super::progress::Progress;
use crate::ui::Toasts;

/// One log view; cheap to copy.
#[derive(Clone, Copy)]
pub struct Log {
    instance: InstanceId,
    wanted: Option<u32>,
    toasts: Toasts,
    text: StoredValue<Text>,
    /// Grows with every change of the text, its layout or the search.
    version: RwSignal<u64>,
    place: RwSignal<Option<Place>>,
    /// Whether scrolling is a person's doing.
    is_settled: StoredValue<bool>,
    /// Which run is shown; 0 = none yet.
    pub(crate) run: RwSignal<u32>,
    /// Bytes before the first line.
    pub(crate) earlier: RwSignal<u64>,
    /// Whether earlier text is on its way.
    pub(crate) is_loading: RwSignal<bool>,
    /// Whether the end is kept in sight.
    pub(crate) follow: RwSignal<bool>,
    /// Whether long lines are wrapped.
    pub(crate) wrap: RwSignal<bool>,
    /// Whether only warnings and errors are shown.
    pub(crate) marked_only: RwSignal<bool>,
    /// What scrolls.
    pub(crate) scroller: NodeRef<Div>,
    /// As high as all rows.
    pub(crate) space: NodeRef<Div>,
    /// [`PROBE`] in the log's face, for measuring.
    pub(crate) probe: NodeRef<Span>,
}

/// Text of the measured element.
pub(crate) const PROBE: &str = "00000000000000000000000000000000000000000000000000";

impl Log {
    /// A view of what the server sent; follows `wanted` (none = the newest run) once it is alive.
    pub(crate) fn new(instance: InstanceId, wanted: Option<u32>, chunk: Option<LogChunk>) -> Self {
        let log = Self {
            instance,
            wanted,
            toasts: expect_context(),
            text: StoredValue::new(Text::default()),
            version: RwSignal::new(0),
            place: RwSignal::new(None),
            is_settled: StoredValue::new(false),
            run: RwSignal::new(wanted.unwrap_or(0)),
            earlier: RwSignal::new(0),
            is_loading: RwSignal::new(false),
            follow: RwSignal::new(true),
            wrap: RwSignal::new(false),
            marked_only: RwSignal::new(false),
            scroller: NodeRef::new(),
            space: NodeRef::new(),
            probe: NodeRef::new(),
        };
        let mut next_offset = 0;
        if let Some(chunk) = chunk {
            log.run.set(chunk.run);
            log.earlier.set(chunk.offset);
            next_offset = chunk.next_offset;
            log.text.update_value(|text| {
                text.lines.append(&chunk.content);
                text.layout.sync(&text.lines);
            });
        }
        log.feed(next_offset);
        log
    }

    /// Whether scripts have taken over; tracked.
    pub(crate) fn is_alive(self) -> bool {
        self.place.with(Option::is_some)
    }

    fn changed(self) {
        self.version.update(|version| *version += 1);
    }

    /// The rows in the page; tracked.
    pub(crate) fn window(self) -> Window {
        self.version.track();
        let place = self.place.get();
        self.text.with_value(|text| {
            let total = text.layout.rows();
            let range = match place {
                None => 0..total,
                Some(place) => place.rows(total),
            };
            let placed = text.layout.window(range);
            Window {
                before: placed.first().map_or(0, |placed| placed.row),
                rows: placed.into_iter().map(|placed| text.row(placed)).collect(),
            }
        })
    }

    /// Classes and inside of a row.
    pub(crate) fn render(self, row: &Row) -> (String, String) {
        self.text.with_value(|text| {
            let Some(shown) = text.lines.get(row.line) else {
                return Default::default();
            };
            let (marks, current) = text.search.marks(row.line);
            let level = Level::of(&shown.plain()).class();
            (format!("log__line{level}"), html::line(&shown, &marks, current))
        })
    }

    /// Height of a row's element; none while rows have their natural height.
    pub(crate) fn height_of(self, rows: u64) -> Option<String> {
        self.place
            .get_untracked()
            .map(|place| pixels(rows_f64(rows) * place.row))
    }

    /// Height of all rows; tracked.
    pub(crate) fn space_height(self) -> Option<String> {
        self.version.track();
        let place = self.place.get()?;
        Some(pixels(self.total_height(place)))
    }

    fn total_height(self, place: Place) -> f64 {
        rows_f64(self.text.with_value(|text| text.layout.rows())) * place.row
    }

    /// How far the rows in the page are moved down; tracked.
    pub(crate) fn transform(self, before: u64) -> Option<String> {
        let place = self.place.get()?;
        Some(format!("translateY({})", pixels(rows_f64(before) * place.row)))
    }

    /// The bar at the foot; tracked.
    pub(crate) fn progress(self) -> Option<Progress> {
        self.version.track();
        self.text.with_value(|text| text.lines.progress())
    }

    /// Whether nothing was printed; tracked.
    pub(crate) fn is_empty(self) -> bool {
        self.version.track();
        self.text
            .with_value(|text| text.layout.rows() == 0 && text.lines.progress().is_none())
    }

    /// How many lines were dropped; tracked.
    pub(crate) fn dropped(self) -> u64 {
        self.version.track();
        self.text.with_value(|text| text.lines.dropped())
    }
}
