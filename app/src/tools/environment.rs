//! The environment of an instance: what it holds, installing, rebuilding, and the update that has a way back.

use crate::language::{said, t};
use crate::paths::at;
use crate::request::FormOrJson;
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde::{Deserialize, Serialize};
use types::environments::{
    Environment, EnvironmentSize, Misfit, Package, PackageChange, UpdateKind, UpdateOutcome, UpdateReport,
};
use types::instances::InstanceId;
use types::jobs::Job;

use crate::ApiError;
use crate::fetch;
use crate::instances::Row;
use crate::instances::filter::Place;
use crate::jobs::{FirstJobs, JobList, Which, send};
use crate::prepared::Prepared;
use crate::ui::words::{bytes, count};
use crate::ui::{ErrorNote, Icon, StyleSheet};

/// What the tool begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenedEnvironment {
    environment: Environment,
    size: EnvironmentSize,
}

/// What the environment of an instance holds.
#[cfg(feature = "ssr")]
pub(crate) async fn open_environment(id: InstanceId) -> Result<OpenedEnvironment, ApiError> {
    let environments = expect_context::<engine::Engine>().environments;
    let environment = environments.check(id).await?;
    let size = environments.size(id).await?;
    Ok(OpenedEnvironment { environment, size })
}

/// The jobs of an instance.
#[cfg(feature = "ssr")]
pub(crate) async fn open_jobs(id: InstanceId) -> FirstJobs {
    FirstJobs::of(crate::jobs::FEW, |job| job.instance == Some(id)).await
}

/// Installs what was typed.
#[server(prefix = "/fn", endpoint = "install_packages", protocol = FormOrJson)]
pub(crate) async fn install_packages(
    id: InstanceId,
    requirements: String,
    #[server(default)] keep: String,
    #[server(default)] confirm: String,
) -> Result<Job, ApiError> {
    let environments = expect_context::<engine::Engine>().environments;
    let job = environments.install(id, &requirements, !keep.is_empty(), !confirm.is_empty());
    crate::jobs::answered_with(InstallPackages::url(), job.await.map_err(ApiError::from))
}

/// Updates with a way back.
#[server(prefix = "/fn", endpoint = "update_environment", protocol = FormOrJson)]
pub(crate) async fn update_environment(
    id: InstanceId,
    kind: UpdateKind,
    #[server(default)] requirements: String,
    #[server(default)] confirm: String,
    #[server(default)] accept_conflicts: String,
) -> Result<Job, ApiError> {
    let request = types::environments::UpdateRequest {
        kind,
        requirements,
        confirm: !confirm.is_empty(),
        accept_conflicts: !accept_conflicts.is_empty(),
    };
    let job = expect_context::<engine::Engine>()
        .environments
        .update(id, request)
        .await;
    crate::jobs::answered_with(UpdateEnvironment::url(), job.map_err(ApiError::from))
}

/// Has the script make the environment anew.
#[server(prefix = "/fn", endpoint = "rebuild_environment", protocol = FormOrJson)]
pub(crate) async fn rebuild_environment(
    id: InstanceId,
    #[server(default)] start: String,
) -> Result<Job, ApiError> {
    let environments = expect_context::<engine::Engine>().environments;
    let job = environments.rebuild(id, !start.is_empty()).await;
    crate::jobs::answered_with(RebuildEnvironment::url(), job.map_err(ApiError::from))
}

/// The tool.
#[component]
pub fn EnvironmentTool(
    /// Whose.
    row: Row,
    /// Whether it is looked at.
    shown: Memo<bool>,
) -> impl IntoView {
    let prepared = expect_context::<Prepared>();
    let ended = Callback::new(move |()| prepared.again());
    let meanwhile = || view! { <p class="faint">{t("Looking into the environment…")}</p> };
    let search = Search::new();
    view! {
        <StyleSheet name="jobs" />
        <div class="workshop" hidden=move || !shown.get()>
            <section class="workshop__part" aria-label=t("Versions")>
                {fetch::show(prepared.environment, meanwhile.into(), move |answer| match answer.read_any::<OpenedEnvironment>() {
                    Some(Ok(opened)) => view! { <Versions opened search /> },
                    Some(Err(error)) => view! { <ErrorNote text=error.to_string() /> },
                    None => ().into_any(),
                })}
            </section>
            <section class="workshop__part" aria-label=t("Changes")>
                {fetch::show(prepared.jobs, ViewFn::default(), move |answer| match answer.read_any::<FirstJobs>() {
                    Some(Ok(first)) => view! { <JobList which=Which::Of(row.id) first ended /> },
                    Some(Err(error)) => view! { <ErrorNote text=error.to_string() /> },
                    None => ().into_any(),
                })}
                <UpdateForm row />
                <InstallForm row />
                <RebuildForm row />
            </section>
        </div>
    }
}

