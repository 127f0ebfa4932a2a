//! The instances pane: its head, the table, its foot.

use crate::desk::ZoomButton;
use crate::language::{fill, t};
use crate::parts;
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::edits::Edits;
use super::filter::{FilterTabs, Place};
use super::new_row::CreateInstance;
use super::row::InstanceRow;
use super::selection::SelectAll;
use super::{Row, Rows};
use crate::ui::{Icon, list};

/// Rows that a page begins with: more than the pane shows on most screens.
const FIRST: usize = 16;

/// The pane on top of the dashboard.
#[component]
pub fn InstancesPane() -> impl IntoView {
    let rows = expect_context::<Rows>();
    let place = expect_context::<Place>();
    let shown = crate::ui::memo(move || {
        let filter = place.filter.get();
        let mut shown = rows.get();
        shown.retain(|row| row.instance.with(|instance| filter.shows(instance)));
        shown
    });
    let come = come(shown, place);
    let first = move || shown.get().into_iter().take(come.get()).collect();
    let creating = crate::ui::memo(move || place.text("new").is_some());
    let problem = RwSignal::new(untrack(|| place.refusal(CreateInstance::url())));
    view! {
        <section class="pane pane--top" aria-labelledby="instances-title">
            <div class="pane__head">
                <h1 class="pane__title" id="instances-title">
                    {t("Instances")}
                </h1>
                <FilterTabs filter=place.filter />
                <Tools />
            </div>
            <div class="pane__body" tabindex="-1">
                <table class="table instances" role="table" aria-labelledby="instances-title">
                    <TableHead shown />
                    <tbody role="rowgroup">
                        <Show when=move || creating.get()>
                            {parts::new_row(problem)}
                        </Show>
                        {list(first, |row| row.id.0, |row| view! { <InstanceRow row /> })}
                    </tbody>
                </table>
                <Show when=move || creating.get()>
                    {parts::new_form(problem)}
                </Show>
                <noscript inner_html=way_to_all(shown, come, place)></noscript>
                <NothingShown shown creating />
            </div>
            {parts::bulk_bar()}
        </section>
    }
}

/// How many rows have come: the server sends what a screen shows, so that a long table is there as fast as a short
/// one, and the browser adds the others, some in each frame.
fn come(shown: Memo<Vec<Row>>, place: Place) -> RwSignal<usize> {
    let all = untrack(|| place.text("rows")).is_some();
    let come = RwSignal::new(if all { usize::MAX } else { FIRST });
    crate::ui::effect(move || {
        if come.get() < shown.with(Vec::len) {
            request_animation_frame(move || {
                come.try_update(|come| *come += FIRST);
            });
        }
    });
    come
}

/// The way to the other rows without scripts, as plain markup: browsers that have some need not know it.
#[cfg(feature = "ssr")]
fn way_to_all(shown: Memo<Vec<Row>>, come: RwSignal<usize>, place: Place) -> String {
    let all = untrack(|| shown.with(Vec::len));
    if all <= come.get_untracked() {
        return String::new();
    }
    let href = untrack(|| place.with("rows", "all")).replace('&', "&amp;");
    let text = fill("Show all {}", &[&all.to_string()]);
    format!(r#"<div class="empty"><a class="button" href="{href}">{text}</a></div>"#)
}

#[cfg(not(feature = "ssr"))]
fn way_to_all(_: Memo<Vec<Row>>, _: RwSignal<usize>, _: Place) -> &'static str {
    ""
}

/// The buttons of the head.
#[component]
fn Tools() -> impl IntoView {
    let edits = expect_context::<Edits>();
    let place = expect_context::<Place>();
    let unsaved = crate::ui::memo(move || edits.count() > 0);
    view! {
        <div class="pane__tools">
            <a class="button" href=move || place.with("new", 1) data-noscroll>
                <Icon name="plus" />
                {t("New instance")}
            </a>
            <ZoomButton wish="zoom-instances" />
            <Show when=move || unsaved.get()>
                <SaveButtons undo_class="button button--quiet" undo=t("Undo all") />
            </Show>
        </div>
    }
}

/// The same at a thumb's reach on phones.
#[component]
pub fn SaveDock() -> impl IntoView {
    let edits = expect_context::<Edits>();
    let unsaved = crate::ui::memo(move || edits.count() > 0);
    view! {
        <Show when=move || unsaved.get()>
            <div class="dock">
                <SaveButtons undo_class="button" undo=t("Undo") />
            </div>
        </Show>
    }
}

/// What can be done with the edits of all rows.
#[component]
fn SaveButtons(
    /// Classes of the first.
    undo_class: &'static str,
    /// Its word.
    undo: &'static str,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    view! {
        <button class=undo_class type="button" on:click=move |_| edits.undo_all()>
            {undo}
        </button>
        <button
            class="button button--filled"
            type="button"
            disabled=move || edits.is_saving()
            on:click=move |_| edits.save_all()
        >
            {move || fill("Save changes ({})", &[&edits.count().to_string()])}
        </button>
    }
}

/// Says that a filter hides everything, and offers the way back.
#[component]
fn NothingShown(
    /// The rows of the filter.
    shown: Memo<Vec<Row>>,
    /// A new row is open; that is something.
    creating: Memo<bool>,
) -> impl IntoView {
    let rows = expect_context::<Rows>();
    let place = expect_context::<Place>();
    view! {
        <Show when=move || shown.with(Vec::is_empty) && !creating.get()>
            <div class="empty">
                <p>{move || place.filter.get().nothing()}</p>
                <a class="button" href=at("/") data-noscroll>
                    {move || fill("Show all {}", &[&rows.get().len().to_string()])}
                </a>
            </div>
        </Show>
    }
}

#[component]
fn TableHead(
    /// The rows that can be ticked.
    shown: Memo<Vec<Row>>,
) -> impl IntoView {
    view! {
        <thead role="rowgroup">
            <tr role="row">
                <th class="c-check" role="columnheader" scope="col">
                    <span class="handle">
                        <SelectAll shown />
                    </span>
                </th>
                <th class="c-name" role="columnheader" scope="col">
                    {t("Name and blueprint")}
                </th>
                <th class="c-gpu" role="columnheader" scope="col">
                    {t("GPUs")}
                </th>
                <th class="c-load" role="columnheader" scope="col">
                    {t("Load")}
                </th>
                <th class="c-status" role="columnheader" scope="col">
                    {t("Status")}
                </th>
                <th class="c-access" role="columnheader" scope="col">
                    {t("Link and port")}
                </th>
                <th class="c-auto" role="columnheader" scope="col">
                    {t("Autostart")}
                </th>
                <th class="c-act" role="columnheader" scope="col">
                    <span class="visually-hidden">{t("Actions")}</span>
                </th>
            </tr>
        </thead>
    }
}
