//! The menu of a row, where somebody clicked with the right button.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{HtmlDetailsElement, HtmlElement};

use crate::ui::menu::put;

/// Opens the row's own menu at a place of the window, moved so that all of it can be seen.
pub(super) fn open(id: i64, (x, y): (i32, i32)) {
    let found = |selector: &str| document().query_selector(selector).ok().flatten();
    let details = found(&format!("tr[data-id='{id}'] .c-act details"));
    let Some(details) = details.and_then(|details| details.dyn_into::<HtmlDetailsElement>().ok()) else {
        return;
    };
    let menu = details.query_selector(".menu").ok().flatten();
    let Some(menu) = menu.and_then(|menu| menu.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    details.set_open(true);
    put(&menu, f64::from(x), f64::from(y));
    let first = menu
        .query_selector(".menu__item:not([hidden], [disabled])")
        .ok()
        .flatten();
    if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
        let _ = first.focus();
    }
}
