//! What one log view knows: its text, where it is scrolled to, what is searched for.
//!
//! # How it works
//! Pieces from the socket wait in a queue and are taken over once per frame, however many there are. Rows all
//! have the same height, so the lines in sight follow from the scroll position alone; only those are in the
//! page. Until the page is alive every line the server sent is in it, so that it reads without scripts.

use leptos::html::{Div, Span};
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::instances::InstanceId;
use types::logs::LogChunk;

use super::layout::{Layout, Mode, Placed};
use super::level::Level;
use super::lines::Lines;
use super::progress::Progress;
use super::search::Search;
use super::{html, read_log};
use crate::live::{Live, LogPiece};

/// Rows kept in the page above and below those in sight.
const OVERSCAN: u64 = 24;

/// The window moves by so many rows at once, so that most scroll events change nothing.
const WINDOW_STEP: u64 = 16;

/// More waiting bytes are not left for the next frame: a hidden tab has none.
const QUEUE_BYTES_MAX: usize = 1 << 20;

/// Earlier text is fetched in pieces of so many bytes: the most the server gives at once.
const EARLIER_BYTES: u64 = 1 << 20;

/// Where the view stands, pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Place {
    /// Scrolled down by.
    top: f64,
    /// Height of the part in sight.
    height: f64,
    /// Height of a row.
    row: f64,
    /// Characters in a row.
    columns: u32,
}

#[derive(Default)]
struct Text {
    lines: Lines,
    layout: Layout,
    search: Search,
    /// Grows when everything is replaced, so that no old row is taken for a new one.
    epoch: u32,
    searches: u32,
    queue: Vec<LogPiece>,
    frame_is_asked_for: bool,
}

/// One row of the page; a different key is a different row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    epoch: u32,
    line: i64,
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

/// One log view; cheap to copy.
#[derive(Clone, Copy)]
pub struct Log {
    instance: InstanceId,
    wanted: Option<u32>,
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

    /// Connects the view with the socket while its component lives.
    fn feed(self, next_offset: u64) {
        let live = Live::get();
        let sink = Callback::new(move |piece| self.queue(piece));
        crate::ui::effect(move || {
            live.follow(
                self.instance,
                self.wanted,
                self.run.get_untracked(),
                next_offset,
                sink,
            );
        });
        // An instance that never ran has no log to follow: the socket is asked again once it has.
        let has_run = crate::ui::memo(move || {
            let row = live.rows().find(self.instance);
            row.is_some_and(|row| row.instance.with(|instance| instance.run > 0))
        });
        Effect::new(move |before: Option<bool>| {
            let has_run = has_run.get();
            if before == Some(false) && has_run && self.run.get_untracked() == 0 {
                live.follow(self.instance, self.wanted, 0, 0, sink);
            }
            has_run
        });
        on_cleanup(move || live.unfollow(sink));
    }

    /// Whether scripts have taken over; tracked.
    pub(crate) fn is_alive(self) -> bool {
        self.place.with(Option::is_some)
    }

    fn queue(self, piece: LogPiece) {
        let asked = self.text.try_update_value(|text| {
            text.queue.push(piece);
            let waiting: usize = text.queue.iter().map(|piece| piece.text.len()).sum();
            (std::mem::replace(&mut text.frame_is_asked_for, true), waiting)
        });
        match asked {
            Some((_, waiting)) if waiting > QUEUE_BYTES_MAX => self.take_queue(),
            Some((false, _)) => request_animation_frame(move || self.take_queue()),
            _ => {}
        }
    }

