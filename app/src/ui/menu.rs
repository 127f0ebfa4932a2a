//! A menu behind a button, as `<details>`: it opens without scripts.

use crate::view;
use leptos::prelude::*;
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::{ev, html, web_sys};

use super::Icon;

/// Least distance from the edge of the window, and from the button, pixels.
const MARGIN: f64 = 8.0;
const GAP: f64 = 4.0;

/// A button that shows a menu. Escape, a choice, or leaving it closes it once the page is alive.
#[component]
pub fn Menu(
    /// What the button shows.
    icon: &'static str,
    /// What the button is for.
    #[prop(into)]
    label: Signal<String>,
    /// Shown before the icon.
    #[prop(optional)]
    text: Option<Signal<String>>,
    /// Classes of the button.
    #[prop(default = "button button--icon")]
    class: &'static str,
    /// Entries with the class `menu__item`.
    children: Children,
) -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    let menu = NodeRef::<html::Div>::new();
    // An entry may have taken the menu away before its click arrives here.
    let shown = move || details.try_get_untracked().flatten();
    let close = move || {
        if let Some(details) = shown() {
            details.set_open(false);
        }
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" if shown().is_some_and(|details| details.open()) => {
            event.stop_propagation();
            close();
            focus_summary(details);
        }
        "ArrowDown" => walk(&event, menu, 1),
        "ArrowUp" => walk(&event, menu, -1),
        _ => {}
    };
    let on_leave = move |event: ev::FocusEvent| {
        let goes_to = event
            .related_target()
            .and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        let stays = shown().is_some_and(|details| details.contains(goes_to.as_ref()));
        // No target: the window lost the focus, or a click on nothing; the click itself decides.
        if !stays && goes_to.is_some() {
            close();
        }
    };
    close_on_outside_click(details);
    view! {
        <details
            class="more"
            node_ref=details
            on:keydown=on_key
            on:focusout=on_leave
            on:toggle=move |_| place(details, menu)
        >
            <summary class=class aria-label=label>
                {text}
                <Icon name=icon />
            </summary>
            // The entry disappears, and with it the focus would; dialogs give it back to where it was.
            <div
                class="menu"
                node_ref=menu
                on:click=move |_| {
                    focus_summary(details);
                    close();
                }
            >
                {children()}
            </div>
        </details>
    }
}

/// Closes it when something else is pressed, or scrolled: it would stay where it is while its button goes.
fn close_on_outside_click(details: NodeRef<html::Details>) {
    crate::ui::effect(move || {
        let handles = ["pointerdown", "wheel"].map(|kind| {
            window_event_listener_untyped(kind, move |event| {
                let target = event
                    .target()
                    .and_then(|target| target.dyn_into::<web_sys::Node>().ok());
                if let Some(details) = details.get_untracked()
                    && details.open()
                    && !details.contains(target.as_ref())
                {
                    details.set_open(false);
                }
            })
        });
        on_cleanup(move || {
            for handle in handles {
                handle.remove();
            }
        });
    });
}

fn focus_summary(details: NodeRef<html::Details>) {
    let summary = details
        .try_get_untracked()
        .flatten()
        .and_then(|details| details.query_selector("summary").ok().flatten())
        .and_then(|summary| summary.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(summary) = summary {
        let _ = summary.focus();
    }
}

/// Puts a menu that was opened beside its button; the pane would cut it off otherwise.
fn place(details: NodeRef<html::Details>, menu: NodeRef<html::Div>) {
    let (details, menu) = (details.try_get_untracked(), menu.try_get_untracked());
    let (Some(details), Some(menu)) = (details.flatten(), menu.flatten()) else {
        return;
    };
    if !details.open() {
        let _ = menu.remove_attribute("style");
    } else if !menu.has_attribute("style") {
        let (button, size) = (
            details.get_bounding_client_rect(),
            menu.get_bounding_client_rect(),
        );
        let (below, above) = (button.bottom() + GAP, button.top() - GAP - size.height());
        let fits = below + size.height() <= room(window().inner_height()) || above < 0.0;
        put(
            &menu,
            button.right() - size.width(),
            if fits { below } else { above },
        );
    }
}

/// Shows a menu with its corner at a place of the window, moved so that all of it can be seen, until it closes.
pub(crate) fn put(menu: &web_sys::HtmlElement, x: f64, y: f64) {
    let (width, height) = (room(window().inner_width()), room(window().inner_height()));
    let before = menu.get_bounding_client_rect();
    // Panes have sizes of their own, within which a pixel is not one of the window.
    let scale = before.width() / f64::from(menu.offset_width().max(1));
    let tallest = (height - 2.0 * MARGIN) / scale;
    let show = |left: f64, top: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a window")]
        let (left, top, tallest) = (left as i32, top as i32, tallest as i32);
        let style =
            format!("position:fixed;inset:{top}px auto auto {left}px;max-height:{tallest}px;overflow-y:auto");
        let _ = menu.set_attribute("style", &style);
    };
    show(0.0, 0.0);
    // Some boxes keep what is fixed within.
    let bounds = menu.get_bounding_client_rect();
    let within = |place: f64, size: f64, room: f64| place.min(room - size - MARGIN).max(MARGIN);
    let left = within(x, bounds.width(), width) - bounds.left();
    let top = within(y, bounds.height(), height) - bounds.top();
    show(left / scale, top / scale);
}

/// A side of the window.
fn room(side: Result<JsValue, JsValue>) -> f64 {
    side.ok().and_then(|side| side.as_f64()).unwrap_or_default()
}

/// Moves the focus to the next or previous entry.
fn walk(event: &ev::KeyboardEvent, menu: NodeRef<html::Div>, step: i32) {
    let Some(menu) = menu.get_untracked() else { return };
    event.prevent_default();
    let focused = document().active_element();
    let items = menu.get_elements_by_class_name("menu__item");
    let all: Vec<web_sys::HtmlElement> = (0..items.length())
        .filter_map(|index| items.item(index))
        .filter(|item| !item.has_attribute("disabled"))
        .filter_map(|item| item.dyn_into().ok())
        .collect();
    let present = all
        .iter()
        .position(|item| focused.as_deref() == Some(item.as_ref()));
    let count = i32::try_from(all.len()).unwrap_or(0);
    let next = match present.and_then(|index| i32::try_from(index).ok()) {
        Some(index) => (index + step).rem_euclid(count.max(1)),
        None if step > 0 => 0,
        None => count - 1,
    };
    if let Some(item) = usize::try_from(next).ok().and_then(|index| all.get(index)) {
        let _ = item.focus();
    }
}
