//! Keys for the row that has the focus, and the list of all keys.

use std::time::Duration;

use leptos::prelude::*;
use types::instances::InstanceId;

use super::Desk;
use crate::address::{Address, History};
use crate::browser;
use crate::instances::Rows;
use crate::instances::commands::{Commands, Verb};
use crate::language::{marked, t};
use crate::tools::Tool;
use crate::ui::Dialog;
use crate::view;

/// What each key does.
const KEYS: [(&str, &str); 12] = [
    ("Ctrl K", marked("Find an instance or an action")),
    ("/", marked("Search the log")),
    ("S", marked("Start or stop the instance whose row has the focus")),
    ("L", marked("Its log")),
    ("V", marked("Its app, inside of the panel")),
    ("T", marked("A terminal in its directory")),
    ("Alt ↑ ↓", marked("Move its row")),
    (marked("Enter"), marked("In a field of a row: save")),
    (
        marked("Esc"),
        marked("Close what is open, or undo what was typed in a field"),
    ),
    (
        "← → ↑ ↓",
        marked("On a gutter between panes: move it; with Shift in larger steps"),
    ),
    (marked("Right click"), marked("The menu of a row")),
    ("?", marked("This list")),
];

/// The instance whose row has the focus.
fn focused() -> Option<InstanceId> {
    let row = document().active_element()?.closest("tr[data-id]").ok()??;
    row.get_attribute("data-id")?.parse().ok().map(InstanceId)
}

/// Starts or stops the instance whose row has the focus.
pub(super) fn start_or_stop(rows: Rows, commands: Commands) {
    let Some(row) = focused().and_then(|id| untrack(|| rows.find(id))) else {
        return;
    };
    let status = row.instance.with_untracked(|instance| instance.status);
    let verb = Verb::main_of(status);
    if verb.applies(status) {
        commands.run(verb, row.id);
    }
}

/// Opens the search of the log. The log itself may have been asked for by the key before: this looks for it so many times.
pub(super) fn search(tries: u32) {
    let is_there = document()
        .query_selector("[data-search]")
        .is_ok_and(|button| button.is_some());
    if is_there {
        browser::press("[data-search][aria-expanded='false']");
    } else if tries > 0 {
        set_timeout(move || search(tries - 1), Duration::from_millis(100));
    }
}

/// Shows a tool for the instance whose row has the focus, or else for the present one.
pub(super) fn show_tool(tool: Tool) {
    let address = Address::get();
    let present = || untrack(|| address.number("log")).map(InstanceId);
    if let Some(id) = focused().or_else(present) {
        address.visit(&tool.href(id), History::Push);
    }
}

/// The list of keys.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <Dialog id="keys-title" title=Signal::stored(t("Keyboard shortcuts").to_owned()) on_close=move |()| desk.done()>
            <div class="dialog__body">
                <dl class="keys">
                    {KEYS
                        .into_iter()
                        .map(|(key, what)| {
                            view! {
                                <dt>
                                    <kbd class="kbd">{t(key)}</kbd>
                                </dt>
                                <dd>{t(what)}</dd>
                            }
                        })
                        .collect_view()}
                </dl>
            </div>
        </Dialog>
    }
}
