//! One row of the table.

use leptos::prelude::*;
use types::instances::{Instance, Status};

use super::commands::{Verb, VerbButton};
use super::status::StatusCell;
use super::{Catalogue, Row};
use crate::browser;
use crate::ui::{Icon, Menu, Toasts};

/// One instance.
#[component]
pub fn InstanceRow(
    /// Its signals.
    row: Row,
) -> impl IntoView {
    view! {
        <tr role="row">
            <td class="c-name" role="cell">
                <NameCell row />
            </td>
            <td class="c-gpu" role="cell">
                <GpuCell row />
            </td>
            <td class="c-status" role="cell">
                <StatusCell row />
            </td>
            <td class="c-access" role="cell">
                <AccessCell row />
            </td>
            <td class="c-auto" role="cell">
                {field(row, |instance| if instance.autostart { "On" } else { "Off" })}
            </td>
            <td class="c-act" role="cell">
                <ActionsCell row />
            </td>
        </tr>
    }
}

/// A part of the row that notifies only when it really changes.
pub fn field<T: Clone + PartialEq + Send + Sync + 'static>(
    row: Row,
    part: impl Fn(&Instance) -> T + Send + Sync + 'static,
) -> Memo<T> {
    Memo::new(move |_| row.instance.with(&part))
}

#[component]
fn NameCell(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let name = field(row, |instance| instance.name.clone());
    let kind = field(row, |instance| instance.blueprint_name.clone());
    view! {
        <div class="app-name">
            <Tile row />
            <a
                class="app-name__name truncate"
                id=format!("name-{}", row.id)
                href=format!("/?open={}", row.id)
                data-noscroll
                title=name
            >
                {name}
            </a>
            <span class="app-name__kind truncate">{kind}</span>
        </div>
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
    let blueprint = field(row, |instance| instance.base_blueprint.clone());
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
    let gpus = field(row, |instance| {
        instance.gpu_ids.clone().unwrap_or_else(|| "all".to_owned())
    });
    view! { <span class="gpu-tag">{gpus}</span> }
}

#[component]
fn AccessCell(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let url = field(row, |instance| instance.open_url.clone());
    let port = field(row, |instance| instance.public_port);
    let ready = field(row, |instance| instance.status == Status::Started);
    let copy = move |_| {
        if browser::copy(&url.get_untracked()) {
            toasts.say("The link is on the clipboard.");
        } else {
            toasts.say("This browser keeps the clipboard from the page; select the link and copy it.");
        }
    };
    view! {
        <div>
            <div class="access__url">
                <a class="truncate" class:faint=move || !ready.get() href=url title=url target="_blank" rel="noopener">
                    {move || url.with(|url| without_scheme(url).to_owned())}
                </a>
                <button
                    class="button button--icon button--sm"
                    type="button"
                    aria-label=move || row.instance.with(|instance| format!("Copy the link of {}", instance.name))
                    on:click=copy
                >
                    <Icon name="copy" class="icon--sm" />
                </button>
            </div>
            <div class="access__line">
                {move || port.get().map_or_else(|| "No port".to_owned(), |port| format!("Port {port}"))}
            </div>
        </div>
    }
}

/// Schemes say nothing in a narrow column.
fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

#[component]
fn ActionsCell(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let status = field(row, |instance| instance.status);
    let main = Signal::derive(move || Verb::main_of(status.get()));
    let main_class = Signal::derive(move || match main.get() {
        Verb::Start => "button button--soft actions__main".to_owned(),
        _ => "button actions__main".to_owned(),
    });
    let label = Signal::derive(move || {
        row.instance
            .with(|instance| format!("More for {}", instance.name))
    });
    let plain = Signal::stored("menu__item".to_owned());
    view! {
        <div class="actions">
            <VerbButton id=row.id verb=main status=status class=main_class />
            <OpenButton row />
            <Menu icon="more" label=label>
                <VerbButton id=row.id verb=Signal::stored(Verb::Restart) status=status class=plain />
                <a class="menu__item" href=format!("/instances/{}/logs", row.id)>
                    <Icon name="logs" />
                    "Logs"
                </a>
                <a class="menu__item" href=format!("/?open={}", row.id) data-noscroll>
                    <Icon name="edit" />
                    "Edit"
                </a>
                <div class="menu__rule"></div>
                <a class="menu__item menu__item--danger" href=format!("/?delete={}", row.id) data-noscroll>
                    <Icon name="trash" />
                    "Delete…"
                </a>
            </Menu>
        </div>
    }
}

/// Open while it runs, Why when it failed.
#[component]
fn OpenButton(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let url = field(row, |instance| instance.open_url.clone());
    let status = field(row, |instance| instance.status);
    move || match status.get() {
        Status::Error => view! {
            <a class="button actions__open" href=format!("/?open={}", row.id) data-noscroll>
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
            <button class="button actions__open" type="button" disabled>
                <Icon name="open" />
                "Open"
            </button>
        }
        .into_any(),
    }
}
