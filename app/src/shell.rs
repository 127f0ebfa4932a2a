//! The HTML document around the application, and the bars every page has.

use crate::paths::at;
use crate::view;
use leptos::prelude::*;

use crate::live::ConnectionLamp;
use crate::ui::{Icon, Menu, ThemeButton};

/// Every icon and status shape, referred to by `<use href="#…">`.
#[cfg(feature = "ssr")]
const SYMBOLS: &str = include_str!("shell/symbols.svg");

/// The document every page is rendered into.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use crate::App;
    use leptos_meta::MetaTags;

    leptos_meta::provide_meta_context();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme() data-base=crate::paths::base()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <link rel="icon" href=at("/favicon.svg") type="image/svg+xml" />
                <link rel="stylesheet" href=at("/pkg/aikore.css") />
                <HydrationScripts options root=crate::paths::base() />
                <MetaTags />
            </head>
            <body>
                <App />
                // After the application, where hydration does not look; only the server ever renders it.
                <svg class="sprite" aria-hidden="true" inner_html=SYMBOLS></svg>
            </body>
        </html>
    }
}

/// The theme the browser asked for by cookie.
#[cfg(feature = "ssr")]
fn theme() -> &'static str {
    let light = use_context::<http::request::Parts>().is_some_and(|request| {
        let cookies = request.headers.get_all(http::header::COOKIE);
        cookies
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .any(|cookie| cookie.trim() == "aikore_theme=light")
    });
    if light { "light" } else { "dark" }
}

/// Names the document. Every page is a document of its own, so only the server ever does.
#[cfg(feature = "ssr")]
pub fn name_page(name: impl std::fmt::Display) {
    let _ = leptos_meta::Title(
        leptos_meta::TitleProps::builder()
            .text(format!("{name} · AiKore"))
            .build(),
    );
}

/// Nothing: the server has named the document.
#[cfg(not(feature = "ssr"))]
pub fn name_page(_name: impl std::fmt::Display) {}

/// What the machine calls itself.
#[cfg(feature = "ssr")]
fn machine_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| String::new(), |name| name.trim().to_owned())
}

#[cfg(not(feature = "ssr"))]
fn machine_name() -> String {
    String::new()
}

/// The machine's name on both sides; the browser reads what the server wrote into the page.
pub fn shared_machine_name() -> String {
    SharedValue::new_str(machine_name).into_inner()
}

/// The product's mark and name.
#[component]
pub fn Brand(
    /// Added to the class `brand`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <a class=format!("brand {class}") href=at("/")>
            <svg class="brand__mark" viewBox="0 0 20 20" fill="none" aria-hidden="true">
                <path d="M10 1.5 18 17H2z" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" />
                <circle cx="10" cy="12" r="2.4" fill="var(--accent)" />
            </svg>
            "AiKore"
        </a>
    }
}

/// The bar on top of every page.
#[component]
pub fn TopBar() -> impl IntoView {
    view! {
        <a class="skip" href="#main" rel="external">
            "Skip to the content"
        </a>
        <header class="topbar">
            <Brand />
            <nav class="topnav" aria-label="Main">
                <a class="topnav__link" href=at("/") aria-current="page">
                    "Instances"
                </a>
            </nav>
            <div class="topbar__end">
                <ConnectionLamp />
                <ThemeButton />
                <Menu icon="user" label="Account">
                    <form method="post" action=at("/logout")>
                        <button class="menu__item" type="submit">
                            "Log out"
                        </button>
                    </form>
                </Menu>
            </div>
        </header>
    }
}

/// The bar at the foot of a phone.
#[component]
pub fn BottomNav() -> impl IntoView {
    view! {
        <nav class="bottomnav" aria-label="Main, at the foot">
            <a class="bottomnav__link" href=at("/") aria-current="page">
                <Icon name="layers" />
                "Instances"
            </a>
            // The browser itself follows these: the style sheet shows the pane that is the target.
            <a class="bottomnav__link" href=at("/#tools") rel="external">
                <Icon name="logs" />
                "Logs"
            </a>
            <a class="bottomnav__link bottomnav__link--new" href=at("/?new=1")>
                <Icon name="plus" />
                "New"
            </a>
            <a class="bottomnav__link" href=at("/#machine") rel="external">
                <Icon name="pulse" />
                "Machine"
            </a>
        </nav>
    }
}
