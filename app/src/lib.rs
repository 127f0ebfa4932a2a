//! Pages, components and server functions: what people see.

pub mod error;
pub mod instances;
pub mod links;
pub mod live;
pub mod logs;
pub mod shell;
pub mod splitter;
pub mod telemetry;
pub mod tools;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

pub use error::ApiError;
pub use shell::shell;

/// The whole application: every page and what they share.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    live::Live::provide();
    view! {
        <Router>
            <Routes fallback=|| view! { <p>"There is no such page."</p> }>
                <Route path=path!("/") view=instances::InstancesPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
