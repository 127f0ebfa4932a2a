//! A menu behind a button. Its entries are made when it opens: a hundred rows have two hundred closed menus. Without
//! scripts the button is a link, and the page comes back with the menu open.

use crate::address::Address;
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
    /// What stands behind `menu` in the address of a page that comes with it open; no other menu's.
    #[prop(into)]
    name: String,
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
    /// Makes the entries, with the class `menu__item`.
    children: ChildrenFn,
) -> impl IntoView {
    let whole = NodeRef::<html::Div>::new();
    let menu = NodeRef::<html::Div>::new();
    let address = Address::get();
    let was_open = untrack(|| address.says("menu", &name));
    let open = RwSignal::new(was_open);
    let other = address.query().with("menu", (!was_open).then_some(&*name));
    let href = format!("?{}", other.address().trim_start_matches('?'));
    // An entry may have taken the menu away before its click arrives here.
    let close = move || {
        let _ = open.try_set(false);
    };
    let toggle = move || open.update(|open| *open = !*open);
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" if open.get_untracked() => {
            event.stop_propagation();
            focus_button(whole);
            close();
        }
        "ArrowDown" => walk(&event, menu, true),
        "ArrowUp" => walk(&event, menu, false),
        // As on every button. Within the menu the links are links.
        " " if !holds(menu, event.target()) => {
            event.prevent_default();
            toggle();
        }
        _ => {}
    };
    let on_leave = move |event: ev::FocusEvent| {
        // No target: the window lost the focus, or a click on nothing; the click itself decides.
        if event.related_target().is_some() && !holds(whole, event.related_target()) {
            close();
        }
    };
    crate::ui::effect(move || {
        if let (true, Some(menu)) = (open.get(), menu.get()) {
            place(whole, &menu);
            close_on_outside_click(whole, open);
        }
    });
    view! {
        <div class="more" node_ref=whole on:keydown=on_key on:focusout=on_leave>
            <a
                class=class
                href=href
                role="button"
                aria-haspopup="true"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-label=label
                data-noscroll
                on:click=move |event| {
                    event.prevent_default();
                    toggle();
                }
            >
                {text}
                <Icon name=icon />
            </a>
            {move || {
                // The entry disappears, and with it the focus would; dialogs give it back to where it was. A form
                // that is gone is not sent, so the menu goes in the next frame.
                let chosen = move |_| {
                    focus_button(whole);
                    request_animation_frame(close);
                };
                open.get()
                    .then(|| {
                        view! {
                            <div class="menu" node_ref=menu on:click=chosen>
                                {children()}
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// Closes it when something else is pressed, or scrolled: it would stay where it is while its button goes. Until the
/// calling effect runs again.
fn close_on_outside_click(whole: NodeRef<html::Div>, open: RwSignal<bool>) {
    let handles = ["pointerdown", "wheel"].map(|kind| {
        window_event_listener_untyped(kind, move |event| {
            if !holds(whole, event.target()) {
                open.try_set(false);
            }
        })
    });
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
}

/// Whether something is within; untracked.
fn holds(whole: NodeRef<html::Div>, target: Option<web_sys::EventTarget>) -> bool {
    let node = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    let whole = whole.try_get_untracked().flatten();
    whole.is_some_and(|whole| whole.contains(node.as_ref()))
}

fn focus_button(whole: NodeRef<html::Div>) {
    let whole = whole.try_get_untracked().flatten();
    let button = whole.and_then(|whole| {
        whole
            .first_element_child()?
            .dyn_into::<web_sys::HtmlElement>()
            .ok()
    });
    if let Some(button) = button {
        let _ = button.focus();
    }
}

/// Puts a menu that was opened beside its button; the pane would cut it off otherwise. It may have been put elsewhere.
fn place(whole: NodeRef<html::Div>, menu: &web_sys::HtmlElement) {
    let Some(whole) = whole.try_get_untracked().flatten() else {
        return;
    };
    if menu.has_attribute("style") {
        return;
    }
    let (button, size) = (whole.get_bounding_client_rect(), menu.get_bounding_client_rect());
    let (below, above) = (button.bottom() + GAP, button.top() - GAP - size.height());
    let fits = below + size.height() <= room(window().inner_height()) || above < 0.0;
    put(
        menu,
        button.right() - size.width(),
        if fits { below } else { above },
    );
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

/// Moves the focus to the next or previous entry; after the last comes the first.
fn walk(event: &ev::KeyboardEvent, menu: NodeRef<html::Div>, down: bool) {
    let Some(menu) = menu.try_get_untracked().flatten() else {
        return;
    };
    event.prevent_default();
    let focused = document().active_element();
    let items = menu.get_elements_by_class_name("menu__item");
    let all: Vec<web_sys::HtmlElement> = (0..items.length())
        .filter_map(|index| items.item(index)?.dyn_into().ok())
        .filter(|item: &web_sys::HtmlElement| !item.has_attribute("disabled"))
        .collect();
    let count = all.len().max(1);
    let present = all
        .iter()
        .position(|item| focused.as_deref() == Some(item.as_ref()));
    let next = match (present, down) {
        (Some(place), true) => (place + 1) % count,
        (None, true) => 0,
        (place, false) => (place.unwrap_or(0) + count - 1) % count,
    };
    if let Some(item) = all.get(next) {
        let _ = item.focus();
    }
}
