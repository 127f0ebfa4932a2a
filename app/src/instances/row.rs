//! One row of the table.

use crate::language::{fill, t};
use crate::view;
use leptos::ev;
use leptos::prelude::*;
use types::instances::Instance;

use super::access::AccessCell;
use super::actions::ActionsCell;
use super::draft::Field;
use super::edits::Edits;
use super::fields::{BlueprintField, FieldSwitch, TextField};
use super::filter::Place;
use super::order::{Grip, Order};
use super::selection::{SelectRow, Selection};
use super::status::StatusCell;
use super::{Catalogue, Row};
use crate::browser;
use crate::telemetry::load::first_cell;
use crate::ui::{Icon, hydrated};

/// One instance.
#[component]
pub fn InstanceRow(
    /// Its signals.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let selection = expect_context::<Selection>();
    let order = expect_context::<Order>();
    let alive = hydrated();
    let is_satellite = row
        .instance
        .with_untracked(|instance| instance.parent_instance_id.is_some());
    let autostart_label = Signal::derive(move || {
        row.instance
            .with(|instance| fill("Autostart {}", &[&instance.name]))
    });
    let problem = crate::ui::memo(move || edits.problem(row.id));
    view! {
        <tr
            role="row"
            data-id=row.id.0
            class:is-dirty=move || edits.is_changed(row.id)
            class:is-selected=move || selection.has(row.id)
            class:is-dragged=move || order.is_dragged(row.id)
            class:is-child=is_satellite
            on:keydown=move |event| row_key(&event, row, edits, order)
        >
            <td class="c-check" role="cell">
                <span class="handle">
                    <Grip row />
                    <SelectRow row />
                </span>
            </td>
            <td class="c-name" role="cell">
                <NameCell row />
            </td>
            <td class="c-gpu" role="cell">
                <GpuCell row />
            </td>
            <td class="c-load" role="cell" inner_html=first_cell(row)></td>
            <td class="c-status" role="cell">
                <StatusCell row />
            </td>
            <td class="c-access" role="cell">
                <AccessCell row />
            </td>
            <td class="c-auto" role="cell">
                <FieldSwitch row field=Field::Autostart disabled=Signal::derive(move || !alive.get()) label=autostart_label />
            </td>
            <td class="c-act" role="cell">
                <ActionsCell row />
            </td>
        </tr>
        {move || problem.get().map(|text| view! { <ProblemRow text /> })}
    }
}

/// Keys that work wherever in the row the focus is.
fn row_key(event: &ev::KeyboardEvent, row: Row, edits: Edits, order: Order) {
    let in_field = event.target().is_some_and(|target| browser::is_field(&target));
    match event.key().as_str() {
        "ArrowDown" | "ArrowUp" if event.alt_key() => {
            event.prevent_default();
            order.step(row, event.key() == "ArrowDown");
        }
        "Enter" if in_field => {
            event.prevent_default();
            if untrack(|| edits.is_changed(row.id)) {
                edits.save(row.id);
            } else {
                edits.give_up(row);
            }
        }
        "Escape" if in_field => {
            // Not the drawer's: it would close.
            event.prevent_default();
            edits.give_up(row);
        }
        _ => {}
    }
}

/// A part of the row that notifies only when it really changes.
pub fn part<T: Clone + PartialEq + Send + Sync + 'static>(
    row: Row,
    part: impl Fn(&Instance) -> T + Send + Sync + 'static,
) -> Memo<T> {
    crate::ui::memo(move || row.instance.with(&part))
}

/// Why the edits above it were not saved.
#[component]
fn ProblemRow(
    /// A sentence.
    text: String,
) -> impl IntoView {
    view! {
        <tr class="is-problem" role="row">
            <td role="cell" colspan="8">
                <span class="field__error" role="alert">
                    <Icon name="alert" class="icon--sm" />
                    {text}
                </span>
            </td>
        </tr>
    }
}

#[component]
fn NameCell(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let editing = crate::ui::memo(move || edits.is_open(row.id, Field::Name));
    let was = crate::ui::memo(move || edits.was(row.id, Field::Name));
    let is_satellite = row
        .instance
        .with_untracked(|instance| instance.parent_instance_id.is_some());
    view! {
        <div class="app-name" class:app-name--child=is_satellite>
            <Tile row />
            {move || {
                if editing.get() {
                    view! {
                        <TextField row field=Field::Name class="input--row" />
                        <span class="app-name__kind row">
                            {move || was.get().map(|was| view! { <span class="was">{t("was ")} {was}</span> })}
                            <BlueprintField row />
                        </span>
                    }
                        .into_any()
                } else {
                    view! { <NameText row /> }.into_any()
                }
            }}
        </div>
    }
}

#[component]
fn NameText(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let place = expect_context::<Place>();
    let name = part(row, |instance| instance.name.clone());
    let kind = part(row, |instance| instance.blueprint_name.clone());
    view! {
        <a
            class="app-name__name truncate"
            id=format!("name-{}", row.id)
            href=move || place.with("open", row.id)
            data-noscroll
            title=name
            on:keydown=move |event: ev::KeyboardEvent| {
                if event.key() == "F2" {
                    edits.begin_at(row, &Field::IN_ROW, "c-name");
                }
            }
        >
            {name}
        </a>
        <span class="app-name__kind truncate" on:dblclick=move |_| edits.begin_at(row, &Field::IN_ROW, "c-name")>
            {kind}
        </span>
    }
}

/// The picture of a row's blueprint.
#[component]
pub fn Tile(
    /// Whose.
    row: Row,
    /// Added to the class.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let catalogue = expect_context::<Catalogue>();
    let blueprint = part(row, |instance| instance.base_blueprint.clone());
    let icon = Signal::derive(move || catalogue.icon(&blueprint.read()));
    view! {
        <span class=format!("app-name__tile {class}")>
            <Icon name=icon />
        </span>
    }
}

#[component]
fn GpuCell(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let editing = crate::ui::memo(move || edits.is_open(row.id, Field::Gpus));
    let gpus = part(row, |instance| {
        instance.gpu_ids.clone().unwrap_or_else(|| t("all").to_owned())
    });
    let label = move || {
        row.instance
            .with(|instance| fill("Change the GPUs of {}", &[&instance.name]))
    };
    move || {
        if editing.get() {
            view! { <TextField row field=Field::Gpus placeholder=t("all") /> }.into_any()
        } else {
            view! {
                <button
                    class="gpu-tag gpu-tag--button truncate"
                    type="button"
                    title=label
                    on:click=move |_| edits.begin_at(row, &[Field::Gpus], "c-gpu")
                >
                    <span class="visually-hidden">{label} ": "</span>
                    {gpus}
                </button>
            }
            .into_any()
        }
    }
}
