//! Start, stop, restart: forms without scripts, one request with them.

use crate::language::t;
use crate::paths::at;
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use types::instances::{Instance, InstanceId, Status};

use super::filter::Place;
use crate::ApiError;
use crate::few::Few;
use crate::live::Live;
use crate::ui::{Icon, Toasts};

/// The code of a refusal to start: too little GPU memory is free.
pub(super) const NO_ROOM: &str = "no_gpu_room";

/// Asks an instance to start; where it would not find enough GPU memory, only when it is to start `anyway`.
#[server(prefix = "/fn", endpoint = "start_instance", protocol = FormOrJson)]
pub(crate) async fn start_instance(
    id: InstanceId,
    #[server(default)] anyway: bool,
) -> Result<Instance, ApiError> {
    if !anyway {
        super::start::ask_first(id).await?;
    }
    let origin = expect_context::<crate::links::RequestOrigin>();
    let started = expect_context::<engine::Engine>().instances.start(id).await;
    super::start::lead_on(StartInstance::url(), id, anyway, started.map_err(ApiError::from))
        .map(|instance| origin.link(instance))
}

/// Asks an instance to stop.
#[server(prefix = "/fn", endpoint = "stop_instance", protocol = FormOrJson)]
pub(crate) async fn stop_instance(id: InstanceId) -> Result<Instance, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    Ok(origin.link(expect_context::<engine::Engine>().instances.stop(id).await?))
}

/// Asks an instance to stop and start again.
#[server(prefix = "/fn", endpoint = "restart_instance", protocol = FormOrJson)]
pub(crate) async fn restart_instance(id: InstanceId) -> Result<Instance, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    Ok(origin.link(expect_context::<engine::Engine>().instances.restart(id).await?))
}

/// What can be asked of an instance with one click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Stop it with proof, then start it.
    Restart,
}

impl Verb {
    /// On the button.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => t("Start"),
            Self::Stop => t("Stop"),
            Self::Restart => t("Restart"),
        }
    }

    /// On the button while the request is under way.
    fn busy_word(self) -> &'static str {
        match self {
            Self::Start => t("Starting"),
            Self::Stop => t("Stopping"),
            Self::Restart => t("Restarting"),
        }
    }

    /// Name of its icon.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Start => "play",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }

    /// Whether it makes sense now.
    pub fn applies(self, status: Status) -> bool {
        match self {
            Self::Start => status.can_start(),
            Self::Stop => status.can_stop(),
            Self::Restart => matches!(status, Status::Starting | Status::Started | Status::Stalled),
        }
    }

    /// The row's main button: what is the next sensible step.
    pub fn main_of(status: Status) -> Self {
        if status.can_start() {
            Self::Start
        } else {
            Self::Stop
        }
    }

    /// Id of the form its buttons submit.
    fn form(self) -> &'static str {
        match self {
            Self::Start => "verb-start",
            Self::Stop => "verb-stop",
            Self::Restart => "verb-restart",
        }
    }

    /// Where the form posts to.
    fn address(self) -> &'static str {
        match self {
            Self::Start => StartInstance::url(),
            Self::Stop => StopInstance::url(),
            Self::Restart => RestartInstance::url(),
        }
    }

    async fn ask(self, id: InstanceId) -> Result<Instance, ApiError> {
        match self {
            Self::Start => start_instance(id, false).await,
            Self::Stop => stop_instance(id).await,
            Self::Restart => restart_instance(id).await,
        }
    }
}

/// Runs verbs and knows which are under way.
#[derive(Clone, Copy)]
pub struct Commands {
    live: Live,
    toasts: Toasts,
    place: Place,
    busy: RwSignal<Few<InstanceId, Verb>>,
}

impl Commands {
    /// From what the page provides.
    pub fn from_context() -> Self {
        Self {
            live: Live::get(),
            toasts: expect_context(),
            place: expect_context(),
            busy: RwSignal::default(),
        }
    }

    /// What an instance was asked and has not answered; tracked.
    pub fn busy(self, id: InstanceId) -> Option<Verb> {
        self.busy.with(|busy| busy.get(id).copied())
    }

    /// Asks, then shows the answer.
    pub fn run(self, verb: Verb, id: InstanceId) {
        if self.busy.with_untracked(|busy| busy.has(id)) {
            return;
        }
        self.busy.update(|busy| {
            busy.insert(id, verb);
        });
        spawn_local(async move {
            let answer = verb.ask(id).await;
            // The page may be gone by now, and its signals with it.
            self.busy.try_update(|busy| busy.remove(id));
            match answer {
                Ok(instance) => self.live.answer(instance),
                // The question says why. One at a time can be asked; what else would not fit is told.
                Err(error) if error.code == NO_ROOM && untrack(|| self.place.text("start")).is_none() => {
                    self.place.open("start", id);
                }
                Err(error) => self.toasts.fail(&error),
            }
        });
    }
}

/// The forms that the buttons of all rows submit when there are no scripts.
#[component]
pub fn VerbForms() -> impl IntoView {
    [Verb::Start, Verb::Stop, Verb::Restart]
        .map(|verb| view! { <form id=verb.form() method="post" action=at(verb.address()) hidden></form> })
        .collect_view()
}

/// A button for one verb on one instance.
#[component]
pub fn VerbButton(
    /// On which.
    id: InstanceId,
    /// What; it may change with the status.
    #[prop(into)]
    verb: Signal<Verb>,
    /// The instance's status.
    #[prop(into)]
    status: Signal<Status>,
    /// Classes.
    #[prop(into)]
    class: Signal<String>,
) -> impl IntoView {
    let commands = expect_context::<Commands>();
    let busy = crate::ui::memo(move || commands.busy(id));
    let disabled = move || busy.get().is_some() || !verb.get().applies(status.get());
    let word = move || match busy.get() {
        Some(asked) if asked == verb.get() => asked.busy_word(),
        _ if verb.get() == Verb::Stop && status.get() == Status::Stopping => t("Stopping"),
        _ => verb.get().word(),
    };
    view! {
        <button
            class=class
            class:is-busy=move || busy.get().is_some()
            type="submit"
            form=move || verb.get().form()
            name="id"
            value=id.0
            disabled=disabled
            on:click=move |event| {
                event.prevent_default();
                commands.run(verb.get_untracked(), id);
            }
        >
            <Icon name=Signal::derive(move || verb.get().icon()) />
            {word}
        </button>
    }
}
