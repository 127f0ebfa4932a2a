//! Keys, the command palette, the row's menu by right click, and the size of panes.
//!
//! # How it works
//! The page itself only notices that somebody is there, and loads the rest, a part of the program (`parts.rs`). What
//! happens until it is there waits for it.

mod commands;
pub mod palette;
mod row_menu;
pub mod shortcuts;
pub mod zoom;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use leptos::web_sys::{Element, Event, KeyboardEvent, MouseEvent};
use send_wrapper::SendWrapper;

use crate::language::{marked, t};
use crate::tools::Tool;
use crate::ui::{Icon, StyleSheet};
use crate::view;

use palette::Palette;
use shortcuts::Shortcuts;
use zoom::Zoom;

/// What somebody wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// An instance or an action, by typing.
    Find,
    /// The list of keys.
    Shortcuts,
    /// Another size of a pane.
    Zoom(Pane),
    /// The search of the log.
    Search,
    /// Start or stop the row that has the focus.
    StartOrStop,
    /// A tool for that row.
    Tool(Tool),
    /// The menu of a row, at a place of the window.
    RowMenu(i64, (i32, i32)),
}

/// A pane whose size can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// On top.
    Instances,
    /// Below, left.
    Tools,
    /// Below, right.
    Machine,
}

impl Pane {
    const EVERY: [Self; 3] = [Self::Instances, Self::Tools, Self::Machine];

    /// Of the style sheet's variable for its size.
    fn variable(self) -> String {
        format!("--zoom-{}", self.key())
    }

    /// Of that variable, and of the attribute of its button.
    fn key(self) -> &'static str {
        match self {
            Self::Instances => marked("instances"),
            Self::Tools => marked("tools"),
            Self::Machine => marked("machine"),
        }
    }
}

impl Wish {
    /// What a key means where nobody types.
    fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "?" => Self::Shortcuts,
            "/" => Self::Search,
            "s" => Self::StartOrStop,
            "l" => Self::Tool(Tool::Logs),
            "v" => Self::Tool(Tool::View),
            "t" => Self::Tool(Tool::Terminal),
            _ => return None,
        })
    }

    /// What a button with the attribute `data-wish` is for.
    fn of_button(word: &str) -> Option<Self> {
        let pane = |pane: &Pane| word.strip_prefix("zoom-") == Some(pane.key());
        match word {
            "find" => Some(Self::Find),
            "shortcuts" => Some(Self::Shortcuts),
            _ => Pane::EVERY.into_iter().find(pane).map(Self::Zoom),
        }
    }
}

type Ear = fn(Desk, &Event);

/// Notices that somebody is there; cheap to copy.
#[derive(Clone, Copy)]
pub struct Desk {
    is_used: RwSignal<bool>,
    /// What happened before there was anybody to hear it: the first few, in case there never is.
    early: StoredValue<Vec<SendWrapper<Event>>>,
    /// What hears events, once it is loaded.
    ear: StoredValue<Option<Ear>>,
    wish: RwSignal<Option<Wish>>,
}

/// What is listened to; the pointer's moves only say that somebody is there.
const HEARD: [&str; 4] = ["keydown", "click", "contextmenu", MOVE];
const MOVE: &str = "pointermove";
/// Events that are kept until there is somebody to hear them.
const EARLY: usize = 16;

impl Desk {
    /// Makes the context, and listens to the window.
    pub fn provide() -> Self {
        let desk = Self {
            is_used: RwSignal::new(false),
            early: StoredValue::default(),
            ear: StoredValue::new(None),
            wish: RwSignal::new(None),
        };
        provide_context(desk);
        crate::ui::effect(move || {
            // For as long as the document: another page is another one.
            let notice =
                Closure::<dyn Fn(Event)>::new(move |event: Event| desk.notice(event)).into_js_value();
            for kind in HEARD {
                let _ = window().add_event_listener_with_callback(kind, notice.unchecked_ref());
            }
        });
        desk
    }

    /// Whether somebody is there; tracked.
    pub fn is_used(self) -> bool {
        self.is_used.get()
    }

    fn notice(self, event: Event) {
        if let Some(hear) = self.ear.get_value() {
            hear(self, &event);
            return;
        }
        if event.type_() != MOVE {
            self.early.update_value(|early| {
                if early.len() < EARLY {
                    early.push(SendWrapper::new(event));
                }
            });
        }
        if !self.is_used.get_untracked() {
            self.is_used.set(true);
        }
    }
}

