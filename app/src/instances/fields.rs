//! Fields that edit a row, the same in the table and in the drawer: they show what was typed, not what the
//! server says meanwhile.

pub mod blueprints;
pub mod gpus;
pub mod ports;
pub mod switches;

use crate::view;
use leptos::prelude::*;

pub use self::blueprints::{BlueprintField, BlueprintOptions};
pub use self::gpus::{GpuField, NewGpus};
pub use self::ports::PortField;
pub(super) use self::ports::{number, offers, port_option};
pub use self::switches::{FieldSwitch, RestartPolicyField};
use super::Row;
use super::draft::Field;
use super::edits::Edits;
use crate::ui::SelectBox;

/// Whether a field differs from the saved row.
fn changed(edits: Edits, row: Row, field: Field) -> Memo<bool> {
    crate::ui::memo(move || edits.was(row.id, field).is_some())
}

/// The name in the drawer's form.
fn form_name(field: Field) -> String {
    format!("form[{}]", field.column())
}

/// A line of text.
#[component]
pub fn TextField(
    /// Whose.
    row: Row,
    /// Which column.
    field: Field,
    /// Classes beside `input`.
    #[prop(optional)]
    class: &'static str,
    /// What an empty field means.
    #[prop(optional)]
    placeholder: &'static str,
    /// Id, where a label points at it.
    #[prop(optional)]
    id: &'static str,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let value = crate::ui::memo(move || edits.value(row, field));
    let is_changed = changed(edits, row, field);
    view! {
        <input
            class=format!("input {class}")
            class:is-changed=is_changed
            id=(!id.is_empty()).then_some(id)
            name=form_name(field)
            aria-label=id.is_empty().then_some(field.label())
            placeholder=placeholder
            autocomplete="off"
            spellcheck="false"
            value=value.get_untracked()
            prop:value=value
            on:input=move |event| edits.set(row, field, event_target_value(&event))
        />
    }
}

/// Several lines of text.
#[component]
pub fn LinesField(
    /// Whose.
    row: Row,
    /// Which column.
    field: Field,
    /// Id its label points at.
    id: &'static str,
    /// Lines shown.
    lines: u32,
    /// What an empty field means.
    placeholder: &'static str,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let value = crate::ui::memo(move || edits.value(row, field));
    let is_changed = changed(edits, row, field);
    view! {
        <textarea
            class="input input--mono"
            class:is-changed=is_changed
            id=id
            name=form_name(field)
            rows=lines
            placeholder=placeholder
            spellcheck="false"
            prop:value=value
            on:input=move |event| edits.set(row, field, event_target_value(&event))
        >
            {value.get_untracked()}
        </textarea>
    }
}

/// One of several values.
#[component]
fn ChoiceField(
    /// Whose.
    row: Row,
    /// Which column.
    field: Field,
    /// Id, where a label points at it.
    id: &'static str,
    /// The `<option>`s.
    children: Children,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let is_changed = changed(edits, row, field);
    view! {
        <SelectBox>
            <select
                class="input"
                class:is-changed=is_changed
                id=(!id.is_empty()).then_some(id)
                name=form_name(field)
                aria-label=id.is_empty().then_some(field.label())
                on:change=move |event| edits.set(row, field, event_target_value(&event))
            >
                {children()}
            </select>
        </SelectBox>
    }
}

/// One value of a choice.
#[component]
pub fn ChoiceOption(
    /// What is sent.
    value: String,
    /// What is read.
    #[prop(into)]
    text: Signal<String>,
    /// The present choice.
    chosen: Memo<String>,
) -> impl IntoView {
    let is_chosen = Memo::new({
        let value = value.clone();
        move |_| chosen.with(|chosen| *chosen == value)
    });
    view! {
        <option value=value selected=is_chosen.get_untracked() prop:selected=is_chosen>
            {text}
        </option>
    }
}
