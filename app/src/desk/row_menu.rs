//! The menu of a row, where somebody clicked with the right button.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;

use crate::ui::menu::put;

/// Opens the row's own menu at a place of the window, moved so that all of it can be seen.
pub(super) fn open(id: i64, (x, y): (i32, i32)) {
    let within = move |selector: &str| find(&format!("tr[data-id='{id}'] .c-act .more {selector}"));
    if let Some(closed) = within("> [aria-expanded=false]") {
        closed.click();
    }
    // Its entries are there by then.
    request_animation_frame(move || {
        let Some(menu) = within("> .menu") else { return };
        put(&menu, f64::from(x), f64::from(y));
        if let Some(first) = within(".menu__item:not([hidden], [disabled])") {
            let _ = first.focus();
        }
    });
}

fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok()??.dyn_into().ok()
}
