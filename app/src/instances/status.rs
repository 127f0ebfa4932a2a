//! The status of an instance as shape, word, colour and one line that says why.

use crate::language::{fill, said, t};
use crate::view;
use leptos::prelude::*;
use types::instances::{Health, Instance, Status};

use super::Row;
use crate::ui::Clock;
use crate::ui::words::{ago, duration};

/// What the status cell shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// Symbol.
    pub shape: &'static str,
    /// Part of the class: `ok`, `warn`, `err`, `busy`, `idle`.
    pub tone: &'static str,
    /// The status in words.
    pub word: &'static str,
    /// Why, or since when.
    pub note: String,
}

/// How an instance looks at a moment.
pub fn face(instance: &Instance, now: i64) -> Face {
    let since = duration(now - instance.status_since);
    let up = duration(now - instance.started_at.unwrap_or(instance.status_since));
    let reason_or = |other: String| {
        if instance.status_reason.is_empty() {
            other
        } else {
            said(&instance.status_reason)
        }
    };
    let (shape, tone, word, note) = match instance.status {
        Status::Started if instance.health == Health::Unhealthy => (
            "s-unhealthy",
            "warn",
            t("Started, unhealthy"),
            reason_or(t("It does not answer any more").to_owned()),
        ),
        Status::Started if instance.health == Health::Healthy => {
            ("s-healthy", "ok", t("Started"), fill("Healthy · {}", &[&up]))
        }
        Status::Started => ("s-healthy", "ok", t("Started"), up),
        Status::Starting => (
            "s-starting",
            "busy",
            t("Starting"),
            reason_or(fill("Not ready yet · {}", &[&since])),
        ),
        Status::Stalled => (
            "s-stalled",
            "warn",
            t("Stalled"),
            reason_or(fill("No answer after {} · still trying", &[&up])),
        ),
        Status::Stopping => ("s-stopping", "idle", t("Stopping"), reason_or(since)),
        Status::Queued => (
            "s-queued",
            "idle",
            t("Queued"),
            reason_or(t("Waits for its turn").to_owned()),
        ),
        Status::Installing => ("download", "busy", t("Installing"), reason_or(since)),
        Status::Error => (
            "s-error",
            "err",
            t("Error"),
            gist(instance).map_or_else(|| ago(instance.status_since, now), said),
        ),
        Status::Stopped if instance.run == 0 => {
            ("s-stopped", "idle", t("Stopped"), t("Never started").to_owned())
        }
        Status::Stopped => (
            "s-stopped",
            "idle",
            t("Stopped"),
            reason_or(fill("Stopped {}", &[&ago(instance.status_since, now)])),
        ),
    };
    Face {
        shape,
        tone,
        word,
        note,
    }
}

/// What of a failure's reason says most on one line: not that it ended, and with which code, where more is known.
pub fn gist(instance: &Instance) -> Option<&str> {
    most_telling(&instance.status_reason, instance.exit_code)
}

fn most_telling(reason: &str, exit_code: Option<i32>) -> Option<&str> {
    let known = exit_code.and_then(|code| {
        let rest = reason.strip_prefix(&format!("It ended by itself with exit code {code}. "))?;
        Some(rest.strip_prefix("Last line: ").unwrap_or(rest))
    });
    Some(known.unwrap_or(reason)).filter(|text| !text.is_empty())
}

/// Shape and word on one line.
#[component]
pub fn StatusBadge(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let face = crate::ui::memo(move || row.instance.with(|instance| face(instance, clock.now())));
    view! {
        <span class=move || face.with(|face| format!("status status--inline status--{}{}", face.tone, still(face)))>
            <Shape face />
            <span class="status__word">{move || face.with(|face| face.word)}</span>
        </span>
    }
}

/// The status cell of a row.
#[component]
pub fn StatusCell(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let face = crate::ui::memo(move || row.instance.with(|instance| face(instance, clock.now())));
    let note = crate::ui::memo(move || face.with(|face| face.note.clone()));
    let word = crate::ui::memo(move || face.with(|face| face.word));
    let progress = super::clone::progress(row);
    let whole = move || {
        let reason = row.instance.with(|instance| said(&instance.status_reason));
        if reason.is_empty() { note.get() } else { reason }
    };
    view! {
        <span class=move || face.with(|face| format!("status status--{}{}", face.tone, still(face)))>
            <Shape face />
            <span class="status__word">{word}</span>
            <span class="status__note" title=whole>
                {move || progress.get().unwrap_or_else(|| note.get())}
            </span>
        </span>
    }
}

#[component]
fn Shape(
    /// Which.
    face: Memo<Face>,
) -> impl IntoView {
    let href = crate::ui::memo(move || face.with(|face| format!("#{}", face.shape)));
    view! {
        <svg class="status__shape" aria-hidden="true">
            <use href=href />
        </svg>
    }
}

/// Only "starting" turns.
fn still(face: &Face) -> &'static str {
    if face.tone == "busy" && face.shape != "s-starting" {
        " status--down"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_by_what_says_most() {
        for (code, reason, shown) in [
            (
                1,
                "It ended by itself with exit code 1. Last line: no model",
                "no model",
            ),
            (
                1,
                "It ended by itself with exit code 1. The GPU's memory was used up.",
                "The GPU's memory was used up.",
            ),
            (
                3,
                "It ended by itself with exit code 3.",
                "It ended by itself with exit code 3.",
            ),
            (
                127,
                "It ended by itself with exit code 127, command not found. Last line: x",
                "It ended by itself with exit code 127, command not found. Last line: x",
            ),
        ] {
            assert_eq!(most_telling(reason, Some(code)), Some(shown));
        }
        assert_eq!(most_telling("", Some(1)), None);
    }
}
