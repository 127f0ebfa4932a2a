//! Creating: what the new row sends, and what becomes of it.

use crate::language::fill;
use crate::paths::at;
use crate::request::{self, FormOrJson};
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use types::instances::Instance;

use super::FORM;
use crate::ApiError;
use crate::browser;
use crate::instances::filter::Place;
#[cfg(feature = "ssr")]
use crate::instances::posted;
use crate::live::Live;
use crate::ui::Toasts;

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
        posted::send_back(CreateInstance::url(), error, &new.address());
    })?;
    // Without scripts the browser goes back to the address with the new row; that row is done.
    leptos_axum::redirect("/");
    Ok(origin.link(instance))
}

#[cfg(feature = "ssr")]
impl NewForm {
    /// As [`NewRow`](super::NewRow) reads it back.
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
                    toasts.say(fill(
                        "Created {}. Start builds its environment.",
                        &[&instance.name],
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
