//! What the socket brings: it waits in a queue and is taken over once per frame.

use leptos::prelude::*;

use super::Log;
use super::place::rows_f64;
use crate::language::t;
use crate::live::{Live, LogPiece};

/// More waiting bytes are not left for the next frame: a hidden tab has none.
const QUEUE_BYTES_MAX: usize = 1 << 20;

impl Log {
    /// Connects the view with the socket while its component lives.
    pub(super) fn feed(self, next_offset: u64) {
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
                    let gap = t("output in between is no longer kept");
                    text.lines.append(&format!("\n\u{1b}[2m--- {gap} ---\u{1b}[0m\n"));
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
}
