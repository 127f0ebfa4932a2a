//! The browser's entry point: brings the server-rendered page to life.

// The application's views are deeply nested types.
#![recursion_limit = "512"]

/// Hydrates the page.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
