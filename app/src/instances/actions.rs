//! What can be done with a row: the main step, Open or Why, and the rest in a menu.

use crate::language::{fill, t};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::instances::Status;

use super::Row;
use super::access::link_of;
use super::clone::{CancelClone, is_being_copied};
use super::commands::{Verb, VerbButton};
use super::draft::Field;
use super::edits::Edits;
use super::filter::Place;
use super::order::Order;
use super::row::part;
use crate::tools::Tool;
use crate::ui::{Icon, Menu};

/// The actions of one row. An edited row offers Save and Undo instead; Stop stays in the menu.
#[component]
pub fn ActionsCell(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let editing = crate::ui::memo(move || edits.is_editing(row.id));
    view! {
        <div class="actions">
            {move || {
                if editing.get() {
                    view! { <SaveAndUndo row /> }.into_any()
                } else {
                    view! { <MainAndOpen row /> }.into_any()
                }
            }}
            <RowMenu row editing />
        </div>
    }
}

#[component]
fn SaveAndUndo(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let changed = crate::ui::memo(move || edits.is_changed(row.id));
    view! {
        <button
            class="button button--soft actions__main"
            type="button"
            disabled=move || !changed.get() || edits.is_saving()
            on:click=move |_| edits.save(row.id)
        >
            <Icon name="check" />
            {t("Save")}
        </button>
        <button class="button actions__open" type="button" on:click=move |_| edits.give_up(row)>
            <Icon name=Signal::derive(move || if changed.get() { "undo" } else { "close" }) />
            {move || if changed.get() { t("Undo") } else { t("Cancel") }}
        </button>
    }
}

#[component]
fn MainAndOpen(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let status = part(row, |instance| instance.status);
    let copied = part(row, is_being_copied);
    let main = Signal::derive(move || Verb::main_of(status.get()));
    let class = Signal::derive(move || match main.get() {
        Verb::Start => "button button--soft actions__main".to_owned(),
        _ => "button actions__main".to_owned(),
    });
    move || {
        if copied.get() {
            return view! { <CancelClone id=row.id /> };
        }
        view! {
            <VerbButton id=row.id verb=main status class />
            <OpenButton row />
        }
    }
}

/// Open while it runs, Why when it failed.
#[component]
fn OpenButton(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let place = expect_context::<Place>();
    let url = link_of(row);
    let status = part(row, |instance| instance.status);
    move || match status.get() {
        Status::Error => view! {
            <a class="button actions__open" href=move || place.with("open", row.id) data-noscroll>
                <Icon name="info" />
                {t("Why")}
            </a>
        }
        .into_any(),
        Status::Started | Status::Starting | Status::Stalled => view! {
            <a class="button actions__open" href=url target="_blank" rel="noopener">
                <Icon name="open" />
                {t("Open")}
            </a>
        }
        .into_any(),
        _ => view! {
            <button class="button actions__open" type="button" disabled title=t("It does not run")>
                <Icon name="open" />
                {t("Open")}
            </button>
        }
        .into_any(),
    }
}

#[component]
fn RowMenu(
    /// Whose.
    row: Row,
    /// Whether the row is being edited.
    editing: Memo<bool>,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let place = expect_context::<Place>();
    let status = part(row, |instance| instance.status);
    let label = Signal::derive(move || {
        row.instance
            .with(|instance| fill("More for {}", &[&instance.name]))
    });
    let class = Signal::stored("menu__item".to_owned());
    // A row never becomes one, nor ceases to be one.
    let is_satellite = row
        .instance
        .with_untracked(|instance| instance.parent_instance_id.is_some());
    let edit = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        edits.begin_at(row, &Field::IN_ROW, "c-name");
    };
    view! {
        <Menu name=format!("more-{}", row.id) icon="more" label=label>
            <Show when=move || editing.get() && status.get().can_stop()>
                <VerbButton id=row.id verb=Signal::stored(Verb::Stop) status class />
            </Show>
            <VerbButton id=row.id verb=Signal::stored(Verb::Restart) status class />
            <a class="menu__item" href=at(&format!("/instances/{}/logs", row.id))>
                <Icon name="logs" />
                {t("Logs")}
            </a>
            {Tool::EVERY
                .into_iter()
                .filter(|tool| *tool != Tool::Logs)
                .map(|tool| {
                    view! {
                        <a class="menu__item" href=format!("{}#tools", tool.href(row.id))>
                            <Icon name=tool.icon() />
                            {tool.word()}
                        </a>
                    }
                })
                .collect_view()}
            <a class="menu__item" href=move || place.with("open", row.id) data-noscroll>
                <Icon name="info" />
                {t("Details")}
            </a>
            <a class="menu__item" href=move || place.with("open", row.id) on:click=edit>
                <Icon name="edit" />
                {t("Edit")}
            </a>
            <MoveItems row />
            {(!is_satellite).then(|| view! { <CopyItems row /> })}
            <div class="menu__rule"></div>
            <a class="menu__item menu__item--danger" href=move || place.with("delete", row.id) data-noscroll>
                <Icon name="trash" />
                {t("Delete…")}
            </a>
        </Menu>
    }
}

/// Another one like it: with files of its own, on the same, or as many as are made of its script.
#[component]
fn CopyItems(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let place = expect_context::<Place>();
    view! {
        <a class="menu__item" href=move || place.with("clone", row.id) data-noscroll>
            <Icon name="copy" />
            {t("Clone…")}
        </a>
        <a class="menu__item" href=move || place.with("satellite", row.id) data-noscroll>
            <Icon name="branch" />
            {t("Add satellite…")}
        </a>
        <a class="menu__item" href=move || place.with("blueprint", row.id) data-noscroll>
            <Icon name="layers" />
            {t("Save as a blueprint…")}
        </a>
    }
}

/// Moving by menu, for who neither drags nor knows the keys.
#[component]
fn MoveItems(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let order = expect_context::<Order>();
    view! {
        <button class="menu__item is-scripted" type="button" on:click=move |_| order.step(row, false)>
            <Icon name="up" />
            {t("Move up")}
            <kbd class="kbd">"Alt ↑"</kbd>
        </button>
        <button class="menu__item is-scripted" type="button" on:click=move |_| order.step(row, true)>
            <Icon name="down" />
            {t("Move down")}
            <kbd class="kbd">"Alt ↓"</kbd>
        </button>
    }
}
