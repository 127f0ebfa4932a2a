//! What only the browser can do. Call these from events and effects, never while rendering.

use js_sys::{Date, Function, Reflect};
use leptos::prelude::{document, window};
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::{Element, EventTarget, HtmlElement};

/// The present moment, Unix milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 fit for 285,000 years"
)]
pub fn now_ms() -> i64 {
    Date::now() as i64
}

/// Turns the theme and remembers it where the server sees it.
pub fn toggle_theme() {
    let Some(root) = document()
        .document_element()
        .and_then(|root| root.dyn_into::<HtmlElement>().ok())
    else {
        return;
    };
    let theme = if root.dataset().get("theme").as_deref() == Some("light") {
        "dark"
    } else {
        "light"
    };
    let _ = root.dataset().set("theme", theme);
    let cookie = format!("aikore_theme={theme}; Path=/; Max-Age=31536000; SameSite=Lax");
    let _ = Reflect::set(&document(), &"cookie".into(), &cookie.into());
}

/// Puts text on the clipboard; says whether it worked. Browsers offer the clipboard interface only to
/// https and the own machine, so a page reached by plain http from elsewhere falls back to a selection.
pub fn copy(text: &str) -> bool {
    let navigator = get(&window(), "navigator");
    let clipboard = navigator.and_then(|navigator| get(&navigator, "clipboard"));
    match clipboard {
        Some(clipboard) => call(&clipboard, "writeText", &[text.into()]).is_some(),
        None => copy_by_selection(text).unwrap_or(false),
    }
}

fn copy_by_selection(text: &str) -> Option<bool> {
    let document = document();
    let field = document.create_element("textarea").ok()?;
    let parent = document
        .query_selector("dialog[open]")
        .ok()
        .flatten()
        .or_else(|| document.body().map(Into::into))?;
    parent.append_child(&field).ok()?;
    let _ = Reflect::set(&field, &"value".into(), &text.into());
    call(&field, "select", &[]);
    let copied = call(&document, "execCommand", &["copy".into()]).and_then(|answer| answer.as_bool());
    field.remove();
    copied
}

/// Moves the focus to the element with this id, where there is one.
pub fn focus(id: &str) {
    if let Some(element) = document()
        .get_element_by_id(id)
        .and_then(|element| element.dyn_into::<HtmlElement>().ok())
    {
        let _ = element.focus();
    }
}

/// What this browser remembers; none where its memory is switched off.
pub fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Remembers a value in this browser, or forgets it.
pub fn remember(key: &str, value: Option<&str>) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}

/// Moves the focus to the first element that matches a selector, where there is one.
pub fn focus_in(selector: &str) {
    let element = document().query_selector(selector).ok().flatten();
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Whether a person types or chooses in it.
pub fn is_field(target: &EventTarget) -> bool {
    let element = target.dyn_ref::<Element>();
    element.is_some_and(|element| {
        let name = element.tag_name();
        let ticked = matches!(
            element.get_attribute("type").as_deref(),
            Some("checkbox" | "radio")
        );
        matches!(name.as_str(), "INPUT" | "SELECT") && !ticked
    })
}

fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into())
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let function: Function = get(object, method)?.dyn_into().ok()?;
    function.apply(object, &arguments.iter().collect()).ok()
}
