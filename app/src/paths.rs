//! Addresses within the panel, which may live below a prefix of its host.

use std::sync::OnceLock;

static BASE: OnceLock<String> = OnceLock::new();

/// Says below which path the panel is reached, such as `/aikore`; empty = at the root. The server says it once,
/// before the first page; browsers read it from the page.
#[cfg(feature = "ssr")]
pub fn live_below(path: &str) {
    // One process serves one panel; whoever says it first is right.
    let _ = BASE.set(path.to_owned());
}

/// The prefix of every address; empty at the root.
pub fn base() -> &'static str {
    BASE.get_or_init(from_page)
}

#[cfg(feature = "ssr")]
fn from_page() -> String {
    String::new()
}

#[cfg(not(feature = "ssr"))]
fn from_page() -> String {
    let root = leptos::prelude::document().document_element();
    root.and_then(|root| root.get_attribute("data-base"))
        .unwrap_or_default()
}

/// Where the page, asset or function at `path` is reached; `path` begins with a slash.
pub fn at(path: &str) -> String {
    format!("{}{path}", base())
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    #[test]
    fn without_a_prefix_addresses_stay_as_they_are() {
        assert_eq!(super::at("/?new=1"), "/?new=1");
    }
}
