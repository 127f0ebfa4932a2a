//! The question before a start that would not find enough GPU memory: another GPU, another instance's place, or anyway.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use types::gpus::GpuFit;
use types::instances::{Instance, InstanceId};

use super::Row;
use super::commands::{NO_ROOM, StartInstance};
use super::filter::Place;
use super::question;
use crate::ApiError;
use crate::language::{fill, t};
use crate::live::Live;
use crate::paths::at;
use crate::prepared::Prepared;
use crate::request::{self, FormOrJson};
use crate::ui::{ErrorNote, Icon, StyleSheet};
use crate::{fetch, view};

/// Whether it would fit now.
#[cfg(feature = "ssr")]
pub(crate) async fn load_fit(id: InstanceId) -> Result<GpuFit, ApiError> {
    Ok(expect_context::<engine::Engine>().telemetry.fit(id).await?)
}

/// Refuses a start that would not fit; a plain form is led to the question.
#[cfg(feature = "ssr")]
pub(super) async fn ask_first(id: InstanceId) -> Result<(), ApiError> {
    let engine = expect_context::<engine::Engine>();
    // What cannot be started at all is told so by the start itself.
    if !engine.instances.get(id).await?.status.can_start() {
        return Ok(());
    }
    let room = engine.telemetry.room(id).await.map_err(ApiError::from);
    room.inspect_err(|_| {
        if crate::error::asks_for_page() {
            super::posted::lead_back(&[("start", &id.to_string())]);
        }
    })
}

/// Leads a plain form of the question on: back to the table, or to the question with the reason.
#[cfg(feature = "ssr")]
pub(super) fn lead_on<T>(
    function: &str,
    id: InstanceId,
    is_answer: bool,
    outcome: Result<T, ApiError>,
) -> Result<T, ApiError> {
    match &outcome {
        _ if !is_answer => {}
        Ok(_) => super::posted::lead_back(&[]),
        Err(error) => super::posted::send_back(function, error, &[("start", &id.to_string())]),
    }
    outcome
}

/// Moves an instance to another GPU, and starts it.
#[server(prefix = "/fn", endpoint = "start_on_gpu", protocol = FormOrJson)]
pub(crate) async fn start_on_gpu(id: InstanceId, gpu: u32) -> Result<Instance, ApiError> {
    let instances = expect_context::<engine::Engine>().instances;
    let moved = instances.start_on(id, gpu).await.map_err(ApiError::from);
    let started = lead_on(StartOnGpu::url(), id, true, moved)?;
    Ok(expect_context::<crate::links::RequestOrigin>().link(started))
}

/// Stops another instance, and starts this one when nothing of it is left.
#[server(prefix = "/fn", endpoint = "start_after", protocol = FormOrJson)]
pub(crate) async fn start_after(id: InstanceId, rival: InstanceId) -> Result<Instance, ApiError> {
    let instances = expect_context::<engine::Engine>().instances;
    let waiting = async {
        instances.start_after(id, rival).await?;
        instances.get(id).await
    };
    let row = lead_on(StartAfter::url(), id, true, waiting.await.map_err(ApiError::from))?;
    Ok(expect_context::<crate::links::RequestOrigin>().link(row))
}

/// The dialog, while the address names an instance that is to start.
#[component]
pub fn StartDialog() -> impl IntoView {
    question::dialog(
        "start",
        |instance| fill("{} may not find enough GPU memory", &[&instance.name]),
        |row| {
            let fit = expect_context::<Prepared>().question;
            fetch::show_data(fit, ViewFn::default(), move |fit: GpuFit| content(row, fit))
        },
    )
}

fn content(row: Row, fit: GpuFit) -> AnyView {
    let place = expect_context::<Place>();
    let functions = [StartInstance::url(), StartOnGpu::url(), StartAfter::url()];
    let refused = functions.into_iter().find_map(|function| place.refusal(function));
    let problem = RwSignal::new(refused);
    let fits = fit.warning.is_empty();
    let what = if fits {
        t("There is room now.").to_owned()
    } else {
        fit.warning.clone()
    };
    let choices = Choices {
        row,
        asks: false,
        problem,
        elsewhere: fit.elsewhere.map(|gpu| (gpu.index, gpu.name)),
        rival: fit.rival.and_then(|rival| Some((rival.instance?, rival.name))),
    };
    view! {
        <StyleSheet name="gpus" />
        <div class="dialog__body">
            <p>{what}</p>
            {choices.consequences(fits)}
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
        </div>
        <div class="dialog__foot dialog__foot--many">
            <a class="button button--quiet" href=move || place.home() data-noscroll autofocus>
                {t("Cancel")}
            </a>
            {choices.buttons(if fits { t("Start") } else { t("Start anyway") })}
        </div>
    }
}

