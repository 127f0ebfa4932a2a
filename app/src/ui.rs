//! Shared parts: icons, menus, dialogs, notes, toasts, the clock and the words for sizes and times.

pub mod dialog;
pub mod list;
pub mod menu;
pub mod toasts;
pub mod words;

use crate::language::{said, t};
use crate::paths::{asset, at};
use crate::view;
use leptos::prelude::*;
use std::time::Duration;

pub use dialog::Dialog;
pub use list::list;
pub use menu::Menu;
pub use toasts::ToastRegion;
pub use toasts::Toasts;

use crate::browser;

/// A style sheet of a part of the program: in the one of every page it would weigh on every dashboard.
#[component]
pub fn StyleSheet(
    /// The file in `style/`, without its ending; `scripts/site.mjs` lists them.
    name: &'static str,
) -> impl IntoView {
    view! { <link rel="stylesheet" href=asset(name, "css") /> }
}

/// The present moment as all times on the screen use it, Unix milliseconds. The server's own time at
/// first, so that hydration sees what the server wrote; the browser's ticks after that.
#[derive(Clone, Copy, Default)]
pub struct Clock(RwSignal<i64>);

impl Clock {
    /// The moment; tracked.
    pub fn now(self) -> i64 {
        self.0.get()
    }

    /// Takes over the server's moment.
    pub fn begin(self, now: i64) {
        if self.0.get_untracked() < now {
            self.0.set(now);
        }
    }

    /// Lets the clock tick while the present owner lives. The two machines may disagree about the time,
    /// so only what passes here is added to what the server said.
    pub fn tick(self) {
        effect(move || {
            let offset = self.0.get_untracked() - browser::now_ms();
            let tick = move || self.0.set(browser::now_ms() + offset);
            if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
                on_cleanup(move || handle.clear());
            }
        });
    }
}

/// A memo that is compiled once per type of value instead of once per closure.
pub fn memo<T>(compute: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    memo_of(Box::new(compute))
}

// Apart, because a closure is of another type for every type its function was called with.
fn memo_of<T>(compute: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    Memo::new(move |_| compute())
}

/// An effect whose machinery is compiled once instead of once per closure.
pub fn effect(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}

/// True once the page is alive. Things that need a script are disabled or hidden until then.
pub fn hydrated() -> ReadSignal<bool> {
    let (alive, set_alive) = signal(false);
    effect(move || set_alive.set(true));
    alive
}

/// One icon of the sprite.
#[component]
pub fn Icon(
    /// Id of its symbol.
    #[prop(into)]
    name: Signal<&'static str>,
    /// Added to the class `icon`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <svg class=format!("icon {class}") aria-hidden="true">
            <use href=move || format!("#{}", name.get()) />
        </svg>
    }
}

/// The arrow of a `<select>`.
#[component]
pub fn SelectBox(
    /// The `<select>`.
    children: Children,
) -> impl IntoView {
    view! { <span class="select">{children()} <Icon name="down" /></span> }
}

/// A sentence about something that went wrong.
#[component]
pub fn ErrorNote(
    /// The sentence.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! {
        <div class="note note--err" role="alert">
            <Icon name="alert" />
            <span>{said(&text)}</span>
        </div>
    }
}

/// Turns dark into light and back; without scripts the server does it.
#[component]
pub fn ThemeButton() -> impl IntoView {
    view! {
        <form method="post" action=at("/theme")>
            <button
                class="button button--icon"
                type="submit"
                aria-label=t("Switch between dark and light theme")
                on:click=|event| {
                    event.prevent_default();
                    browser::toggle_theme();
                }
            >
                <Icon name="sun" />
            </button>
        </form>
    }
}
