//! A menu behind a button, as `<details>`: it opens without scripts.

use crate::view;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::{ev, html, web_sys};

use super::Icon;

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

fn close_on_outside_click(details: NodeRef<html::Details>) {
    crate::ui::effect(move || {
        let handle = window_event_listener(ev::pointerdown, move |event| {
            let target = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            if let Some(details) = details.get_untracked()
                && details.open()
                && !details.contains(target.as_ref())
            {
                details.set_open(false);
            }
        });
        on_cleanup(move || handle.remove());
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

/// Opens upwards where the pane ends below; the pane would cut the menu off.
fn place(details: NodeRef<html::Details>, menu: NodeRef<html::Div>) {
    let (details, menu) = (details.try_get_untracked(), menu.try_get_untracked());
    let (Some(details), Some(menu)) = (details.flatten(), menu.flatten()) else {
        return;
    };
    if !details.open() {
        return;
    }
    let classes = menu.class_list();
    let _ = classes.remove_1("menu--up");
    let limit = details
        .closest(".pane__body")
        .ok()
        .flatten()
        .map_or(f64::MAX, |pane| pane.get_bounding_client_rect().bottom());
    let top = details
        .closest(".pane__body")
        .ok()
        .flatten()
        .map_or(0.0, |pane| pane.get_bounding_client_rect().top());
    let bounds = menu.get_bounding_client_rect();
    if bounds.bottom() > limit && details.get_bounding_client_rect().top() - bounds.height() > top {
        let _ = classes.add_1("menu--up");
    }
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
