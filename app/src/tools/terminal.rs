//! Shells in the tools pane: a tab for each, the screen of one of them, and keys for those who have none.

mod desk;
mod screen;

use crate::language::{marked, t};
use crate::view;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::instances::InstanceId;
use types::terminals::Terminal;

use crate::ApiError;
use crate::instances::Row;
use crate::instances::row::part;
use crate::request::FormOrJson;
use crate::ui::StyleSheet;
use crate::ui::{Icon, hydrated};
use desk::Desk;

/// The terminals that an instance's tool shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalList {
    /// The instance's own, oldest first, and then those of the machine.
    pub terminals: Vec<Terminal>,
    /// Whether there may be some of the machine.
    pub host: bool,
}

/// The terminals of an instance that have not ended.
#[server(prefix = "/fn", endpoint = "terminals", protocol = FormOrJson)]
pub(crate) async fn list_terminals(id: InstanceId) -> Result<TerminalList, ApiError> {
    use types::terminals::TerminalPlace;
    let engine = expect_context::<engine::Engine>();
    engine.instances.get(id).await?;
    let mut terminals = engine.terminals.list(Some(TerminalPlace::Instance(id)));
    terminals.extend(engine.terminals.list(Some(TerminalPlace::Host)));
    terminals.retain(|terminal| terminal.ended.is_none());
    Ok(TerminalList {
        terminals,
        host: engine.terminals.has_host(),
    })
}

/// The terminals of an instance. The first one opens by itself.
#[component]
pub fn TerminalTool(
    /// Whose.
    row: Row,
    /// Whether it is looked at.
    shown: Memo<bool>,
) -> impl IntoView {
    let name = part(row, |instance| instance.name.clone());
    let desk = Desk::new(row.id, name);
    desk.live(shown);
    view! {
        <div class="terminal-tool" hidden=move || !shown.get()>
            <StyleSheet name="terminal" />
            <div class="terminal-bar">
                <Tabs desk />
                <NewButtons desk />
                <span class="terminal-state" class:is-lost=move || desk.is_lost() role="status">
                    {move || desk.sentence()}
                </span>
                <Show when=move || desk.searches.get()>
                    <Search desk />
                </Show>
                <Buttons desk />
            </div>
            <div class="terminal-screen">
                <div class="terminal-screen__host" node_ref=desk.host></div>
                <p class="terminal-plain">
                    {t("A terminal needs scripts. Allow them for this page, or use SSH to reach the machine.")}
                </p>
            </div>
            <Keys desk />
        </div>
    }
}

/// One tab for each terminal.
#[component]
fn Tabs(
    /// What is on the desk.
    desk: Desk,
) -> impl IntoView {
    view! {
        <nav class="tabs" aria-label=t("Terminals")>
            {move || {
                desk.terminals
                    .get()
                    .into_iter()
                    .map(|terminal| {
                        let (label, id) = (desk::label(&terminal), terminal.id.clone());
                        let is_current = move || desk.current.with(|current| *current == Some(id.clone()));
                        view! {
                            <button
                                class="tabs__tab"
                                type="button"
                                aria-current=move || is_current().then_some("true")
                                on:click=move |_| desk.show(terminal.id.clone())
                            >
                                {label}
                            </button>
                        }
                    })
                    .collect_view()
            }}
        </nav>
    }
}

/// Opens more of them.
#[component]
fn NewButtons(
    /// What is on the desk.
    desk: Desk,
) -> impl IntoView {
    let alive = hydrated();
    view! {
        <button
            id="new-terminal"
            class="button button--icon button--sm"
            type="button"
            aria-label=t("New terminal")
            title=t("New terminal")
            disabled=move || !alive.get()
            on:click=move |_| desk.open_another()
        >
            <Icon name="plus" class="icon--sm" />
        </button>
        <Show when=move || desk.has_host.get()>
            <button
                class="button button--sm"
                type="button"
                title=t("New terminal on the machine itself")
                on:click=move |_| desk.open_on_host()
            >
                {t("Machine")}
            </button>
        </Show>
    }
}

/// What can be done with the present one.
#[component]
fn Buttons(
    /// What is on the desk.
    desk: Desk,
) -> impl IntoView {
    let none = move || desk.current.with(Option::is_none);
    let button = move |icon: &'static str, label: &'static str, on: Signal<bool>, act: fn(Desk)| {
        view! {
            <button
                class="button button--icon button--sm"
                class:is-on=on
                type="button"
                aria-label=label
                title=label
                disabled=none
                on:click=move |_| act(desk)
            >
                <Icon name=icon class="icon--sm" />
            </button>
        }
    };
    let never = Signal::derive(|| false);
    view! {
        <div class="terminal-bar__end">
            {button("search", t("Search the terminal"), desk.searches.into(), Desk::toggle_search)}
            {button("copy", t("Copy the selection"), never, |desk| desk.act("copy"))}
            {button("download", t("Paste"), never, |desk| desk.act("paste"))}
            {button("user", t("For screen readers"), desk.reads_aloud.into(), Desk::toggle_reader)}
            {button("trash", t("End this terminal and what runs in it"), never, Desk::end)}
        </div>
    }
}

/// Finds text in what was printed.
#[component]
fn Search(
    /// What is on the desk.
    desk: Desk,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let find = move |back: bool| text.with_untracked(|text| desk.find(text, back));
    view! {
        <form
            class="terminal-search"
            role="search"
            on:submit=move |event| {
                event.prevent_default();
                find(false);
            }
        >
            <input
                id="terminal-search"
                class="input"
                type="search"
                aria-label=t("Search the terminal")
                placeholder=t("Search")
                on:input=move |event| {
                    text.set(event_target_value(&event));
                    find(true);
                }
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        event.stop_propagation();
                        desk.toggle_search();
                    }
                }
            />
            <span class="terminal-search__count" role="status">
                {move || desk.found.get()}
            </span>
            <button class="button button--icon button--sm" type="button" aria-label=t("Previous match") on:click=move |_| find(true)>
                <Icon name="up" class="icon--sm" />
            </button>
            <button class="button button--icon button--sm" type="submit" aria-label=t("Next match")>
                <Icon name="down" class="icon--sm" />
            </button>
        </form>
    }
}

/// Keys that touch screens lack.
#[component]
fn Keys(
    /// What is on the desk.
    desk: Desk,
) -> impl IntoView {
    const KEYS: [(&str, &str, &str); 7] = [
        ("Escape", "Esc", marked("Escape")),
        ("Tab", "Tab", marked("Tab")),
        ("Control", "Ctrl", marked("Control, for the next key")),
        ("Left", "←", marked("Left")),
        ("Down", "↓", marked("Down")),
        ("Up", "↑", marked("Up")),
        ("Right", "→", marked("Right")),
    ];
    view! {
        <div class="terminal-keys is-scripted" role="toolbar" aria-label=t("Keys")>
            {KEYS
                .into_iter()
                .map(|(key, text, label)| {
                    let holds = move || key == "Control" && desk.control.get();
                    view! {
                        <button
                            class="button button--sm"
                            class:is-on=holds
                            type="button"
                            aria-label=t(label)
                            aria-pressed=move || (key == "Control").then(|| holds().to_string())
                            on:click=move |_| desk.press(key)
                        >
                            {text}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}
