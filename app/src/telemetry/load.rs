//! What the rows of the table and the machine's pane say of the load: CPU and memory of each instance, and the GPUs.
//!
//! # How it works
//! The server writes present values into the page, as plain markup that no program takes over (`markup.rs`). Where
//! something runs, browsers load a script of our own once the page is alive, and it writes the same markup anew with
//! each reading (`load.js`): there is nothing in a cell that could be edited, and the first load knows nothing of charts,
//! nor of what is measured. What it is told are texts of JSON: what was kept lately, with the words to use; each
//! telegram; and which instances run.

#[cfg(feature = "ssr")]
mod lately;
#[cfg(feature = "ssr")]
mod markup;

use std::fmt::Write;

use leptos::prelude::*;

use crate::browser::{call, module};
use crate::fetch::{Key, Subject, look_up};
use crate::instances::Rows;
use crate::instances::filter::Place;
use crate::live::Live;
use crate::ui::hydrated;
#[cfg(feature = "ssr")]
pub(crate) use lately::lately;
#[cfg(feature = "ssr")]
pub(crate) use markup::{first_cell, first_gpus};

/// Where the GPUs stand in the machine's pane.
pub(crate) const GPUS: &str = "gpus";

/// What the script defines.
const ENTRANCE: &str = "aikoreLoad";

/// A dash: what is made by a browser is filled in its next frame, where there is anything to say.
#[cfg(not(feature = "ssr"))]
pub(crate) fn first_cell(_row: crate::instances::Row) -> &'static str {
    "<span class=\"load--none\">–</span>"
}

/// Nothing: the server has said it, and later the script says it.
#[cfg(not(feature = "ssr"))]
pub(crate) fn first_gpus() -> &'static str {
    ""
}

/// Draws while there is anything that changes, until the calling component goes.
pub(crate) fn draw() {
    let rows = expect_context::<Rows>();
    let filter = expect_context::<Place>().filter;
    let alive = hydrated();
    let wanted = crate::ui::memo(move || alive.get() && is_wanted(rows));
    crate::ui::effect(move || {
        if !wanted.get() {
            return;
        }
        begin(rows);
        let live = Live::get();
        live.hear(Callback::new(move |telegram: Vec<u8>| {
            // The tab was hidden, or the connection lost: the server knows more than what came.
            if std::str::from_utf8(&telegram).is_ok_and(tell) {
                begin(rows);
            }
        }));
        live.watch_readings();
    });
    // Rows come and go, and are shown or hidden by filters.
    crate::ui::effect(move || {
        let _ = filter.get();
        tell(&running(rows));
    });
}

/// Whether there is anything that changes: an instance that runs, or a GPU. Asks the page, so only in browsers; tracked.
fn is_wanted(rows: Rows) -> bool {
    let shown = document().get_element_by_id(GPUS);
    running(rows) != "[]" || shown.is_some_and(|gpus| gpus.has_child_nodes())
}

/// The instances that run, as the script is told; tracked.
fn running(rows: Rows) -> String {
    let mut list = String::new();
    for row in rows.get() {
        if row.instance.with(|instance| instance.status.is_active()) {
            let comma = if list.is_empty() { "" } else { "," };
            let _ = write!(list, "{comma}{}", row.id);
        }
    }
    format!("[{list}]")
}

/// Fetches the script, unless it is there, and what was measured lately.
fn begin(rows: Rows) {
    leptos::task::spawn_local(async move {
        if module("load", ENTRANCE).await.is_ok()
            && let Ok(lately) = look_up(Key::of(Subject::Load)).await
        {
            tell(lately.text());
            tell(&untrack(|| running(rows)));
        }
    });
}

/// Tells the script, where it is there. It answers whether it missed so much that it has to begin anew.
fn tell(json: &str) -> bool {
    let answer = call(&window(), ENTRANCE, &[json.into()]);
    answer.and_then(|answer| answer.as_bool()) == Some(true)
}

/// `RTX 4090`: what tells GPUs apart, without their maker.
pub(crate) fn short(name: &str) -> String {
    let name = name.strip_prefix("NVIDIA ").unwrap_or(name);
    name.strip_prefix("GeForce ").unwrap_or(name).to_owned()
}
