//! Where an instance is reached: its link, its public port, and the way its link is built.

pub mod check;
pub mod forwards;
pub mod hostname;
pub mod menu;
pub mod settings;
pub mod takeover;

use crate::language::{fill, said, t};
use crate::view;
use leptos::prelude::*;
use types::instances::{Instance, Status};

use super::Row;
use super::draft::Field;
use super::edits::Edits;
use super::fields::PortField;
use super::row::part;
use crate::browser;
use crate::ui::{Icon, Toasts};
use forwards::ForwardButton;
use menu::AccessMenu;

/// Link, port, and whether the port leads to the app.
#[component]
pub fn AccessCell(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let editing = crate::ui::memo(move || edits.is_open(row.id, Field::Port));
    view! {
        <div class="access access--switch">
            <div>
                <Link row />
                {move || {
                    if editing.get() {
                        view! { <PortField row /> }
                    } else {
                        view! { <PortLine row /> }
                    }
                }}
            </div>
            <ForwardButton row />
        </div>
    }
}

/// The port, its state, and what can be done about it.
#[component]
fn PortLine(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let state = part(row, port_state);
    view! {
        <div class="access__line">
            <AccessMenu row />
            {move || state.with(|(tone, text)| view! { <span class=*tone title=text.clone()>"· " {text.clone()}</span> })}
        </div>
    }
}

/// What is true of the public port, in words; and the class that colours them.
fn port_state(instance: &Instance) -> (&'static str, String) {
    if instance.public_port.is_none() {
        return ("", t("reached through the panel").to_owned());
    }
    if instance.forward_up {
        return ("text-ok", t("active").to_owned());
    }
    if !instance.forward_reason.is_empty() {
        return ("text-warn", said(&instance.forward_reason));
    }
    let text = match (instance.port_active, instance.status) {
        (true, Status::Queued | Status::Installing | Status::Starting | Status::Stalled) => {
            t("opens when ready")
        }
        (true, Status::Started) => t("opening"),
        (true, _) => t("opens when it runs"),
        (false, _) => t("off"),
    };
    ("", text.to_owned())
}

/// The link of an instance as this browser reaches it.
pub(crate) fn link_of(row: Row) -> Memo<String> {
    part(row, |instance| instance.open_url.clone())
}

/// The link, with a button that copies it.
#[component]
pub fn Link(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let url = link_of(row);
    let ready = part(row, |instance| instance.status == Status::Started);
    let copy = move |_| {
        if browser::copy(&url.get_untracked()) {
            toasts.say(t("The link is on the clipboard."));
        } else {
            toasts.say(t(
                "This browser keeps the clipboard from the page; select the link and copy it.",
            ));
        }
    };
    let label = move || {
        row.instance
            .with(|instance| fill("Copy the link of {}", &[&instance.name]))
    };
    view! {
        <div class="access__url">
            <a class="truncate" class:muted=move || !ready.get() href=url title=url target="_blank" rel="noopener">
                {move || url.with(|url| without_scheme(url).to_owned())}
            </a>
            <button class="button button--icon button--sm" type="button" aria-label=label on:click=copy>
                <Icon name="copy" class="icon--sm" />
            </button>
        </div>
    }
}

/// Schemes say nothing in a narrow column.
fn without_scheme(url: &str) -> &str {
    url.split_once(':')
        .and_then(|(_, rest)| rest.strip_prefix("//"))
        .unwrap_or(url)
}
