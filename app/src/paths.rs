//! Addresses within the panel, which may live below a prefix of its host.

use std::sync::OnceLock;

static BASE: OnceLock<String> = OnceLock::new();
static BUILD: OnceLock<String> = OnceLock::new();

/// Says below which path the panel is reached, such as `/aikore`; empty = at the root. The server says it once,
/// before the first page; browsers read it from the page.
#[cfg(feature = "ssr")]
pub fn live_below(path: &str) {
    // One process serves one panel; whoever says it first is right.
    let _ = BASE.set(path.to_owned());
}

/// Says which hash the names of [`asset`]s carry. The server says it once, before the first page; browsers read it from
/// the page, so a tab that outlived an update asks for what it came with, and for nothing else.
#[cfg(feature = "ssr")]
pub fn built_as(hash: &str) {
    let _ = BUILD.set(hash.to_owned());
}

/// The prefix of every address; empty at the root.
pub fn base() -> &'static str {
    BASE.get_or_init(|| from_page("data-base"))
}

/// The hash in the names of assets; empty where the program was built without them.
pub fn build() -> &'static str {
    BUILD.get_or_init(|| from_page("data-build"))
}

#[cfg(feature = "ssr")]
fn from_page(_attribute: &str) -> String {
    String::new()
}

#[cfg(not(feature = "ssr"))]
fn from_page(attribute: &str) -> String {
    let root = leptos::prelude::document().document_element();
    root.and_then(|root| root.get_attribute(attribute))
        .unwrap_or_default()
}

/// Where a script or style sheet is reached that is loaded when it is needed; `scripts/site.mjs` lists them.
pub fn asset(name: &str, kind: &str) -> String {
    at(&named(name, build(), kind))
}

fn named(name: &str, build: &str, kind: &str) -> String {
    format!("/pkg/{name}-{build}.{kind}")
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

    #[test]
    fn an_asset_is_known_by_its_build() {
        assert_eq!(
            super::named("editor", "0123456789ab", "css"),
            "/pkg/editor-0123456789ab.css"
        );
    }
}
