//! A new instance: a row with fields on top of the table.

pub mod create;
pub mod name;

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;

pub(crate) use self::create::CreateInstance;
pub use self::create::{NewForm, NewInstanceForm};
use self::name::NewName;
use super::edits::Edits;
use super::fields::{BlueprintOptions, NewGpus, number, offers, port_option};
use super::filter::Place;
use super::{Catalogue, Rows};
use crate::browser;
use crate::ui::{Icon, SelectBox, list};

/// The form all its fields belong to; a form cannot stand between the cells of a table.
const FORM: &str = "new-instance";

/// The row.
#[component]
pub fn NewRow(
    /// What is wrong with the last try.
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let place = expect_context::<Place>();
    let catalogue = expect_context::<Catalogue>();
    expect_context::<Edits>().want_ports();
    let asked = browser::written_early("new-blueprint").or_else(|| place.text("new"));
    let wanted = catalogue.find(&asked.unwrap_or_default());
    let blueprint = RwSignal::new(
        wanted
            .as_ref()
            .map(|wanted| wanted.filename.clone())
            .unwrap_or_default(),
    );
    let chosen = crate::ui::memo(move || blueprint.get());
    let focused = if wanted.is_some() {
        "new-name"
    } else {
        "new-blueprint"
    };
    crate::ui::effect(move || browser::focus(focused));
    view! {
        <tr class="is-new" role="row">
            <td class="c-check" role="cell"></td>
            <td class="c-name" role="cell">
                <span class="row">
                    <NewName blueprint=chosen problem />
                    <NewBlueprint blueprint chosen />
                </span>
                {move || problem.get().map(|text| view! { <Refusal text /> })}
            </td>
            <td class="c-gpu" role="cell">
                <NewGpus form=FORM asked=place.text("gpus").unwrap_or_default() />
            </td>
            <td class="c-load" role="cell"></td>
            <td class="c-status" role="cell">
                <NotThereYet />
            </td>
            <td class="c-access" role="cell">
                <NewPort />
            </td>
            <td class="c-auto" role="cell">
                <input
                    class="switch"
                    type="checkbox"
                    role="switch"
                    form=FORM
                    name="new[autostart]"
                    value="true"
                    checked=place.text("autostart").is_some_and(|text| text == "true")
                    aria-label=t("Autostart the new instance")
                />
            </td>
            <td class="c-act" role="cell">
                <div class="actions">
                    <button class="button button--soft actions__main" type="submit" form=FORM>
                        <Icon name="check" />
                        {t("Create")}
                    </button>
                    <a class="button actions__open" href=move || place.home() data-noscroll>
                        <Icon name="close" />
                        {t("Cancel")}
                    </a>
                </div>
            </td>
        </tr>
    }
}

/// Where other rows show their status.
#[component]
fn NotThereYet() -> impl IntoView {
    view! {
        <span class="status status--busy status--down">
            <svg class="status__shape" aria-hidden="true">
                <use href="#s-new" />
            </svg>
            <span class="status__word">{t("New")}</span>
            <span class="status__note">{t("Not created yet")}</span>
        </span>
    }
}

/// Why the server did not create it.
#[component]
fn Refusal(
    /// A sentence.
    text: String,
) -> impl IntoView {
    view! {
        <span class="field__error" id="new-error" role="alert">
            <Icon name="alert" class="icon--sm" />
            {text}
        </span>
    }
}

#[component]
fn NewBlueprint(
    /// Where the choice goes.
    blueprint: RwSignal<String>,
    /// The same, to be read.
    chosen: Memo<String>,
) -> impl IntoView {
    view! {
        <span class="row__fixed">
            <SelectBox>
                <select
                    class="input"
                    id="new-blueprint"
                    form=FORM
                    name="new[base_blueprint]"
                    aria-label=t("Blueprint")
                    required
                    on:change=move |event| blueprint.set(event_target_value(&event))
                >
                    <option value="" selected=blueprint.get_untracked().is_empty()>
                        {t("Blueprint")}
                    </option>
                    <BlueprintOptions chosen />
                </select>
            </SelectBox>
        </span>
    }
}

/// The port, by default the lowest free one.
#[component]
fn NewPort() -> impl IntoView {
    let edits = expect_context::<Edits>();
    let asked = expect_context::<Place>().text("port").unwrap_or_default();
    let chosen = crate::ui::memo(move || asked.clone());
    let first = move || match edits.ports().as_deref() {
        None => t("Next free port").to_owned(),
        Some([]) => t("No free port").to_owned(),
        Some([first, ..]) => fill("{} (next free)", &[&first.to_string()]),
    };
    let rows = expect_context::<Rows>();
    let others = move || {
        let free = edits.ports().unwrap_or_default();
        offers(free.into_iter().skip(1).collect(), rows)
    };
    view! {
        <SelectBox>
            <select class="input" form=FORM name="new[public_port]" aria-label=t("Port")>
                <option value="">{first}</option>
                {list(others, number, move |port| port_option(port, chosen, None))}
            </select>
        </SelectBox>
    }
}
