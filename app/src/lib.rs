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
pub mod browser;
pub mod error;
pub mod fetch;
pub mod instances;
mod json;
pub mod links;
pub mod live;
pub mod logs;
pub mod paths;
mod request;
pub mod shell;
pub mod splitter;
pub mod telemetry;
pub mod tools;
pub mod ui;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

pub(crate) use erased_view as view;
pub use error::ApiError;
pub use shell::shell;

/// The whole application: every page and what they share.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(live::Live::provide().rows());
    provide_context(ui::Clock::default());
    provide_context(ui::Toasts::default());
    view! {
        <Title formatter=|page: String| if page.is_empty() { "AiKore".to_owned() } else { format!("{page} · AiKore") } />
        <Router base=paths::router_base()>
            <Routes fallback=NoSuchPage>
                <Route path=path!("/") view=instances::InstancesPage ssr=SsrMode::Async />
                <Route path=path!("/instances/:id/logs") view=logs::LogsPage ssr=SsrMode::Async />
                <Route path=path!("/login") view=accounts::LoginPage ssr=SsrMode::Async />
                <Route path=path!("/setup") view=accounts::SetupPage ssr=SsrMode::Async />
            </Routes>
        </Router>
        <ui::ToastRegion />
    }
}

/// Says that an address leads nowhere.
#[component]
fn NoSuchPage() -> impl IntoView {
    view! {
        <Title text="No such page" />
        <div class="app">
            <shell::TopBar />
            <main class="page" id="main">
                <div class="empty">
                    <h1 class="gate__title">"There is no such page"</h1>
                    <p>"The address may be old or mistyped."</p>
                    <a class="button button--filled" href=paths::at("/")>
                        "Show the instances"
                    </a>
                </div>
            </main>
        </div>
    }
}
