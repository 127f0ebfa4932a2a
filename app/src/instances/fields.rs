//! Fields that edit a row, the same in the table and in the drawer: they show what was typed, not what the
//! server says meanwhile.

use crate::view;
use leptos::ev;
use leptos::prelude::*;
use types::instances::{Instance, InstanceId};

use super::draft::Field;
use super::edits::Edits;
use super::{Catalogue, Row, Rows};
use crate::ui::{SelectBox, list};

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

/// A blueprint of the catalogue, by category.
#[component]
pub fn BlueprintField(
    /// Whose.
    row: Row,
    /// Id, where a label points at it.
    #[prop(optional)]
    id: &'static str,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let value = crate::ui::memo(move || edits.value(row, Field::Blueprint));
    view! {
        <ChoiceField row field=Field::Blueprint id>
            <BlueprintOptions chosen=value />
        </ChoiceField>
    }
}

/// `<option>`s of the catalogue, grouped by category. A blueprint that is gone stays choosable.
#[component]
pub fn BlueprintOptions(
    /// The present choice.
    chosen: Memo<String>,
) -> impl IntoView {
    let groups = expect_context::<Catalogue>().by_category();
    let known = groups
        .iter()
        .flat_map(|(_, all)| all)
        .any(|(filename, _)| *filename == chosen.get_untracked());
    let lost = (!known)
        .then(|| chosen.get_untracked())
        .filter(|name| !name.is_empty());
    view! {
        {lost.map(|name| view! { <ChoiceOption value=name.clone() text=format!("{name} (not in the catalogue)") chosen /> })}
        {groups
            .into_iter()
            .map(|(category, all)| {
                view! {
                    <optgroup label=category>
                        {all
                            .into_iter()
                            .map(|(filename, name)| view! { <ChoiceOption value=filename text=name chosen /> })
                            .collect_view()}
                    </optgroup>
                }
            })
            .collect_view()}
    }
}

/// Free ports and those that other instances have: they may share one, and take turns.
pub(super) fn offers(mut free: Vec<u16>, rows: Rows) -> Vec<u16> {
    let held = |row: &Row| row.instance.with(|instance| instance.public_port);
    free.extend(rows.get().iter().filter_map(held));
    free.sort_unstable();
    free.dedup();
    free
}

/// Its key in lists.
pub(super) fn number(port: &u16) -> i64 {
    (*port).into()
}

/// A port, and whose it is already.
fn port_text(port: u16, rows: Rows, own: Option<InstanceId>) -> String {
    let rows = rows.get();
    let others = rows.iter().filter(|row| Some(row.id) != own);
    let holds = |instance: &Instance| (instance.public_port == Some(port)).then(|| instance.name.clone());
    let holders: Vec<String> = others.filter_map(|row| row.instance.with(holds)).collect();
    if holders.is_empty() {
        port.to_string()
    } else {
        format!("{port}, also {}", holders.join(", "))
    }
}

/// A port, free or shared, or none.
#[component]
pub fn PortField(
    /// Whose.
    row: Row,
    /// Id, where a label points at it.
    #[prop(optional)]
    id: &'static str,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let chosen = crate::ui::memo(move || edits.value(row, Field::Port));
    let rows = expect_context::<Rows>();
    edits.want_ports();
    let ports = move || {
        let mut free = edits.ports().unwrap_or_default();
        free.extend(chosen.get_untracked().parse::<u16>());
        offers(free, rows)
    };
    view! {
        <ChoiceField row field=Field::Port id>
            <ChoiceOption value=String::new() text="No port".to_owned() chosen />
            {list(ports, number, move |port| port_option(port, chosen, Some(row.id)))}
        </ChoiceField>
    }
}

/// A port to choose, by whichever names its holders have meanwhile.
pub(super) fn port_option(port: u16, chosen: Memo<String>, own: Option<InstanceId>) -> AnyView {
    let rows = expect_context::<Rows>();
    let text = crate::ui::memo(move || port_text(port, rows, own));
    view! { <ChoiceOption value=port.to_string() text chosen /> }
}

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
        <div class="segmented" role="radiogroup" aria-label="Restart when the app ends by itself">
            {item("never", "Never")}
            {item("on-failure", "After a failure")}
            {item("always", "Always")}
        </div>
    }
}

/// Starts with the panel or not.
#[component]
pub fn AutostartSwitch(
    /// Whose.
    row: Row,
    /// Whether it waits for the page to be alive: outside of a form it does nothing before.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Its label, where none stands beside it.
    #[prop(optional, into)]
    label: Option<Signal<String>>,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let on = crate::ui::memo(move || edits.value(row, Field::Autostart) == "true");
    view! {
        <input
            class="switch"
            type="checkbox"
            role="switch"
            name=form_name(Field::Autostart)
            value="true"
            aria-label=move || label.map(|label| label.get())
            checked=on.get_untracked()
            prop:checked=on
            disabled=disabled
            on:change=move |event: ev::Event| {
                edits.set(row, Field::Autostart, event_target_checked(&event).to_string());
            }
        />
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
