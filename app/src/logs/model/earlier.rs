//! The text before the first line, fetched when somebody scrolls there.

use leptos::prelude::*;
use leptos::task::spawn_local;
use types::logs::LogChunk;

use super::Log;
use super::place::rows_f64;
use crate::logs::read_log;

/// Earlier text is fetched in pieces of so many bytes: the most the server gives at once.
const EARLIER_BYTES: u64 = 1 << 20;

impl Log {
    /// Fetches the text before the first line.
    pub(crate) fn load_earlier(self) {
        let before = self.earlier.get_untracked();
        if before == 0 || !self.has_room() || self.is_loading.get_untracked() {
            return;
        }
        self.is_loading.set(true);
        let run = self.run.get_untracked();
        spawn_local(async move {
            let offset = before.saturating_sub(EARLIER_BYTES);
            let chunk = read_log(self.instance, run, offset).await;
            self.is_loading.try_set(false);
            if self.run.try_get_untracked() != Some(run) {
                return; // the view is gone, or a new run began
            }
            match chunk {
                Ok(chunk) => self.put_before(&chunk, before),
                Err(error) => self.toasts.fail(&error),
            }
        });
    }

    /// Whether this view can hold more text before its first line.
    pub(crate) fn has_room(self) -> bool {
        self.text.with_value(|text| text.lines.has_room())
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
}
