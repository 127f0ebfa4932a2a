//! A new instance.

use leptos::prelude::*;
use types::blueprints::Blueprint;
use types::instances::NewInstance;

use super::edit::{field, is_on, text};
use super::{Area, Frame, Typed, choice, labelled, line};
use crate::instances::draft::Field;
use crate::language::{fill, t};
use crate::paths::at;
use crate::view;

/// Where the forms are sent to.
const PATH: &str = "/lite/new";

/// The page with every field.
pub fn page(frame: &Frame, blueprints: &[Blueprint], ports: &[u16], typed: &Typed) -> String {
    let autostart = is_on(typed, Field::Autostart.column());
    let inside = view! {
        <fieldset class="v">
            {labelled(t("Name"), name(typed), "")}
            {labelled(t("Blueprint"), blueprint(blueprints, typed), "")}
            {labelled(t("GPUs"), gpus(typed), t("Numbers such as 0,1, or UUIDs; empty means all."))}
            {labelled(t("Port"), port(ports, typed), "")}
            {field(Field::OutputPath, text(typed, Field::OutputPath.column()), None)}
            {field(Field::RestartPolicy, text(typed, Field::RestartPolicy.column()), None)}
            {field(Field::Python, text(typed, Field::Python.column()), None)}
            {field(Field::Cuda, text(typed, Field::Cuda.column()), None)}
            {field(Field::Torch, text(typed, Field::Torch.column()), None)}
            {field(Field::LaunchArgs, text(typed, Field::LaunchArgs.column()), None)}
            {field(Field::EnvVars, text(typed, Field::EnvVars.column()), None)}
            <label class="c all">
                <input type="checkbox" name=Field::Autostart.column() value="true" checked=autostart />
                <span>{t("Start with the panel")}</span>
            </label>
            <p class="bs"><input type="submit" class="p" value=t("Create") /> " " <a class="bt" href=at("/lite")>{t("Cancel")}</a></p>
        </fieldset>
    };
    let content = view! { <section>{frame.form(PATH, inside)}</section> };
    frame.page(Area::New, t("New instance"), content)
}

/// The form below the list: what most people choose.
pub(super) fn short_form(frame: &Frame, blueprints: &[Blueprint], typed: &Typed) -> AnyView {
    frame.form(
        PATH,
        view! {
            <fieldset>
                {labelled(t("Name"), name(typed), "")}
                {labelled(t("Blueprint"), blueprint(blueprints, typed), "")}
                {labelled(t("GPUs"), gpus(typed), "")}
                <input type="submit" class="p" value=t("Create") />
                " "
                <a href=at(PATH)>{t("More choices")}</a>
            </fieldset>
        },
    )
}

fn name(typed: &Typed) -> AnyView {
    view! { <input name="name" value=text(typed, "name").to_owned() required maxlength="64" autocomplete="off" size="24" /> }
}

fn blueprint(blueprints: &[Blueprint], typed: &Typed) -> AnyView {
    let options: Vec<(String, String)> = blueprints
        .iter()
        .map(|blueprint| (blueprint.filename.clone(), blueprint.name.clone()))
        .collect();
    choice(
        Field::Blueprint.column(),
        text(typed, Field::Blueprint.column()),
        &options,
    )
}

fn gpus(typed: &Typed) -> AnyView {
    line(Field::Gpus.column(), text(typed, Field::Gpus.column()), t("all"))
}

fn port(ports: &[u16], typed: &Typed) -> AnyView {
    let next = ports
        .first()
        .map(|port| fill("{} (next free)", &[&port.to_string()]));
    let mut options = vec![(String::new(), next.unwrap_or_else(|| t("next free").to_owned()))];
    options.extend(
        ports
            .iter()
            .skip(1)
            .map(|port| (port.to_string(), port.to_string())),
    );
    choice(Field::Port.column(), text(typed, Field::Port.column()), &options)
}

/// What the form asks for, as the engine is told.
pub fn wanted(typed: &Typed) -> NewInstance {
    let mut change = types::instances::InstanceChange::default();
    for field in Field::EVERY {
        field.write(&mut change, text(typed, field.column()));
    }
    NewInstance {
        name: change.name.unwrap_or_default(),
        base_blueprint: change.base_blueprint.unwrap_or_default(),
        gpu_ids: change.gpu_ids.flatten(),
        autostart: change.autostart.unwrap_or_default(),
        public_port: change.public_port.flatten(),
        output_path: change.output_path.flatten(),
        python_version: change.python_version.flatten(),
        cuda_version: change.cuda_version.flatten(),
        torch_version: change.torch_version.flatten(),
        env_vars: change.env_vars.unwrap_or_default(),
        launch_args: change.launch_args.unwrap_or_default(),
        restart_policy: change.restart_policy.unwrap_or_default(),
        ..NewInstance::default()
    }
}
