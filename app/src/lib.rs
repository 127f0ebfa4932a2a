//! Pages, components and server functions: what people see.

// Views are deeply nested types.
#![recursion_limit = "512"]

/// Leptos' `view!`, erased on the spot: every element would otherwise be compiled twice for the browser, once
/// as itself and once inside of the wrapper that the macro puts around a view's outermost element.
macro_rules! erased_view {
    ($($markup:tt)*) => {
        ::leptos::prelude::IntoAny::into_any(::leptos::view! { $($markup)* }.into_inner())
    };
}

pub mod accounts;
pub mod address;
pub mod alerts;
pub mod blueprints;
pub mod browser;
pub mod desk;
pub mod error;
pub mod fetch;
mod few;
pub mod instances;
pub mod jobs;
mod json;
pub mod language;
pub mod links;
#[cfg(feature = "ssr")]
pub mod lite;
pub mod live;
pub mod logs;
pub mod monitoring;
pub mod parts;
pub mod paths;
pub mod prepared;
mod request;
pub mod shell;
pub mod splitter;
pub mod telemetry;
pub mod tools;
pub mod trash;
pub mod ui;

use crate::language::t;
use address::{Address, Page};
use leptos::prelude::*;

pub(crate) use erased_view as view;
pub use error::ApiError;
#[cfg(feature = "ssr")]
pub use shell::shell;

/// The whole application: every page and what they share.
#[component]
pub fn App() -> impl IntoView {
    provide_context(live::Live::provide().rows());
    provide_context(ui::Clock::default());
    provide_context(ui::Toasts::default());
    let page = match Address::provide().page() {
        Page::Instances => view! { <instances::InstancesPage /> },
        Page::Logs(instance) => parts::log_page(instance),
        Page::Script(instance) => parts::script_page(instance),
        Page::Blueprints => parts::blueprints(),
        Page::Trash => parts::trash(),
        Page::Monitoring => parts::monitoring(),
        Page::Alerts => parts::alerts(),
        Page::Login => parts::login(),
        Page::Setup => parts::setup(),
        Page::Unknown => view! { <NoSuchPage /> },
    };
    view! {
        {page}
        <ui::ToastRegion />
    }
}

/// Says that an address leads nowhere.
#[component]
fn NoSuchPage() -> impl IntoView {
    shell::name_page("No such page");
    view! {
        <div class="app">
            <shell::TopBar />
            <main class="page" id="main">
                <div class="empty">
                    <h1 class="gate__title">{t("There is no such page")}</h1>
                    <p>{t("The address may be old or mistyped.")}</p>
                    <a class="button button--filled" href=paths::at("/")>
                        {t("Show the instances")}
                    </a>
                </div>
            </main>
        </div>
    }
}