    /// Takes over what waits, once per frame.
    fn take_queue(self) {
        let gone = self.text.try_update_value(|text| {
            text.frame_is_asked_for = false;
            let mut gone = 0;
            for piece in std::mem::take(&mut text.queue) {
                if piece.fresh {
                    self.run.set(piece.run);
                    self.earlier.set(0);
                    text.clear();
                } else if piece.gap {
                    text.lines
                        .append("\n\u{1b}[2m--- output in between is no longer kept ---\u{1b}[0m\n");
                }
                text.lines.append(&piece.text);
            }
            gone += text.layout.sync(&text.lines);
            text.search.extend(&text.lines);
            gone
        });
        if let Some(gone) = gone {
            self.changed();
            if self.follow.get_untracked() {
                self.to_end();
            } else if gone > 0 {
                self.shift(-rows_f64(gone));
            }
        }
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
    fn to_end(self) {
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
    fn shift(self, rows: f64) {
        if let Some(place) = self.place.get_untracked() {
            self.scroll_to((place.top + rows * place.row).max(0.0));
        }
    }

    /// Fetches the text before the first line.
    pub(crate) fn load_earlier(self) {
        let before = self.earlier.get_untracked();
        let has_room = self.text.with_value(|text| text.lines.has_room());
        if before == 0 || !has_room || self.is_loading.get_untracked() {
            return;
        }
        self.is_loading.set(true);
        let run = self.run.get_untracked();
        spawn_local(async move {
            let offset = before.saturating_sub(EARLIER_BYTES);
            let chunk = read_log(self.instance, run, offset).await;
            if self.run.try_get_untracked() != Some(run) {
                return; // the view is gone, or a new run began
            }
            match chunk {
                Ok(chunk) => self.put_before(&chunk, before),
                Err(error) => leptos::logging::warn!("earlier log: {error}"),
            }
            self.is_loading.set(false);
        });
    }

    fn put_before(self, chunk: &LogChunk, before: u64) {
        let Some((offset, content)) = whole_lines(chunk, before) else {
            self.earlier.set(0); // rotated away meanwhile
            return;
        };
        let added = self.text.try_update_value(|text| {
            let rows = text.layout.rows();
            let lines = text.lines.prepend(content);
            text.layout.rebuild(text.layout.mode(), &text.lines);
            text.search.restart(&text.lines);
            (lines > 0).then(|| text.layout.rows().saturating_sub(rows))
        });
        self.earlier.set(offset);
        if let Some(rows) = added.flatten() {
            self.changed();
            self.shift(rows_f64(rows));
        }
    }

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

    /// Scrolls a line into the middle unless it is in sight.
    fn show(self, line: i64) {
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

impl Place {
    /// The rows in sight and some around them.
    fn rows(self, total: u64) -> std::ops::Range<u64> {
        let first = rows_u64(self.top / self.row);
        let visible = rows_u64(self.height / self.row) + 1;
        let last = (first + visible + OVERSCAN)
            .next_multiple_of(WINDOW_STEP)
            .min(total);
        let first = first.min(total.saturating_sub(visible));
        first.saturating_sub(OVERSCAN) / WINDOW_STEP * WINDOW_STEP..last
    }
}

impl Text {
    fn clear(&mut self) {
        self.epoch += 1;
        self.lines = Lines::default();
        self.layout.rebuild(self.layout.mode(), &self.lines);
        self.search.restart(&self.lines);
    }

    fn row(&self, placed: Placed) -> Row {
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

/// The part of a piece that ends at byte `before` and begins at a line; and the offset of its beginning.
fn whole_lines(chunk: &LogChunk, before: u64) -> Option<(u64, &str)> {
    if chunk.offset >= before {
        return None;
    }
    // Where bytes were not UTF-8 they cannot be counted in the text; the cut is then a little off.
    let wanted = usize::try_from(before - chunk.offset).ok()?;
    let end = (0..=wanted.min(chunk.content.len()))
        .rev()
        .find(|at| chunk.content.is_char_boundary(*at))?;
    let content = &chunk.content[..end];
    if chunk.offset == 0 {
        return Some((0, content));
    }
    let start = content.find('\n')? + 1;
    Some((chunk.offset + start as u64, &content[start..]))
}

#[expect(clippy::cast_precision_loss, reason = "rows of a page are few")]
fn rows_f64(rows: u64) -> f64 {
    rows as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and rows are whole"
)]
fn rows_u64(rows: f64) -> u64 {
    rows.max(0.0) as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates"
)]
fn columns(columns: f64) -> u32 {
    columns.max(20.0) as u32
}

fn pixels(pixels: f64) -> String {
    format!("{pixels:.3}px")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(offset: u64, content: &str) -> LogChunk {
        LogChunk {
            run: 1,
            offset,
            content: content.into(),
            next_offset: offset + content.len() as u64,
            size: 1000,
        }
    }

    #[test]
    fn earlier_text_ends_where_the_shown_text_begins() {
        assert_eq!(whole_lines(&chunk(0, "a\nb\nc\n"), 4), Some((0, "a\nb\n")));
        assert_eq!(whole_lines(&chunk(10, "a\nb\nc\n"), 16), Some((12, "b\nc\n")));
        assert_eq!(whole_lines(&chunk(16, "x"), 16), None);
    }

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