#[component]
fn Versions(
    /// What the server said.
    opened: OpenedEnvironment,
    /// What is looked for in it.
    search: Search,
) -> impl IntoView {
    let OpenedEnvironment { environment, size } = opened;
    let last_update = environment.last_update.clone();
    if !environment.exists {
        return view! {
            <p class="faint">{t("There is no environment yet. Its script makes one at the first start.")}</p>
        }
        .into_any();
    }
    let facts = [
        ("Python", Some(environment.python)),
        ("torch", environment.torch),
        ("CUDA", environment.cuda),
        (t("Size"), Some(bytes(size.bytes))),
        (
            t("Shared with the cache"),
            (size.shared_bytes > 0).then(|| bytes(size.shared_bytes)),
        ),
    ];
    view! {
        <dl class="facts">
            {facts
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .map(|(name, value)| view! { <div><dt>{name}</dt><dd class="num">{value}</dd></div> })
                .collect_view()}
        </dl>
        {environment.problems.into_iter().map(|text| view! { <ErrorNote text=said(&text) /> }).collect_view()}
        <Conflicts conflicts=environment.conflicts />
        <h3 class="workshop__title">{t("Key libraries")}</h3>
        {packages(environment.key)}
        <Packages all=environment.packages search />
        {last_update.map(|report| view! { <LastUpdate report /> })}
    }
    .into_any()
}