/// What can be done instead of starting as it is.
#[derive(Clone)]
pub(super) struct Choices {
    pub(super) row: Row,
    /// Whether a start that does not fit is asked about.
    pub(super) asks: bool,
    /// Where it is said that it did not work.
    pub(super) problem: RwSignal<Option<String>>,
    /// A GPU with room: number and name.
    pub(super) elsewhere: Option<(u32, String)>,
    /// An instance whose end makes room.
    pub(super) rival: Option<(InstanceId, String)>,
}

impl Choices {
    fn consequences(&self, fits: bool) -> AnyView {
        let point =
            |icon: &'static str, text: String| view! { <li><Icon name=icon /><span>{text}</span></li> };
        let elsewhere = self.elsewhere.as_ref().map(|(index, name)| {
            let text = fill(
                "GPU {} ({}) has room. Its GPUs change to that one; its details change them back.",
                &[&index.to_string(), name],
            );
            point("arrow", text)
        });
        let rival = self.rival.as_ref().map(|(_, name)| {
            point(
                "stop",
                fill("Stopping {} makes room. What it works on now is lost.", &[name]),
            )
        });
        let anyway = (!fits).then(|| {
            let text = t("Started anyway, it may end with “CUDA out of memory”. Nothing else stops.");
            point("alert", text.to_owned())
        });
        view! { <ul class="consequences">{elsewhere} {rival} {anyway}</ul> }
    }

    /// One button for each, the best one filled and last.
    pub(super) fn buttons(&self, plain: &'static str) -> AnyView {
        let Self { row, problem, .. } = *self;
        let class = |is_best| {
            if is_best {
                "button button--filled"
            } else {
                "button"
            }
        };
        let (on_gpu, after) = (self.elsewhere.as_ref(), self.rival.as_ref());
        let anyway = answer::<StartInstance>(
            row,
            problem,
            ("anyway", (!self.asks).to_string()),
            class(on_gpu.is_none() && after.is_none()),
            "play",
            plain.to_owned(),
        );
        let after = after.map(|(id, name)| {
            answer::<StartAfter>(
                row,
                problem,
                ("rival", id.to_string()),
                class(on_gpu.is_none()),
                "stop",
                fill("Stop {}, then start", &[name]),
            )
        });
        let on_gpu = on_gpu.map(|(index, _)| {
            let index = index.to_string();
            answer::<StartOnGpu>(
                row,
                problem,
                ("gpu", index.clone()),
                class(true),
                "play",
                fill("Start on GPU {} instead", &[&index]),
            )
        });
        view! { {anyway} {after} {on_gpu} }
    }
}

/// A form of one button: a plain one without scripts, one request with them.
fn answer<F>(
    row: Row,
    problem: RwSignal<Option<String>>,
    (name, value): (&'static str, String),
    class: &'static str,
    icon: &'static str,
    text: String,
) -> AnyView
where
    F: ServerFn<Output = Instance>,
{
    let (live, place) = (Live::get(), expect_context::<Place>());
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = request::form(&event) else {
            return;
        };
        busy.set(true);
        spawn_local(async move {
            let answer = request::submit::<F>(form).await;
            busy.try_set(false);
            match answer {
                Ok(instance) => {
                    live.answer(instance);
                    if untrack(|| place.text("start")).is_some() {
                        place.close();
                    }
                }
                Err(error) if error.code == NO_ROOM => place.open("start", row.id),
                Err(error) => {
                    problem.try_set(Some(error.to_string()));
                }
            }
        });
    };
    view! {
        <form method="post" action=at(F::url()) on:submit=submit>
            <input type="hidden" name="id" value=row.id.0 />
            <input type="hidden" name=name value=value />
            <button class=class type="submit" disabled=move || busy.get()>
                <Icon name=icon />
                {text}
            </button>
        </form>
    }
}
