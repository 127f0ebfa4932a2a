//! Wheels: the library, which of them an instance installs, and the builder.

pub mod builder;
pub mod upload;

use crate::jobs::{FirstJobs, JobList, Which, send};
use crate::language::{fill, said, t};
use crate::paths::at;
use crate::request::FormOrJson;
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use types::instances::InstanceId;
use types::wheels::{InstanceWheels, Wheel, WheelChoice};

use self::builder::Builder;
use self::upload::UploadForm;

use super::environment::refusal;
use crate::ApiError;
use crate::fetch;
use crate::instances::Row;
use crate::prepared::Prepared;
use crate::ui::ErrorNote;
use crate::ui::StyleSheet;
use crate::ui::words::bytes;

/// The library as an instance sees it.
#[cfg(feature = "ssr")]
pub(crate) async fn open_wheels(id: InstanceId) -> Result<InstanceWheels, ApiError> {
    let wheels = expect_context::<engine::Engine>().wheels;
    Ok(wheels.of_instance(id).await?)
}

/// What is and was built.
#[cfg(feature = "ssr")]
pub(crate) async fn open_builds() -> FirstJobs {
    FirstJobs::of(crate::jobs::FEW, |job| job.kind == "wheel-build").await
}

/// Has an instance install these wheels from its next start on.
#[server(prefix = "/fn", endpoint = "select_wheels", protocol = FormOrJson)]
pub(crate) async fn select_wheels(
    id: InstanceId,
    #[server(default)] selected: Vec<String>,
) -> Result<InstanceWheels, ApiError> {
    let wheels = expect_context::<engine::Engine>().wheels;
    let chosen = wheels.select(id, selected).await;
    crate::jobs::answered_with(SelectWheels::url(), chosen.map_err(ApiError::from))
}

/// Takes a wheel out of the library.
#[server(prefix = "/fn", endpoint = "delete_wheel", protocol = FormOrJson)]
pub(crate) async fn delete_wheel(filename: String) -> Result<(), ApiError> {
    let wheels = expect_context::<engine::Engine>().wheels;
    let deleted = wheels.delete(filename).await;
    crate::jobs::answered_with(DeleteWheel::url(), deleted.map_err(ApiError::from))
}

/// The tool.
#[component]
pub fn WheelsTool(
    /// Whose.
    row: Row,
    /// Whether it is looked at.
    shown: Memo<bool>,
) -> impl IntoView {
    let prepared = expect_context::<Prepared>();
    let ended = Callback::new(move |()| prepared.again());
    view! {
        <StyleSheet name="jobs" />
        <div class="workshop" hidden=move || !shown.get()>
            <section class="workshop__part" aria-label=t("Library")>
                {fetch::show(prepared.wheels, ViewFn::default(), move |answer| match answer.read_any::<InstanceWheels>() {
                    Some(Ok(wheels)) => view! { <Library row wheels prepared /> },
                    Some(Err(error)) => view! { <ErrorNote text=error.to_string() /> },
                    None => ().into_any(),
                })}
                <UploadForm row prepared />
            </section>
            <section class="workshop__part" aria-label=t("Builds")>
                <Builder row shown />
                {fetch::show(prepared.builds, ViewFn::default(), move |answer| match answer.read_any::<FirstJobs>() {
                    Some(Ok(first)) => view! { <JobList which=Which::Kind("wheel-build") first ended /> },
                    Some(Err(error)) => view! { <ErrorNote text=error.to_string() /> },
                    None => ().into_any(),
                })}
            </section>
        </div>
    }
}

#[component]
fn Library(
    /// Whose.
    row: Row,
    /// What the server said.
    wheels: InstanceWheels,
    /// Fetches it again.
    prepared: Prepared,
) -> impl IntoView {
    let problem = refusal(SelectWheels::url());
    let again = Callback::new(move |()| prepared.again());
    let submit = move |event: SubmitEvent| send::<SelectWheels>(event, problem, again);
    let InstanceWheels { library, own } = wheels;
    let is_empty = library.is_empty();
    let names: Vec<String> = library
        .iter()
        .map(|choice| choice.wheel.filename.clone())
        .collect();
    view! {
        <h3 class="workshop__title">{t("Wheels of the library")}</h3>
        <p class="faint" hidden=!is_empty>
            {t("The library is empty. Add a wheel below, or build one.")}
        </p>
        <form class="workshop__form" method="post" action=at(SelectWheels::url()) on:submit=submit hidden=is_empty>
            <input type="hidden" name="id" value=row.id.0.to_string() />
            {library.into_iter().map(choice).collect_view()}
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            <button class="button button--filled" type="submit">{t("Install the ticked ones at the next start")}</button>
        </form>
        {(!own.is_empty())
            .then(|| {
                view! {
                    <h3 class="workshop__title">{t("Put there by hand")}</h3>
                    <ul class="workshop__list">{own.into_iter().map(|name| view! { <li class="num">{name}</li> }).collect_view()}</ul>
                }
            })}
        <details class="workshop__more" hidden=is_empty>
            <summary>{t("Remove from the library")}</summary>
            {names.into_iter().map(|filename| view! { <Removal filename prepared /> }).collect_view()}
        </details>
    }
}

fn choice(choice: WheelChoice) -> AnyView {
    let facts = facts(&choice.wheel);
    let Wheel {
        filename,
        name,
        version,
        ..
    } = choice.wheel;
    view! {
        <label class="option">
            <input class="check" type="checkbox" name="selected[]" value=filename.clone() checked=choice.selected />
            <span class="option__text">
                {format!("{name} {version} ")} <span class="faint" title=filename>{facts}</span>
                <span class="workshop__warning">{said(&choice.misfit)}</span>
            </span>
        </label>
    }
}

/// `cp312 · CUDA 12.8 · torch 2.8 · 12 MB`.
fn facts(wheel: &Wheel) -> String {
    let told = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
    let facts = [
        Some(wheel.python.clone()),
        (wheel.platform != "any").then(|| wheel.platform.clone()),
        told("CUDA", &wheel.cuda),
        told("torch", &wheel.torch),
        told(t("arch"), &wheel.arch),
        (wheel.bytes > 0).then(|| bytes(wheel.bytes)),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[component]
fn Removal(
    /// Which.
    filename: String,
    /// Fetches the library again.
    prepared: Prepared,
) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let again = Callback::new(move |()| prepared.again());
    let submit = move |event: SubmitEvent| send::<DeleteWheel>(event, problem, again);
    let label = fill("Remove {}", &[&filename]);
    view! {
        <form class="workshop__line" method="post" action=at(DeleteWheel::url()) on:submit=submit>
            <input type="hidden" name="filename" value=filename.clone() />
            <span class="num">{filename}</span>
            <button class="button button--sm button--danger" type="submit" aria-label=label>{t("Remove")}</button>
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
        </form>
    }
}
