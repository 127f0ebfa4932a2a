//! Cloning: the question before it, how far it is, and the way to stop it.

use crate::language::{fill, t};
use crate::paths::at;
use crate::request::FormOrJson;
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use types::copies::{COPYING, ClonePreview};
use types::instances::{Instance, InstanceId, Status};
use types::jobs::JobState;

use super::Row;
use super::filter::Place;
use super::question::{self, Asked};
use super::row::part;
use crate::ApiError;
use crate::live::Live;
use crate::ui::words::{bytes, count};
use crate::ui::{Icon, Toasts};

/// What cloning would copy.
#[cfg(feature = "ssr")]
pub(crate) async fn preview_clone(id: InstanceId) -> Result<ClonePreview, ApiError> {
    let engine = expect_context::<engine::Engine>();
    Ok(engine.instances.clone_preview(id).await?)
}

/// Clones an instance; its files are copied by a job.
#[server(prefix = "/fn", endpoint = "clone_instance", protocol = FormOrJson)]
pub(crate) async fn clone_instance(id: InstanceId, name: String) -> Result<Instance, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instances = expect_context::<engine::Engine>().instances;
    let new = types::copies::NewCopy {
        new_name: Some(name.clone()),
    };
    let cloning = instances.copy(id, new).await.map_err(ApiError::from);
    let cloning = cloning.inspect_err(|error| {
        let id = id.to_string();
        super::posted::send_back(CloneInstance::url(), error, &[("clone", &id), ("name", &name)]);
    })?;
    super::posted::lead_back(&[]);
    Ok(origin.link(cloning.instance))
}

/// Stops copying; the clone goes with what was copied.
#[server(prefix = "/fn", endpoint = "cancel_clone", protocol = FormOrJson)]
pub(crate) async fn stop_cloning(id: InstanceId) -> Result<(), ApiError> {
    let cancelled = expect_context::<engine::Engine>().instances.cancel_copy(id).await;
    Ok(cancelled?)
}

/// The dialog, while the address names an instance to clone.
#[component]
pub fn CloneDialog() -> impl IntoView {
    question::dialog(
        "clone",
        |instance| fill("Clone {}", &[&instance.name]),
        |row| question::counted(row, form),
    )
}

fn form(row: Row, preview: ClonePreview) -> AnyView {
    let place = expect_context::<Place>();
    let toasts = expect_context::<Toasts>();
    let live = Live::get();
    let idle = part(row, |instance| instance.status.can_start());
    let hindered = preview.problem.is_some();
    let name = place.text("name").unwrap_or(preview.free_name.clone());
    let fields = view! {
        <Hindrance problem=preview.problem.clone() />
        <label class="field">
            <span class="field__label">{t("Name of the clone")}</span>
            <input class="input" name="name" value=name required maxlength="64" autocomplete="off" autofocus />
        </label>
        <Consequences preview />
    };
    let asked = Asked {
        blocked: Signal::derive(move || hindered && !idle.get()),
        ..Asked::new(fields, t("Clone"))
    };
    question::form::<CloneInstance>(row, asked, move || {
        Box::new(move |clone| {
            toasts.say(fill("Cloning as {}…", &[&clone.name]));
            live.answer(clone);
        })
    })
}

/// Why it cannot be cloned now.
#[component]
fn Hindrance(
    /// A sentence.
    problem: Option<String>,
) -> impl IntoView {
    problem.map(|text| {
        view! {
            <div class="note note--warn">
                <Icon name="alert" />
                <span>{text} {t(" Stop what runs first: files that are being written cannot be copied whole.")}</span>
            </div>
        }
    })
}

#[component]
fn Consequences(
    /// What would be copied.
    preview: ClonePreview,
) -> impl IntoView {
    let copied = fill(
        "Its settings and {} in {} are copied; links stay links.",
        &[&bytes(preview.bytes), &count(preview.files, "file", "files")],
    );
    let environment = if preview.environments.is_empty() {
        t("Environments are not copied: the first start makes what the script asks for.").to_owned()
    } else {
        fill(
            "Its environment ({}) is made anew at the first start: it would not work in another folder.",
            &[&preview.environments.join(", ")],
        )
    };
    view! {
        <ul class="consequences">
            <li>
                <Icon name="copy" />
                <span>{copied}</span>
            </li>
            <li>
                <Icon name="restart" />
                <span>{environment}</span>
            </li>
            <li>
                <Icon name="check" />
                <span>{t("It gets a port, an output folder and logs of its own, and does not start with the panel.")}</span>
            </li>
        </ul>
    }
}

/// How far a row's work is, as one line; none while nobody has said so.
pub(super) fn progress(row: Row) -> Memo<Option<String>> {
    let jobs = Live::get().jobs();
    crate::ui::memo(move || {
        if row.instance.with(|instance| instance.status) != Status::Installing {
            return None;
        }
        jobs.with(|jobs| {
            let work = jobs
                .iter()
                .find(|job| job.instance == Some(row.id) && job.state == JobState::Running)?;
            Some(work.message.clone()).filter(|message| !message.is_empty())
        })
    })
}

/// Whether a row is a clone whose files are still being copied.
pub(super) fn is_being_copied(instance: &Instance) -> bool {
    instance.status == Status::Installing && instance.status_reason.starts_with(COPYING)
}

/// Stops the copy; the row goes with it.
#[component]
pub fn CancelClone(
    /// Which clone.
    id: InstanceId,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        spawn_local(async move {
            if let Err(error) = stop_cloning(id).await {
                toasts.fail(&error);
                busy.try_set(false);
            }
        });
    };
    view! {
        <form class="actions__cancel" method="post" action=at(StopCloning::url()) on:submit=submit>
            <input type="hidden" name="id" value=id.0 />
            <button class="button" type="submit" disabled=busy>
                <Icon name="close" />
                {t("Cancel the copy")}
            </button>
        </form>
    }
}
