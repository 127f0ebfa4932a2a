//! The menu of the port: another port, another kind of link, the QR code.

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use types::instances::AccessPattern;

use super::settings::{PATTERNS, Settings};
use crate::instances::Row;
use crate::instances::draft::Field;
use crate::instances::edits::Edits;
use crate::instances::filter::Place;
use crate::instances::row::part;
use crate::ui::{Icon, Menu};

/// `Port 19001`, behind which everything about the access can be changed.
#[component]
pub(super) fn AccessMenu(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let place = expect_context::<Place>();
    let text = Signal::derive(move || {
        row.instance.with(|instance| {
            instance.public_port.map_or_else(
                || t("No port").to_owned(),
                |port| fill("Port {}", &[&port.to_string()]),
            )
        })
    });
    let label = Signal::derive(move || {
        row.instance
            .with(|instance| fill("{}: access of {}", &[&text.get(), &instance.name]))
    });
    view! {
        <Menu name=format!("access-{}", row.id) icon="down" label text class="access__port">
            <button
                class="menu__item is-scripted"
                type="button"
                on:click=move |_| edits.begin_at(row, &[Field::Port], "c-access")
            >
                <Icon name="edit" />
                {t("Change the port")}
            </button>
            <PatternItems row />
            <a class="menu__item" href=move || format!("{}#sec-access", place.with("open", row.id)) data-noscroll>
                <Icon name="info" />
                {t("Access and QR code")}
            </a>
        </Menu>
    }
}

/// The kinds of link; the present one is marked. Without scripts they stand in the drawer.
#[component]
fn PatternItems(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let pattern = part(row, |instance| instance.access_pattern);
    let item = move |(choice, word, _): (AccessPattern, &str, &str)| {
        let chosen = move || pattern.get() == choice;
        let settings = Settings::of(row);
        view! {
            <button
                class="menu__item is-scripted"
                type="button"
                aria-pressed=move || chosen().to_string()
                on:click=move |_| settings.set(Some(choice), None)
            >
                <Icon name=Signal::derive(move || if chosen() { "check" } else { "link" }) />
                {word}
            </button>
        }
    };
    PATTERNS.map(item).collect_view()
}
