//! The tools pane of the dashboard.

use leptos::prelude::*;

/// Tools for one instance: its log.
#[component]
pub fn ToolsPane() -> impl IntoView {
    view! {
        <section class="pane pane--left" aria-label="Tools">
            <div class="pane__head pane__head--slim">
                <h2 class="pane__title">"Logs"</h2>
            </div>
        </section>
    }
}
