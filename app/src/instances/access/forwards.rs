//! Activate and Deactivate: whether the public port leads to the app.

use std::pin::Pin;

use crate::language::{fill, t};
use crate::paths::at;
use crate::request::{self, FormOrJson};
use crate::view;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos::web_sys::HtmlFormElement;
use types::forwards::Activation;
use types::instances::{InstanceId, Status};

use crate::ApiError;
use crate::instances::filter::Place;
#[cfg(feature = "ssr")]
use crate::instances::posted;
use crate::instances::row::part;
use crate::instances::{Row, Rows};
use crate::live::Live;
use crate::ui::{Icon, Toasts};

/// Makes the public port lead to an instance. When another has it, nothing changes unless `force` says so.
#[server(prefix = "/fn", endpoint = "activate_instance", protocol = FormOrJson)]
pub(crate) async fn activate_instance(
    id: InstanceId,
    #[server(default)] force: bool,
) -> Result<Activation, ApiError> {
    let activation = expect_context::<engine::Engine>()
        .instances
        .activate(id, force)
        .await?;
    Ok(answered(id, activation))
}

/// Gives an instance another public port, and makes that one lead to it.
#[server(prefix = "/fn", endpoint = "use_port", protocol = FormOrJson)]
pub(crate) async fn use_port(id: InstanceId, port: u16) -> Result<Activation, ApiError> {
    let instances = expect_context::<engine::Engine>().instances;
    let change = types::instances::InstanceChange {
        public_port: Some(Some(port)),
        ..Default::default()
    };
    instances.update(id, change, false).await?;
    Ok(answered(id, instances.activate(id, false).await?))
}

/// Closes the public port; the app goes on.
#[server(prefix = "/fn", endpoint = "deactivate_instance", protocol = FormOrJson)]
pub(crate) async fn deactivate_instance(id: InstanceId) -> Result<Activation, ApiError> {
    let instances = expect_context::<engine::Engine>().instances;
    Ok(linked(instances.deactivate(id).await?))
}

/// Without scripts the question of a conflict has a page of its own, which is left when it is answered.
#[cfg(feature = "ssr")]
fn answered(id: InstanceId, activation: Activation) -> Activation {
    let id = id.to_string();
    let question = [("takeover", id.as_str())];
    posted::lead_back(if activation.conflict { &question } else { &[] });
    linked(activation)
}

/// With the link as the asking browser sees it.
#[cfg(feature = "ssr")]
fn linked(mut activation: Activation) -> Activation {
    let origin = expect_context::<crate::links::RequestOrigin>();
    activation.instance = activation
        .instance
        .map(|instance| Box::new(origin.link(*instance)));
    activation
}

const ACTIVATE: &str = "port-activate";
const DEACTIVATE: &str = "port-deactivate";

/// The forms that the buttons of all rows submit when there are no scripts.
#[component]
pub fn ForwardForms() -> impl IntoView {
    [
        (ACTIVATE, ActivateInstance::url()),
        (DEACTIVATE, DeactivateInstance::url()),
    ]
    .map(|(id, address)| view! { <form id=id method="post" action=at(address) hidden></form> })
    .collect_view()
}

/// An answer under way; boxed, so that browsers carry what is done with it once.
type Answering = Pin<Box<dyn Future<Output = Result<Activation, ApiError>>>>;

/// Asks for the port, or lets it go; shows the answer.
#[derive(Clone, Copy)]
pub(super) struct Forwards {
    live: Live,
    toasts: Toasts,
    place: Place,
    rows: Rows,
}

impl Forwards {
    pub(super) fn from_context() -> Self {
        Self {
            live: Live::get(),
            toasts: expect_context(),
            place: expect_context(),
            rows: expect_context(),
        }
    }

    /// Activates; asks first when that takes the port from another instance.
    pub(super) fn activate(self, id: InstanceId, force: bool, busy: RwSignal<bool>) {
        self.show(id, busy, Box::pin(activate_instance(id, force)));
    }

    /// Takes another port, and activates it.
    pub(super) fn use_port(self, id: InstanceId, form: HtmlFormElement, busy: RwSignal<bool>) {
        self.show(id, busy, Box::pin(request::submit::<UsePort>(form)));
    }

    /// Deactivates.
    pub(super) fn deactivate(self, id: InstanceId, busy: RwSignal<bool>) {
        self.show(id, busy, Box::pin(deactivate_instance(id)));
    }

    fn show(self, id: InstanceId, busy: RwSignal<bool>, answer: Answering) {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = answer.await;
            // The page may be gone by now, and its signals with it.
            busy.try_set(false);
            match answer {
                Ok(Activation {
                    instance: Some(instance),
                    ..
                }) => self.live.answer(*instance),
                Ok(_) if self.rows.find(id).is_some() => self.place.open("takeover", id),
                Ok(_) => {}
                Err(error) => self.toasts.fail(&error),
            }
        });
    }
}

/// *Activate*, or a green *Deactivate* while the port is wanted.
#[component]
pub(super) fn ForwardButton(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let forwards = Forwards::from_context();
    let busy = RwSignal::new(false);
    let wanted = part(row, |instance| instance.port_active);
    let up = part(row, |instance| instance.forward_up);
    let has_port = part(row, |instance| instance.public_port.is_some());
    let ready = part(row, |instance| instance.status == Status::Started);
    let label = move || {
        let verb = if wanted.get() {
            t("Deactivate")
        } else {
            t("Activate")
        };
        row.instance.with(|instance| match instance.public_port {
            Some(port) => fill("{} port {} of {}", &[verb, &port.to_string(), &instance.name]),
            None => verb.to_owned(),
        })
    };
    let press = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if wanted.get_untracked() {
            forwards.deactivate(row.id, busy);
        } else {
            forwards.activate(row.id, false, busy);
        }
    };
    view! {
        <button
            class="button button--sm access__switch"
            class:is-on=up
            type="submit"
            form=move || if wanted.get() { DEACTIVATE } else { ACTIVATE }
            name="id"
            value=row.id.0
            hidden=move || !has_port.get()
            disabled=move || busy.get() || !wanted.get() && !ready.get()
            aria-label=label
            title=move || (!wanted.get() && !ready.get()).then_some(t("Start it first"))
            on:click=press
        >
            <Icon name=Signal::derive(move || if up.get() { "check" } else { "plug" }) class="icon--sm" />
            {move || if wanted.get() { t("Deactivate") } else { t("Activate") }}
        </button>
    }
}
