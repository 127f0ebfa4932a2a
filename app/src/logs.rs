//! Logs: what the apps print.

use leptos::prelude::*;

/// The log of one instance as a page: `/instances/:id/logs`.
#[component]
pub fn LogsPage() -> impl IntoView {
    view! { <h1>"Log"</h1> }
}
