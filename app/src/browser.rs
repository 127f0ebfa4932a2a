//! What only the browser can do. Call these from events and effects, never while rendering.

use js_sys::futures::JsFuture;
use js_sys::{Date, Function, Promise, Reflect};
use leptos::prelude::{document, window};
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::{Element, EventTarget, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use crate::ApiError;
use crate::error::ErrorKind;
use crate::paths::asset;

/// The present moment, Unix milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 fit for 285,000 years"
)]
pub fn now_ms() -> i64 {
    Date::now() as i64
}

/// Marks the page as alive, for the script that would lead elsewhere (`shell/hint.js`).
pub fn say_alive() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-alive", "");
    }
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
    set_cookie("aikore_theme", theme);
}

/// Remembers a value where the server sees it, for a year.
pub fn set_cookie(name: &str, value: &str) {
    let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
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

/// Clicks the first element that matches a selector, where there is one.
pub fn press(selector: &str) {
    let element = document().query_selector(selector).ok().flatten();
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.click();
    }
}

/// What a person wrote or chose in a field of the page before the program took it over.
#[cfg(not(feature = "ssr"))]
pub(crate) fn written_early(id: &str) -> Option<String> {
    let field = document().get_element_by_id(id)?;
    let text = get(&field, "value")?.as_string()?;
    (!text.is_empty() && field.get_attribute("value").as_ref() != Some(&text)).then_some(text)
}

/// The server's pages are as it made them.
#[cfg(feature = "ssr")]
pub(crate) fn written_early(_id: &str) -> Option<String> {
    None
}

/// Scrolls the element with this id into sight, where there is one.
pub fn reveal(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
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

/// What the script `name` defines on the window as `entrance`. Fetched once, when it is first needed, and spoken to by
/// names, so that the first load of the program knows nothing of it.
pub(crate) async fn module(name: &str, entrance: &str) -> Result<Function, ApiError> {
    if let Some(entrance) = function(&window(), entrance) {
        return Ok(entrance);
    }
    // Whatever went wrong, the entrance is not there then.
    let _ = fetch(&asset(name, "js")).await;
    function(&window(), entrance).ok_or_else(|| missing(name))
}

/// The script `name` is not there, or not what was expected.
pub(crate) fn missing(name: &str) -> ApiError {
    ApiError::new(
        ErrorKind::Transport,
        "transport",
        format!("The {name}’s program could not be loaded."),
        "Load the page again: the panel may have been updated.",
    )
}

async fn fetch(address: &str) -> Result<(), JsValue> {
    let script = document().create_element("script")?;
    script.set_attribute("type", "module")?;
    script.set_attribute("src", address)?;
    let loaded = Promise::new(&mut |done, failed| {
        let _ = script.add_event_listener_with_callback("load", &done);
        let _ = script.add_event_listener_with_callback("error", &failed);
    });
    let body = document().body().ok_or(JsValue::NULL)?;
    body.append_child(&script)?;
    JsFuture::from(loaded).await.map(drop)
}

pub(crate) fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into())
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

pub(crate) fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    function(object, method)?
        .apply(object, &arguments.iter().collect())
        .ok()
}

fn function(object: &JsValue, name: &str) -> Option<Function> {
    get(object, name)?.dyn_into().ok()
}
