//! The app itself inside of the dashboard.

use crate::view;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::instances::Status;

use crate::instances::Row;
use crate::instances::access::check::AccessReport;
use crate::instances::row::part;
use crate::ui::Icon;

/// The box the app is shown in; full screen takes just this.
pub type Frame = NodeRef<html::Div>;

/// The app of an instance. It is loaded when it is looked at first, and keeps its state while it is hidden.
#[component]
pub fn Embedded(
    /// Whose.
    row: Row,
    /// Whether it is looked at.
    shown: Memo<bool>,
    /// The box around it.
    frame: Frame,
) -> impl IntoView {
    let wanted = RwSignal::new(shown.get_untracked());
    let runs = part(row, |instance| instance.status == Status::Started);
    let refusal = RwSignal::new(None::<String>);
    crate::ui::effect(move || {
        if shown.get() {
            wanted.set(true);
        }
    });
    // Browsers show nothing at all for an app that forbids it, so the panel looks and says so.
    crate::ui::effect(move || {
        if wanted.get() && runs.get() {
            spawn_local(async move {
                if let Ok(report) = AccessReport::last(row.id).await {
                    refusal.try_set(report.forbids_framing());
                }
            });
        }
    });
    let url = part(row, |instance| instance.open_url.clone());
    let name = part(row, |instance| instance.name.clone());
    view! {
        <div class="embedded" node_ref=frame hidden=move || !shown.get()>
            {move || match (wanted.get(), runs.get()) {
                (true, true) if refusal.get().is_some() => view! {
                    <div class="empty">
                        <p role="status">{refusal.get()}</p>
                        <a class="button" href=url target="_blank" rel="noopener">
                            "Open it in a tab of its own"
                        </a>
                    </div>
                },
                (false, _) => ().into_any(),
                (true, false) => view! {
                    <p class="log-empty">{move || format!("{} does not run. Once it does, it shows here.", name.get())}</p>
                },
                (true, true) => view! {
                    <iframe
                        class="embedded__app"
                        src=url
                        title=move || format!("{} itself", name.get())
                        allow="clipboard-read; clipboard-write; fullscreen"
                    ></iframe>
                },
            }}
        </div>
    }
}

/// Full screen, and the app in a tab of its own.
#[component]
pub fn EmbeddedButtons(
    /// Whose.
    row: Row,
    /// What becomes as large as the screen.
    frame: Frame,
) -> impl IntoView {
    let url = part(row, |instance| instance.open_url.clone());
    let enlarge = move |_| {
        if let Some(frame) = frame.get_untracked() {
            let _ = frame.request_fullscreen();
        }
    };
    view! {
        <button
            class="button button--icon button--sm"
            type="button"
            aria-label="Full screen"
            title="Full screen"
            on:click=enlarge
        >
            <Icon name="view" class="icon--sm" />
        </button>
        <a
            class="button button--icon button--sm"
            href=url
            target="_blank"
            rel="noopener"
            aria-label="Open in a tab of its own"
            title="Open in a tab of its own"
        >
            <Icon name="open" class="icon--sm" />
        </a>
    }
}
