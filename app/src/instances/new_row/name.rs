//! The name of a new instance.

use crate::language::{said, t};
use crate::view;
use leptos::prelude::*;
use types::names::InstanceName;

use super::FORM;
use crate::browser;
use crate::instances::filter::Place;
use crate::instances::{Catalogue, Rows};

/// The name; until a person types one, it follows the blueprint.
#[component]
pub(super) fn NewName(
    /// The chosen blueprint.
    blueprint: Memo<String>,
    /// What is wrong with the last try.
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let catalogue = expect_context::<Catalogue>();
    let rows = expect_context::<Rows>();
    let kept = expect_context::<Place>().text("name");
    let typed = RwSignal::new(browser::written_early("new-name").or(kept));
    let name = crate::ui::memo(move || {
        typed.get().unwrap_or_else(|| {
            let name = catalogue.find(&blueprint.get()).map(|found| found.name);
            name.map(|name| free_name(&name, rows)).unwrap_or_default()
        })
    });
    let check = move |_| {
        if let Some(text) = typed.get_untracked().filter(|text| !text.is_empty()) {
            problem.set(
                InstanceName::new(&text)
                    .err()
                    .map(|invalid| said(&invalid.to_string())),
            );
        }
    };
    view! {
        <input
            class="input grow"
            id="new-name"
            form=FORM
            name="new[name]"
            aria-label=t("Name")
            placeholder=t("Name")
            required
            maxlength="64"
            autocomplete="off"
            aria-invalid=move || problem.get().map(|_| "true")
            aria-describedby=move || problem.get().map(|_| "new-error")
            value=name.get_untracked()
            prop:value=name
            on:input=move |event| {
                typed.set(Some(event_target_value(&event)));
                problem.set(None);
            }
            on:blur=check
        />
    }
}

/// `Datasette`, or `Datasette 2` when that is taken.
fn free_name(name: &str, rows: Rows) -> String {
    let taken: Vec<String> = rows
        .get()
        .iter()
        .map(|row| row.instance.with_untracked(|instance| lower(&instance.name)))
        .collect();
    let free = |candidate: &String| !taken.contains(&lower(candidate));
    std::iter::once(name.to_owned())
        .chain((2..=taken.len() + 1).map(|number| format!("{name} {number}")))
        .find(free)
        .unwrap_or_default()
}

/// As names are compared. One letter at a time, as the search does: the whole text's way would be another 4 kB.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
