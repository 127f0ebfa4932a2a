//! What is on or off, and what is one of a few.

use crate::language::t;
use crate::view;
use leptos::ev;
use leptos::prelude::*;

use super::form_name;
use crate::instances::Row;
use crate::instances::draft::Field;
use crate::instances::edits::Edits;

/// What happens when the app ends by itself.
#[component]
pub fn RestartPolicyField(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let chosen = crate::ui::memo(move || edits.value(row, Field::RestartPolicy));
    let item = move |value: &'static str, text: &'static str| {
        view! {
            <label class="segmented__item">
                <input
                    type="radio"
                    name=form_name(Field::RestartPolicy)
                    value=value
                    checked=chosen.get_untracked() == value
                    prop:checked=move || chosen.get() == value
                    on:change=move |_| edits.set(row, Field::RestartPolicy, value.to_owned())
                />
                {text}
            </label>
        }
    };
    view! {
        <div class="segmented" role="radiogroup" aria-label=t("Restart when the app ends by itself")>
            {item("never", t("Never"))}
            {item("on-failure", t("After a failure"))}
            {item("always", t("Always"))}
        </div>
    }
}

/// What is on or off.
#[component]
pub fn FieldSwitch(
    /// Whose.
    row: Row,
    /// Which.
    field: Field,
    /// Whether it waits for the page to be alive: outside of a form it does nothing before.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Its label, where none stands beside it.
    #[prop(optional, into)]
    label: Option<Signal<String>>,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let on = crate::ui::memo(move || edits.value(row, field) == "true");
    view! {
        <input
            class="switch"
            type="checkbox"
            role="switch"
            name=form_name(field)
            value="true"
            aria-label=move || label.map(|label| label.get())
            checked=on.get_untracked()
            prop:checked=on
            disabled=disabled
            on:change=move |event: ev::Event| {
                edits.set(row, field, event_target_checked(&event).to_string());
            }
        />
    }
}
