//! A new instance: a row with fields on top of the table.

use crate::paths::at;
use crate::request::{self, FormOrJson};
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use types::instances::Instance;
use types::names::InstanceName;

use super::edits::Edits;
use super::fields::{BlueprintOptions, number, offers, port_option};
use super::filter::Place;
use super::{Catalogue, Rows};
use crate::ApiError;
use crate::browser;
use crate::live::Live;
use crate::ui::{Icon, SelectBox, Toasts, list};

/// The form all its fields belong to; a form cannot stand between the cells of a table.
const FORM: &str = "new-instance";

/// What the new row sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewForm {
    name: String,
    base_blueprint: String,
    gpu_ids: String,
    public_port: String,
    autostart: bool,
}

/// Adds a stopped instance.
#[server(prefix = "/fn", endpoint = "create_instance", protocol = FormOrJson)]
pub(crate) async fn create_instance(new: NewForm) -> Result<Instance, ApiError> {
    let wanted = types::instances::NewInstance {
        name: new.name.clone(),
        base_blueprint: new.base_blueprint.clone(),
        gpu_ids: Some(new.gpu_ids.clone()).filter(|gpus| !gpus.trim().is_empty()),
        public_port: new.public_port.parse().ok(),
        autostart: new.autostart,
        ..Default::default()
    };
    let origin = expect_context::<crate::links::RequestOrigin>();
    let created = expect_context::<engine::Engine>().instances.create(wanted).await;
    let instance = created.map_err(ApiError::from).inspect_err(|error| {
        super::posted::send_back(CreateInstance::url(), error, &new.address());
    })?;
    // Without scripts the browser goes back to the address with the new row; that row is done.
    leptos_axum::redirect("/");
    Ok(origin.link(instance))
}

#[cfg(feature = "ssr")]
impl NewForm {
    /// As [`NewRow`] reads it back.
    fn address(&self) -> [(&'static str, &str); 5] {
        let autostart = if self.autostart { "true" } else { "" };
        [
            ("new", &self.base_blueprint),
            ("name", &self.name),
            ("gpus", &self.gpu_ids),
            ("port", &self.public_port),
            ("autostart", autostart),
        ]
    }
}

/// The form; it has to stand outside of the table.
#[component]
pub fn NewInstanceForm(
    /// What is wrong with the last try.
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let place = expect_context::<Place>();
    let live = Live::get();
    let busy = StoredValue::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = request::form(&event) else {
            return;
        };
        if busy.get_value() {
            return;
        }
        busy.set_value(true);
        spawn_local(async move {
            let answer = request::submit::<CreateInstance>(form).await;
            busy.try_set_value(false);
            match answer {
                Ok(instance) => {
                    let name = format!("name-{}", instance.id);
                    toasts.say(format!(
                        "Created {}. Start builds its environment.",
                        instance.name
                    ));
                    live.answer(instance);
                    place.show_all();
                    request_animation_frame(move || browser::focus(&name));
                }
                Err(error) => {
                    problem.try_set(Some(error.to_string()));
                }
            }
        });
    };
    view! { <form id=FORM method="post" action=at(CreateInstance::url()) on:submit=submit hidden></form> }
}

/// The row.
#[component]
pub fn NewRow(
    /// What is wrong with the last try.
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let place = expect_context::<Place>();
    let catalogue = expect_context::<Catalogue>();
    expect_context::<Edits>().want_ports();
    let wanted = catalogue.find(&place.text("new").unwrap_or_default());
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
                <input
                    class="input"
                    form=FORM
                    name="new[gpu_ids]"
                    aria-label="GPUs"
                    placeholder="all"
                    title="Numbers such as 0,1, or UUIDs; empty means all"
                    autocomplete="off"
                    value=place.text("gpus")
                />
            </td>
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
                    aria-label="Autostart the new instance"
                />
            </td>
            <td class="c-act" role="cell">
                <div class="actions">
                    <button class="button button--soft actions__main" type="submit" form=FORM>
                        <Icon name="check" />
                        "Create"
                    </button>
                    <a class="button actions__open" href=move || place.home() data-noscroll>
                        <Icon name="close" />
                        "Cancel"
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
            <span class="status__word">"New"</span>
            <span class="status__note">"Not created yet"</span>
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
                    aria-label="Blueprint"
                    required
                    on:change=move |event| blueprint.set(event_target_value(&event))
                >
                    <option value="" selected=blueprint.get_untracked().is_empty()>
                        "Blueprint"
                    </option>
                    <BlueprintOptions chosen />
                </select>
            </SelectBox>
        </span>
    }
}

/// The name; until a person types one, it follows the blueprint.
#[component]
fn NewName(
    /// The chosen blueprint.
    blueprint: Memo<String>,
    /// What is wrong with the last try.
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let catalogue = expect_context::<Catalogue>();
    let rows = expect_context::<Rows>();
    let typed = RwSignal::new(expect_context::<Place>().text("name"));
    let name = crate::ui::memo(move || {
        typed.get().unwrap_or_else(|| {
            let name = catalogue.find(&blueprint.get()).map(|found| found.name);
            name.map(|name| free_name(&name, rows)).unwrap_or_default()
        })
    });
    let check = move |_| {
        if let Some(text) = typed.get_untracked().filter(|text| !text.is_empty()) {
            problem.set(InstanceName::new(&text).err().map(|invalid| invalid.to_string()));
        }
    };
    view! {
        <input
            class="input grow"
            id="new-name"
            form=FORM
            name="new[name]"
            aria-label="Name"
            placeholder="Name"
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
        .map(|row| {
            row.instance
                .with_untracked(|instance| instance.name.to_lowercase())
        })
        .collect();
    let free = |candidate: &String| !taken.contains(&candidate.to_lowercase());
    std::iter::once(name.to_owned())
        .chain((2..=taken.len() + 1).map(|number| format!("{name} {number}")))
        .find(free)
        .unwrap_or_default()
}

/// The port, by default the lowest free one.
#[component]
fn NewPort() -> impl IntoView {
    let edits = expect_context::<Edits>();
    let asked = expect_context::<Place>().text("port").unwrap_or_default();
    let chosen = crate::ui::memo(move || asked.clone());
    let first = move || match edits.ports().as_deref() {
        None => "Next free port".to_owned(),
        Some([]) => "No free port".to_owned(),
        Some([first, ..]) => format!("{first} (next free)"),
    };
    let rows = expect_context::<Rows>();
    let others = move || {
        let free = edits.ports().unwrap_or_default();
        offers(free.into_iter().skip(1).collect(), rows)
    };
    view! {
        <SelectBox>
            <select class="input" form=FORM name="new[public_port]" aria-label="Port">
                <option value="">{first}</option>
                {list(others, number, move |port| port_option(port, chosen, None))}
            </select>
        </SelectBox>
    }
}