/// Where keys are for what has the focus.
const TYPES_INTO: &str = "input:not([type=checkbox]), select, textarea, [contenteditable], dialog, .terminal";

impl Desk {
    /// Begins to hear, with what happened before.
    fn listen(self) {
        self.ear.set_value(Some(Self::hear));
        for event in self.early.try_update_value(std::mem::take).unwrap_or_default() {
            self.hear(&event);
        }
    }

    fn hear(self, event: &Event) {
        let wish = match event.type_().as_str() {
            "keydown" => event.dyn_ref().and_then(wish_of_key),
            "click" => wish_of_click(event),
            "contextmenu" => event.dyn_ref().and_then(wish_of_right_click),
            _ => None,
        };
        if let Some(wish) = wish {
            event.prevent_default();
            self.wish.set(Some(wish));
        }
    }

    fn done(self) {
        self.wish.set(None);
    }
}

fn wish_of_key(event: &KeyboardEvent) -> Option<Wish> {
    let command = event.ctrl_key() || event.meta_key();
    match event.key().as_str() {
        "k" | "K" if command => Some(Wish::Find),
        _ if command || event.alt_key() || event.default_prevented() => None,
        _ if closest(event, TYPES_INTO).is_some() => None,
        key => Wish::of_key(key),
    }
}

fn wish_of_click(event: &Event) -> Option<Wish> {
    Wish::of_button(&closest(event, "[data-wish]")?.get_attribute("data-wish")?)
}

/// Links and fields have menus of the browser's own that people want.
fn wish_of_right_click(event: &MouseEvent) -> Option<Wish> {
    if closest(event, "a, input, select, textarea, .menu").is_some() {
        return None;
    }
    let id = closest(event, "tr[data-id]")?.get_attribute("data-id")?;
    Some(Wish::RowMenu(
        id.parse().ok()?,
        (event.client_x(), event.client_y()),
    ))
}

fn closest(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_ref::<Element>()?.closest(selector).ok()?
}

/// Asks for another size of a pane.
#[component]
pub fn ZoomButton(
    /// What the button wishes: `zoom-` and the pane.
    wish: &'static str,
) -> impl IntoView {
    view! {
        <button
            class="button button--icon button--sm button--quiet is-scripted pane__zoom"
            type="button"
            data-wish=wish
            aria-label=t("Size of this pane")
            title=t("Size of this pane")
        >
            <Icon name="zoom" class="icon--sm" />
        </button>
    }
}

/// The style of a document whose browser has chosen sizes of panes.
#[cfg(feature = "ssr")]
pub fn style_of_cookies<'a>(mut cookies: impl Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
    let (_, sizes) = cookies.find(|(name, _)| *name == zoom::COOKIE)?;
    zoom::style(sizes)
}

/// Answers wishes.
#[component]
pub fn DeskView() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let commands = expect_context::<crate::instances::commands::Commands>();
    let rows = expect_context::<crate::instances::Rows>();
    crate::ui::effect(move || desk.listen());
    // What needs no view of its own is done at once.
    crate::ui::effect(move || {
        match desk.wish.get() {
            Some(Wish::Search) => shortcuts::search(10),
            Some(Wish::StartOrStop) => shortcuts::start_or_stop(rows, commands),
            Some(Wish::Tool(tool)) => shortcuts::show_tool(tool),
            Some(Wish::RowMenu(id, place)) => row_menu::open(id, place),
            _ => return,
        }
        desk.done();
    });
    view! {
        <StyleSheet name="desk" />
        {move || match desk.wish.get() {
            Some(Wish::Find) => view! { <Palette /> },
            Some(Wish::Shortcuts) => view! { <Shortcuts /> },
            Some(Wish::Zoom(pane)) => view! { <Zoom pane /> },
            _ => ().into_any(),
        }}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_and_keys_say_what_they_are_for() {
        assert_eq!(Wish::of_button("find"), Some(Wish::Find));
        assert_eq!(Wish::of_button("zoom-tools"), Some(Wish::Zoom(Pane::Tools)));
        assert_eq!(Wish::of_button("zoom-"), None);
        assert_eq!(Wish::of_key("?"), Some(Wish::Shortcuts));
        assert_eq!(Wish::of_key("x"), None);
    }
}