#[component]
fn Conflicts(
    /// What does not fit together.
    conflicts: Vec<Misfit>,
) -> impl IntoView {
    if conflicts.is_empty() {
        return view! {
            <p class="workshop__ok">
                <Icon name="check" class="icon--sm" />
                {t("All packages fit together.")}
            </p>
        }
        .into_any();
    }
    let line = |misfit: Misfit| {
        let has = if misfit.has.is_empty() {
            t("not installed").to_owned()
        } else {
            misfit.has
        };
        view! {
            <tr>
                <td>{misfit.package}</td>
                <td class="num">{misfit.needs}</td>
                <td class="num">{has}</td>
            </tr>
        }
    };
    view! {
        <h3 class="workshop__title">{count(conflicts.len() as u64, "conflict", "conflicts")}</h3>
        <table class="table table--plain">
            <thead>
                <tr><th scope="col">{t("Package")}</th><th scope="col">{t("Needs")}</th><th scope="col">{t("Has")}</th></tr>
            </thead>
            <tbody>{conflicts.into_iter().map(line).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

/// What somebody looks for among the packages; it stays while what is installed changes.
#[derive(Clone, Copy)]
struct Search {
    open: RwSignal<bool>,
    typed: RwSignal<String>,
}

impl Search {
    fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            typed: RwSignal::new(String::new()),
        }
    }
}

/// Everything that is installed, and the field that finds something in it.
#[component]
fn Packages(
    /// By name.
    all: Vec<Package>,
    /// Whether it is open, and the field's text.
    search: Search,
) -> impl IntoView {
    let Search { open, typed } = search;
    let title = count(all.len() as u64, "package", "packages");
    let all = StoredValue::new(all);
    let fitting = move || {
        let typed = typed.get().to_lowercase();
        all.with_value(|all| {
            let fitting = all
                .iter()
                .filter(|package| package.name.to_lowercase().contains(&typed));
            fitting.cloned().collect::<Vec<_>>()
        })
    };
    view! {
        <details
            class="workshop__more"
            open=open.get_untracked()
            on:toggle=move |event| open.set(event_target::<leptos::web_sys::Element>(&event).has_attribute("open"))
        >
            <summary>{title}</summary>
            <input
                class="input is-scripted"
                type="search"
                value=typed.get_untracked()
                placeholder=t("Find a package")
                aria-label=t("Find a package")
                on:input=move |event| typed.set(event_target_value(&event))
            />
            {move || packages(fitting())}
        </details>
    }
}

fn packages(list: Vec<Package>) -> AnyView {
    view! {
        <table class="table table--plain">
            <thead>
                <tr><th scope="col">{t("Package")}</th><th scope="col">{t("Version")}</th></tr>
            </thead>
            <tbody>
                {list
                    .into_iter()
                    .map(|package| view! { <tr><td>{package.name}</td><td class="num">{package.version}</td></tr> })
                    .collect_view()}
            </tbody>
        </table>
    }
}

#[component]
fn LastUpdate(
    /// What became of it.
    report: UpdateReport,
) -> impl IntoView {
    let outcome = match report.outcome {
        UpdateOutcome::Kept => view! { <span class="badge badge--ok">{t("kept")}</span> },
        UpdateOutcome::RolledBack => view! { <span class="badge badge--warn">{t("rolled back")}</span> },
    };
    let none = report.changes.is_empty();
    view! {
        <h3 class="workshop__title">{t("Last update ")} {outcome}</h3>
        <p class="faint">{said(&report.reason)}</p>
        <p class="faint" hidden=!none>{t("No package changed.")}</p>
        <table class="table table--plain" hidden=none aria-label=t("Packages the last update changed")>
            <thead>
                <tr><th scope="col">{t("Package")}</th><th scope="col">{t("Before")}</th><th scope="col">{t("After")}</th></tr>
            </thead>
            <tbody>{report.changes.into_iter().map(change).collect_view()}</tbody>
        </table>
    }
}

fn change(change: PackageChange) -> AnyView {
    let word = |version: Option<String>| version.unwrap_or_else(|| "–".to_owned());
    view! {
        <tr>
            <td>{change.name}</td>
            <td class="num">{word(change.before)}</td>
            <td class="num">{word(change.after)}</td>
        </tr>
    }
}

/// A tick with its words.
pub(super) fn tick(name: &'static str, words: &'static str, ticked: bool) -> AnyView {
    view! {
        <label class="option">
            <input class="check" type="checkbox" name=name value="on" checked=ticked />
            <span class="option__text">{words}</span>
        </label>
    }
}

/// A form with its reason of refusal.
fn form(
    url: &'static str,
    row: Row,
    problem: RwSignal<Option<String>>,
    submit: Callback<SubmitEvent>,
    fields: AnyView,
) -> AnyView {
    view! {
        <form class="workshop__form" method="post" action=at(url) on:submit=move |event| submit.run(event)>
            <input type="hidden" name="id" value=row.id.0.to_string() />
            {fields}
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
        </form>
    }
}

/// Why the last form of a function was refused, where scripts did not send it.
pub(super) fn refusal(url: &'static str) -> RwSignal<Option<String>> {
    RwSignal::new(expect_context::<Place>().refusal(url))
}

fn requirements(label: &'static str) -> AnyView {
    view! {
        <label class="field">
            <span class="field__label">{label}</span>
            <textarea class="input" name="requirements" rows="2" placeholder="numpy>=2" spellcheck="false"></textarea>
            <span class="field__hint">{t("One per line: a name with releases, or an address (https://, git+https://).")}</span>
        </label>
    }
}

#[component]
fn UpdateForm(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let problem = refusal(UpdateEnvironment::url());
    let submit = move |event| send::<UpdateEnvironment>(event, problem, Callback::new(|()| ()));
    let choice = |value: &'static str, words: &'static str, chosen: bool| {
        view! {
            <label class="option">
                <input class="check" type="radio" name="kind" value=value checked=chosen />
                <span class="option__text">{words}</span>
            </label>
        }
    };
    let fields = view! {
        <h3 class="workshop__title">{t("Safe update")}</h3>
        <p class="faint">
            {t("A snapshot is made first. Unless everything can be imported, fits together as before and the app gets ready, it comes back.")}
        </p>
        {choice("typed", t("Install what is typed here"), true)}
        {requirements(t("Requirements to update"))}
        {choice("file", t("Newest releases that requirements.txt allows"), false)}
        {choice("rebuild", t("Make the environment anew"), false)}
        {tick("confirm", t("Stop the app for it if it runs"), false)}
        {tick("accept_conflicts", t("Keep it even if packages do not fit together"), false)}
        <button class="button button--filled" type="submit">{t("Update safely")}</button>
    };
    form(
        UpdateEnvironment::url(),
        row,
        problem,
        Callback::new(submit),
        fields,
    )
}

#[component]
fn InstallForm(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let problem = refusal(InstallPackages::url());
    let submit = move |event| send::<InstallPackages>(event, problem, Callback::new(|()| ()));
    let fields = view! {
        <h3 class="workshop__title">{t("Install")}</h3>
        {requirements(t("Requirements to install"))}
        {tick("keep", t("Keep them in requirements.txt, so that they survive a rebuild"), true)}
        {tick("confirm", t("Install even while the app runs"), false)}
        <button class="button" type="submit">{t("Install")}</button>
    };
    form(
        InstallPackages::url(),
        row,
        problem,
        Callback::new(submit),
        fields,
    )
}

#[component]
fn RebuildForm(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let problem = refusal(RebuildEnvironment::url());
    let submit = move |event| send::<RebuildEnvironment>(event, problem, Callback::new(|()| ()));
    let fields = view! {
        <h3 class="workshop__title">{t("Rebuild")}</h3>
        <p class="faint">{t("The script makes the environment anew. What was there is gone; the safe update can do the same with a way back.")}</p>
        {tick("start", t("Start the app now"), true)}
        <button class="button button--danger" type="submit">{t("Rebuild the environment")}</button>
    };
    form(
        RebuildEnvironment::url(),
        row,
        problem,
        Callback::new(submit),
        fields,
    )
}
