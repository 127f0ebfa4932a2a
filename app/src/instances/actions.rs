//! What can be done with a row: the main step, Open or Why, and the rest in a menu.

use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::instances::Status;

use super::Row;
use super::access::link_of;
use super::commands::{Verb, VerbButton};
use super::draft::Field;
use super::edits::Edits;
use super::filter::Place;
use super::order::Order;
use super::row::part;
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
            "Save"
        </button>
        <button class="button actions__open" type="button" on:click=move |_| edits.give_up(row)>
            <Icon name=Signal::derive(move || if changed.get() { "undo" } else { "close" }) />
            {move || if changed.get() { "Undo" } else { "Cancel" }}
        </button>
    }
}

#[component]
fn MainAndOpen(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let status = part(row, |instance| instance.status);
    let main = Signal::derive(move || Verb::main_of(status.get()));
    let class = Signal::derive(move || match main.get() {
        Verb::Start => "button button--soft actions__main".to_owned(),
        _ => "button actions__main".to_owned(),
    });
    view! {
        <VerbButton id=row.id verb=main status class />
        <OpenButton row />
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
                "Why"
            </a>
        }
        .into_any(),
        Status::Started | Status::Starting | Status::Stalled => view! {
            <a class="button actions__open" href=url target="_blank" rel="noopener">
                <Icon name="open" />
                "Open"
            </a>
        }
        .into_any(),
        _ => view! {
            <button class="button actions__open" type="button" disabled title="It does not run">
                <Icon name="open" />
                "Open"
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
            .with(|instance| format!("More for {}", instance.name))
    });
    let class = Signal::stored("menu__item".to_owned());
    let edit = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        edits.begin_at(row, &Field::IN_ROW, "c-name");
    };
    view! {
        <Menu icon="more" label=label>
            <Show when=move || editing.get() && status.get().can_stop()>
                <VerbButton id=row.id verb=Signal::stored(Verb::Stop) status class />
            </Show>
            <VerbButton id=row.id verb=Signal::stored(Verb::Restart) status class />
            <a class="menu__item" href=at(&format!("/instances/{}/logs", row.id))>
                <Icon name="logs" />
                "Logs"
            </a>
            <a class="menu__item" href=at(&format!("/?log={}&tool=view#tools", row.id))>
                <Icon name="view" />
                "View"
            </a>
            <a class="menu__item" href=move || place.with("open", row.id) data-noscroll>
                <Icon name="info" />
                "Details"
            </a>
            <a class="menu__item" href=move || place.with("open", row.id) on:click=edit>
                <Icon name="edit" />
                "Edit"
            </a>
            <MoveItems row />
            <div class="menu__rule"></div>
            <a class="menu__item menu__item--danger" href=move || place.with("delete", row.id) data-noscroll>
                <Icon name="trash" />
                "Delete…"
            </a>
        </Menu>
    }
}

/// Moving by menu, for who neither drags nor knows the keys.
#[component]
fn MoveItems(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let order = expect_context::<Order>();
    let alive = crate::ui::hydrated();
    view! {
        <button class="menu__item" type="button" hidden=move || !alive.get() on:click=move |_| order.step(row, false)>
            <Icon name="up" />
            "Move up"
            <kbd class="kbd">"Alt ↑"</kbd>
        </button>
        <button class="menu__item" type="button" hidden=move || !alive.get() on:click=move |_| order.step(row, true)>
            <Icon name="down" />
            "Move down"
            <kbd class="kbd">"Alt ↓"</kbd>
        </button>
    }
}
