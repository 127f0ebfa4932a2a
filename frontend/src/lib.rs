//! The browser's entry point: brings the server-rendered page to life.

// The application's views are deeply nested types.
#![recursion_limit = "512"]

/// Hydrates the page. Without all of its parts and texts it stays what the server made: plain links and forms.
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    if app::language::begin() && app::parts::load_for_this_page().await.is_ok() {
        leptos::mount::hydrate_body(app::App);
        app::browser::say_alive();
    }
}
