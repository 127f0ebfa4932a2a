//! Long work: its list with progress, what it prints, and the button that ends it.

pub mod recent;

use crate::language::{self, t};
use crate::paths::at;
use crate::request::{self, FormOrJson};
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use types::instances::InstanceId;
use types::jobs::{Job, JobId, JobLog, JobState};

use crate::ApiError;
use crate::live::Live;
use crate::ui::words::{ago, decimal};
use crate::ui::{Clock, Toasts};

/// Seconds a request for new lines is held open.
const PATIENCE: u64 = 20;
/// Of a log that grows, so many bytes are shown; the whole is in the API.
const SHOWN: usize = 200_000;
/// Bytes of the newest job's log that a page is rendered with.
#[cfg(feature = "ssr")]
const TAIL: u64 = 8 * 1024;
/// Jobs that ended, which a list of a tool begins with.
#[cfg(feature = "ssr")]
pub(crate) const FEW: usize = 3;

/// Asks a job to end.
#[server(prefix = "/fn", endpoint = "cancel_job", protocol = FormOrJson)]
#[allow(clippy::unused_async, reason = "a server function is async on both sides")]
pub(crate) async fn cancel_job(id: JobId) -> Result<Job, ApiError> {
    let jobs = expect_context::<engine::Engine>().jobs;
    let cancelled = jobs
        .cancel(id)
        .and_then(|()| jobs.get(id))
        .map_err(ApiError::from);
    answered_with(CancelJob::url(), cancelled)
}

/// What a job printed, from a byte on; waits so many seconds for something new.
#[server(prefix = "/fn", endpoint = "job_log", protocol = FormOrJson)]
pub(crate) async fn read_job_log(id: JobId, offset: u64, wait: u64) -> Result<JobLog, ApiError> {
    let position = engine::instances::LogPosition::Offset(offset);
    let patience = std::time::Duration::from_secs(wait.min(PATIENCE));
    Ok(expect_context::<engine::Engine>()
        .jobs
        .log(id, position, patience)
        .await?)
}

/// The answer to a form that begins or ends a job; browsers without scripts are led back to where it stood.
#[cfg(feature = "ssr")]
pub(crate) fn answered_with<T>(function: &str, answer: Result<T, ApiError>) -> Result<T, ApiError> {
    match answer {
        Ok(job) => {
            crate::instances::posted::lead_back(&[]);
            Ok(job)
        }
        Err(error) => {
            crate::instances::posted::send_back(function, &error, &[]);
            Err(error)
        }
    }
}

/// Jobs as a page begins with them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FirstJobs {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// The last lines of the newest one's log.
    pub tail: String,
}

#[cfg(feature = "ssr")]
impl FirstJobs {
    /// Those that belong here: all that are under way, and so many of the others.
    pub(crate) async fn of(ended: usize, belongs: impl Fn(&Job) -> bool) -> Self {
        let all = expect_context::<engine::Engine>().jobs;
        let (running, mut jobs): (Vec<Job>, Vec<Job>) = all
            .list()
            .into_iter()
            .filter(belongs)
            .partition(|job| job.state == JobState::Running);
        jobs.truncate(ended);
        jobs.splice(..0, running);
        jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
        let tail = match jobs.first() {
            Some(newest) => {
                let position = engine::instances::LogPosition::Tail(TAIL);
                let read = all.log(newest.id, position, std::time::Duration::ZERO).await;
                read.map(|log| log.content).unwrap_or_default()
            }
            None => String::new(),
        };
        Self { jobs, tail }
    }
}

/// Which jobs a list shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those of one instance.
    Of(InstanceId),
    /// Those of a kind.
    Kind(&'static str),
    /// All.
    Every,
}

impl Which {
    /// Whether a job is one of them.
    pub fn holds(self, job: &Job) -> bool {
        match self {
            Self::Of(instance) => job.instance == Some(instance),
            Self::Kind(kind) => job.kind == kind,
            Self::Every => true,
        }
    }
}

/// Sends the form of a server function that answers with a job; without scripts the browser does.
pub(crate) fn send<F>(event: SubmitEvent, problem: RwSignal<Option<String>>, done: Callback<()>)
where
    F: ServerFn<Output: DeserializeOwned>,
{
    event.prevent_default();
    let toasts = expect_context::<Toasts>();
    if let Some(form) = request::form(&event) {
        problem.set(None);
        spawn_local(async move {
            match request::submit::<F>(form).await {
                Ok(_) => {
                    toasts.say(t("Begun.").to_owned());
                    done.try_run(());
                }
                Err(error) => drop(problem.try_set(Some(error.to_string()))),
            }
        });
    }
}

/// The jobs that belong here, live.
#[component]
pub fn JobList(
    /// Which.
    which: Which,
    /// What the page began with.
    first: FirstJobs,
    /// Told whenever one of them ends.
    ended: Callback<()>,
) -> impl IntoView {
    let live = Live::get().jobs();
    let tail = StoredValue::new(first.tail);
    let newest_at_first = first.jobs.first().map(|job| job.id);
    let known = StoredValue::new(first.jobs);
    let jobs = move || merged(&known.get_value(), &live.get(), which);
    // Only a new job makes the list anew: a log that is open stays while its job goes on.
    let ids = crate::ui::memo(move || jobs().into_iter().map(|job| job.id).collect::<Vec<_>>());
    crate::ui::effect({
        let mut before: Vec<JobId> = Vec::new();
        move || {
            let now = jobs().into_iter().filter(|job| job.state == JobState::Running);
            let running: Vec<JobId> = now.map(|job| job.id).collect();
            if before.iter().any(|id| !running.contains(id)) {
                ended.run(());
            }
            before = running;
        }
    });
    view! {
        <ul class="jobs" aria-label=t("Jobs")>
            {move || {
                ids.get()
                    .into_iter()
                    .map(|id| {
                        let text = if Some(id) == newest_at_first { tail.get_value() } else { String::new() };
                        let found = move || jobs().into_iter().find(|job| job.id == id);
                        view! { <OneJob id job=Callback::new(move |()| found()) text /> }
                    })
                    .collect_view()
            }}
        </ul>
    }
}

