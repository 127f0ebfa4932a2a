//! Adding a satellite: the form for it.

use crate::language::{fill, t};
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use types::instances::{Instance, InstanceId};

use super::Row;
use super::filter::Place;
use super::question::{self, Asked};
use crate::ApiError;
use crate::live::Live;
use crate::ui::{Icon, Toasts};

/// Adds a satellite; an empty name means the parent's and “satellite”.
#[server(prefix = "/fn", endpoint = "add_satellite", protocol = FormOrJson)]
pub(crate) async fn add_satellite(
    id: InstanceId,
    #[server(default)] name: String,
    #[server(default)] gpu_ids: String,
) -> Result<Instance, ApiError> {
    use leptos::server_fn::ServerFn as _;
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instances = expect_context::<engine::Engine>().instances;
    let new = types::copies::NewSatellite {
        new_name: Some(name.clone()),
        gpu_ids: Some(gpu_ids.clone()),
        ..types::copies::NewSatellite::default()
    };
    let added = instances.instantiate(id, new).await.map_err(ApiError::from);
    let added = added.inspect_err(|error| {
        let id = id.to_string();
        let typed = [("satellite", id.as_str()), ("name", &name), ("gpus", &gpu_ids)];
        super::posted::send_back(AddSatellite::url(), error, &typed);
    })?;
    super::posted::lead_back(&[]);
    Ok(origin.link(added))
}

/// The dialog, while the address names an instance that gets a satellite.
#[component]
pub fn SatelliteDialog() -> impl IntoView {
    question::dialog(
        "satellite",
        |instance| fill("Add a satellite to {}", &[&instance.name]),
        form,
    )
}

fn form(row: Row) -> AnyView {
    let place = expect_context::<Place>();
    let toasts = expect_context::<Toasts>();
    let live = Live::get();
    let (parent, of_parent) = row.instance.with_untracked(|instance| {
        (
            instance.name.clone(),
            instance.gpu_ids.clone().unwrap_or_default(),
        )
    });
    let gpus = place.text("gpus").unwrap_or(of_parent);
    let fields = view! {
        <label class="field">
            <span class="field__label">{t("Name")}</span>
            <input
                class="input"
                name="name"
                value=place.text("name")
                placeholder=fill("{} satellite", &[&parent])
                maxlength="64"
                autocomplete="off"
                autofocus
            />
        </label>
        <label class="field">
            <span class="field__label">{t("GPUs")}</span>
            <input class="input" name="gpu_ids" value=gpus placeholder=t("all") autocomplete="off" />
        </label>
        <ul class="consequences">
            <li>
                <Icon name="branch" />
                <span>{t("It runs the same script, in the same folder and with the same environment. Nothing is copied.")}</span>
            </li>
            <li>
                <Icon name="check" />
                <span>{t("Port, GPUs, arguments, variables, logs and outputs are its own; both can run at once.")}</span>
            </li>
            <li>
                <Icon name="info" />
                <span>{t("While it runs, the script and the environment cannot be changed.")}</span>
            </li>
        </ul>
    };
    question::form::<AddSatellite>(row, Asked::new(fields, t("Add satellite")), move || {
        Box::new(move |added| {
            toasts.say(fill("{} stands under its parent.", &[&added.name]));
            live.answer(added);
        })
    })
}
