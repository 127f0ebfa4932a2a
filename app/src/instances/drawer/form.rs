//! The configuration: one form, saved through the preview with scripts and as a whole without.

use crate::language::t;
use crate::paths::at;
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::instances::Row;
use crate::instances::draft::Field;
use crate::instances::edits::{Edits, UpdateInstance};
use crate::instances::fields::{
    BlueprintField, FieldSwitch, GpuField, LinesField, PortField, RestartPolicyField, TextField,
};
use crate::instances::filter::Place;
use crate::instances::row::part;
use crate::ui::{ErrorNote, hydrated};

/// Id of the form; its button stands in the foot of the drawer.
pub const FORM: &str = "edit-form";

/// Both sections of the form.
#[component]
pub fn Configuration(
    /// Whose.
    row: Row,
    /// Whether the machine can show no desktops.
    lacks_desktops: RwSignal<bool>,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let alive = hydrated();
    let version = part(row, |instance| instance.row_version);
    let active = part(row, |instance| instance.status.is_active());
    let place = expect_context::<Place>();
    let problem = crate::ui::memo(move || {
        edits
            .problem(row.id)
            .or_else(|| place.refusal(UpdateInstance::url()))
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        edits.save(row.id);
    };
    view! {
        <form class="stack stack--wide" id=FORM method="post" action=at(UpdateInstance::url()) on:submit=submit>
            <input type="hidden" name="id" value=row.id.0 />
            <input type="hidden" name="row_version" value=version />
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            <section class="section" id="sec-configuration">
                <h3 class="section__title">{t("Configuration")}</h3>
                <Basics row lacks_desktops />
            </section>
            <section class="section" id="sec-environment">
                <h3 class="section__title">{t("Environment")}</h3>
                <Environment row />
            </section>
            <label class="option" hidden=move || alive.get() || !active.get()>
                <input class="check" type="checkbox" name="restart" value="true" />
                <span class="option__text">
                    {t("Restart it when a changed value needs it")}
                    <span class="faint">{t("Otherwise the new values take effect at the next start.")}</span>
                </span>
            </label>
        </form>
    }
}

#[component]
fn Basics(
    /// Whose.
    row: Row,
    /// Whether the machine can show no desktops.
    lacks_desktops: RwSignal<bool>,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    // What is on can always be switched off.
    let lacking = crate::ui::memo(move || lacks_desktops.get() && edits.value(row, Field::Desktop) != "true");
    let about_desktops = move || {
        if lacking.get() {
            t("This machine cannot show desktops yet; “Desktop” below says what to do.")
        } else {
            t("A desktop of its own, which goes on when every tab is closed.")
        }
    };
    view! {
        <div class="form-grid">
            <Labelled text=t("Name") id="edit-name" row field=Field::Name>
                <TextField row field=Field::Name id="edit-name" />
            </Labelled>
            <Labelled text=t("Blueprint") id="edit-blueprint" row field=Field::Blueprint hint=t("Its launch.sh is kept.")>
                <BlueprintField row id="edit-blueprint" />
            </Labelled>
            <GpuField row />
            <Labelled text=t("Port") id="edit-port" row field=Field::Port>
                <PortField row id="edit-port" />
            </Labelled>
            <Labelled
                text=t("Output folder")
                id="edit-output"
                row
                field=Field::OutputPath
                hint=t("Below outputs/ of the data directory; empty means the instance’s own name there.")
            >
                <TextField row field=Field::OutputPath id="edit-output" class="input--mono" />
            </Labelled>
            <div class="field">
                <span class="field__label">{t("Restart when it ends by itself")}</span>
                <RestartPolicyField row />
                <label class="option">
                    <FieldSwitch row field=Field::Autostart />
                    <span>{t("Start with the panel")}</span>
                </label>
                <label class="option">
                    <FieldSwitch row field=Field::Desktop disabled=lacking />
                    <span class="option__text">
                        {t("Persistent UI")}
                        <span class="faint">{about_desktops}</span>
                    </span>
                </label>
            </div>
            <div class="span">
                <Labelled
                    text=t("Launch arguments")
                    id="edit-arguments"
                    row
                    field=Field::LaunchArgs
                    hint=t("Added to the app’s command line; lines that start with # are skipped.")
                >
                    <LinesField row field=Field::LaunchArgs id="edit-arguments" lines=3 placeholder="--lowvram" />
                </Labelled>
            </div>
        </div>
    }
}

#[component]
fn Environment(
    /// Whose.
    row: Row,
) -> impl IntoView {
    view! {
        <div class="form-grid form-grid--three">
            <Labelled text="Python" id="edit-python" row field=Field::Python>
                <TextField row field=Field::Python id="edit-python" class="input--mono" placeholder=t("as the blueprint says") />
            </Labelled>
            <Labelled text="CUDA" id="edit-cuda" row field=Field::Cuda>
                <TextField row field=Field::Cuda id="edit-cuda" class="input--mono" placeholder=t("as the blueprint says") />
            </Labelled>
            <Labelled text="torch" id="edit-torch" row field=Field::Torch>
                <TextField row field=Field::Torch id="edit-torch" class="input--mono" placeholder=t("as the blueprint says") />
            </Labelled>
        </div>
        <Labelled text=t("Variables") id="edit-variables" row field=Field::EnvVars hint=t("One NAME=value a line.")>
            <LinesField row field=Field::EnvVars id="edit-variables" lines=4 placeholder="HF_HOME=/cache/hf" />
        </Labelled>
    }
}

/// A field with its label above and its hint, or its saved value, below.
#[component]
pub(in crate::instances) fn Labelled(
    /// The label.
    text: &'static str,
    /// Id of the field.
    id: &'static str,
    /// Whose.
    row: Row,
    /// Which column.
    field: Field,
    /// Help below.
    #[prop(optional)]
    hint: &'static str,
    /// The field.
    children: Children,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let was = crate::ui::memo(move || edits.was(row.id, field));
    view! {
        <div class="field">
            <label class="field__label" for=id>
                {text}
            </label>
            {children()}
            {move || match was.get() {
                Some(was) => Some(view! { <span class="was">{t("was ")} {first_line(&was)}</span> }.into_any()),
                None if hint.is_empty() => None,
                None => Some(view! { <span class="field__hint">{hint}</span> }.into_any()),
            }}
        </div>
    }
}

/// Long values would push the form around.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(40).collect();
    if short.len() < text.len() {
        format!("{short}…")
    } else {
        short
    }
}