fn merged(first: &[Job], live: &[Job], which: Which) -> Vec<Job> {
    let mut jobs: Vec<Job> = live.iter().filter(|job| which.holds(job)).cloned().collect();
    for job in first {
        if !jobs.iter().any(|known| known.id == job.id) {
            jobs.push(job.clone());
        }
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
    jobs
}

fn word(state: JobState) -> (&'static str, &'static str) {
    match state {
        JobState::Running => ("badge badge--accent", t("running")),
        JobState::Done => ("badge badge--ok", t("done")),
        JobState::Failed => ("badge badge--err", t("failed")),
        JobState::Cancelled => ("badge", t("cancelled")),
        JobState::Interrupted => ("badge badge--warn", t("interrupted")),
    }
}

#[component]
fn OneJob(
    /// Which.
    id: JobId,
    /// How it is now.
    job: Callback<(), Option<Job>>,
    /// The last lines of its log, as far as the page began with them.
    text: String,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let state = crate::ui::memo(move || job.run(()).map(|job| job.state));
    let said = crate::ui::memo(move || job.run(()).map(|job| (job.progress, job.message)));
    let (title, started_at) =
        untrack(|| job.run(())).map_or((String::new(), 0), |job| (job.title, job.started_at));
    let problem = RwSignal::new(None::<String>);
    let cancel = move |event: SubmitEvent| send::<CancelJob>(event, problem, Callback::new(|()| ()));
    let is_running = move || state.get() == Some(JobState::Running);
    view! {
        <li class="job">
            <div class="job__head">
                {move || {
                    let (class, state) = word(state.get()?);
                    Some(view! { <span class=class>{state}</span> })
                }}
                <span class="strong">{language::said(&title)}</span>
                <span class="faint">{move || ago(started_at, clock.now())}</span>
                <form method="post" action=at(CancelJob::url()) on:submit=cancel hidden=move || !is_running()>
                    <input type="hidden" name="id" value=id.0.to_string() />
                    <button class="button button--sm" type="submit">
                        {t("Cancel")}
                    </button>
                </form>
            </div>
            <progress
                class="job__bar"
                max="1"
                value=move || said.get().and_then(|(share, _)| share).map(|share| decimal(share.into(), 3))
                aria-label=t("Progress")
                hidden=move || !is_running()
            ></progress>
            <p class="job__message" role="status">{move || said.get().map(|(_, message)| language::said(&message))}</p>
            {move || problem.get().map(|text| view! { <p class="field__error">{text}</p> })}
            <JobOutput id text />
        </li>
    }
}

/// What a job prints: read when it is opened, and then as it grows.
#[component]
fn JobOutput(
    /// Whose.
    id: JobId,
    /// What the page began with.
    text: String,
) -> impl IntoView {
    let begun = !text.is_empty();
    let shown = RwSignal::new(text);
    let is_open = RwSignal::new(begun);
    let reading = StoredValue::new(false);
    crate::ui::effect(move || {
        if !is_open.get() || reading.get_value() {
            return;
        }
        reading.set_value(true);
        spawn_local(async move {
            let mut offset = 0;
            while let Ok(piece) = read_job_log(id, offset, if offset == 0 { 0 } else { PATIENCE }).await {
                let is_first = offset == 0;
                offset = piece.next_offset.max(1);
                let gone = shown.try_update(|shown| {
                    if is_first {
                        shown.clear();
                    }
                    shown.push_str(&piece.content);
                    keep_end(shown);
                });
                if gone.is_none() || piece.ended {
                    return;
                }
            }
            reading.try_set_value(false);
        });
    });
    view! {
        <details class="job__output" open=begun on:toggle=move |_| is_open.set(true)>
            <summary>{t("Output")}</summary>
            <pre class="job__log" tabindex="0" aria-label=t("Output of the job")>{move || shown.get()}</pre>
        </details>
    }
}

fn keep_end(text: &mut String) {
    if text.len() > SHOWN {
        let from = text.len() - SHOWN;
        let from = (from..text.len())
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        text.drain(..from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: u64, instance: i64, state: JobState) -> Job {
        Job {
            id: JobId(id),
            kind: "x".to_owned(),
            title: String::new(),
            instance: Some(InstanceId(instance)),
            state,
            progress: None,
            message: String::new(),
            started_at: 0,
            ended_at: None,
        }
    }

    #[test]
    fn what_is_live_counts_more_than_what_the_page_began_with() {
        let first = [job(3, 1, JobState::Running), job(1, 1, JobState::Done)];
        let live = [
            job(4, 1, JobState::Running),
            job(5, 2, JobState::Running),
            job(3, 1, JobState::Failed),
        ];
        let seen: Vec<(u64, JobState)> = merged(&first, &live, Which::Of(InstanceId(1)))
            .into_iter()
            .map(|job| (job.id.0, job.state))
            .collect();
        assert_eq!(
            seen,
            [(4, JobState::Running), (3, JobState::Failed), (1, JobState::Done)]
        );
    }

    #[test]
    fn the_end_of_a_long_log_is_kept_in_whole_characters() {
        let mut text = "ä".repeat(SHOWN);
        keep_end(&mut text);
        assert!(text.len() <= SHOWN && text.chars().all(|c| c == 'ä'));
    }
}
