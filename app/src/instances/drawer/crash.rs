//! The crash card: why an instance ended by itself, with numbers, the last minute, the last lines, and the next step.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::instances::{InstanceId, Status};

use super::Details;
use super::curve::{Curve, CurveView};
use super::overview::{capitalised, explanation};
use crate::fetch::{self, Fetched};
use crate::instances::Row;
use crate::instances::row::part;
use crate::instances::start::Choices;
use crate::instances::status::gist;
use crate::language::{fill, t};
use crate::logs::level::Level;
use crate::paths::at;
use crate::ui::words::{ago, duration};
use crate::ui::{Clock, ErrorNote, Icon, StyleSheet};
use crate::view;

/// Why an instance ended by itself, as the card says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crashed {
    /// The reason in a few words.
    title: String,
    /// With numbers, and who is to blame.
    why: String,
    /// What to do next.
    advice: String,
    /// How long it ran, milliseconds.
    lasted: i64,
    /// Memory of the last minute.
    curves: Vec<Curve>,
    /// A GPU with more room, by number and name.
    elsewhere: Option<(u32, String)>,
    /// Who held the memory, if it runs still.
    rival: Option<(InstanceId, String)>,
}

/// Why an instance ended by itself; nothing when it did not, or runs again.
#[cfg(feature = "ssr")]
pub(super) async fn load(id: InstanceId) -> Result<Option<Crashed>, crate::ApiError> {
    let engine = expect_context::<engine::Engine>();
    if engine.instances.get(id).await?.status != Status::Error {
        return Ok(None);
    }
    // A start that failed before there was a run is no crash.
    match engine.crashes.last(id).await {
        Ok(crash) => Ok(Some(building::card(&engine, id, &crash).await?)),
        Err(engine::Error::NoCrash(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(feature = "ssr")]
mod building {
    use engine::Engine;
    use types::crashes::{Crash, CrashCause};
    use types::gpus::GpuChoice;
    use types::instances::{ExitKind, InstanceId};
    use types::telemetry::Series;

    use super::super::curve::{Curve, CurveSpan};
    use super::Crashed;
    use crate::ApiError;
    use crate::language::{fill, t};

    /// Milliseconds that the curves show.
    const LENGTH: i64 = 60_000;

    pub(super) async fn card(engine: &Engine, id: InstanceId, crash: &Crash) -> Result<Crashed, ApiError> {
        let fit = engine.telemetry.fit(id).await?;
        let others = engine.telemetry.choices().await?.gpus.into_iter();
        let others = others.filter(|gpu| fit.gpus.iter().all(|own| own.uuid != gpu.uuid));
        let is_gpu = crash.cause == CrashCause::OutOfGpuMemory;
        let (mut elsewhere, mut rival) = (None, None);
        if is_gpu {
            let own = fit
                .gpus
                .iter()
                .filter_map(|gpu| gpu.free)
                .max()
                .unwrap_or_default();
            elsewhere = others
                .filter(|gpu| gpu.problem.is_empty() && gpu.free > Some(own))
                .max_by_key(|gpu| gpu.free)
                .map(|gpu| (gpu.index, gpu.name));
            rival = culprit(engine, crash).await;
        }
        // The last lines stand below, and so does what the log says of memory, with numbers.
        let reason = crash.reason.split(" Last line: ").next().unwrap_or_default();
        let reason = reason.replace(" The GPU's memory was used up (CUDA out of memory).", "");
        Ok(Crashed {
            title: title(crash),
            why: [reason.as_str(), &crash.explanation].join(" ").trim().to_owned(),
            advice: crash.advice.clone(),
            lasted: crash.ended_at - crash.started_at,
            curves: curves(id, crash, &fit.gpus),
            elsewhere,
            rival,
        })
    }

    /// Who held the memory, if it still does.
    async fn culprit(engine: &Engine, crash: &Crash) -> Option<(InstanceId, String)> {
        let holder = crash.culprit.as_ref()?;
        let row = engine.instances.get(holder.instance).await.ok()?;
        row.status.can_stop().then_some((row.id, row.name))
    }

    fn title(crash: &Crash) -> String {
        let kind = crash.exit.map(|exit| exit.kind);
        match (crash.cause, kind) {
            (CrashCause::OutOfGpuMemory, _) => t("Ran out of GPU memory").to_owned(),
            (CrashCause::OutOfMemory, _) => t("Ran out of memory, the kernel ended it").to_owned(),
            (CrashCause::Lost, _) => t("Nobody saw its end").to_owned(),
            (CrashCause::NotStarted, _) => t("It could not be started").to_owned(),
            (_, Some(ExitKind::Code(code @ 129..=159))) => {
                fill("Ended by {}", &[engine::signal_name(code - 128)])
            }
            (_, Some(ExitKind::Signal(number))) => fill("Ended by {}", &[engine::signal_name(number)]),
            (_, Some(ExitKind::Code(0))) => t("Ended by itself").to_owned(),
            (_, Some(ExitKind::Code(code))) => fill("Ended with exit code {}", &[&code.to_string()]),
            _ => t("Ended by itself").to_owned(),
        }
    }

    /// Its own memory, and that of the GPU it used that was fullest.
    fn curves(id: InstanceId, crash: &Crash, gpus: &[GpuChoice]) -> Vec<Curve> {
        let history = &crash.last_minute;
        let span = CurveSpan {
            from: history.from,
            to: crash.ended_at,
            length: LENGTH,
        };
        let find = |subject: String, metric: &str| {
            let is_it = |series: &&Series| series.subject == subject && series.metric == metric;
            history.series.iter().find(is_it)
        };
        let ram = find(format!("instance:{id}"), "memory");
        let ram = ram.and_then(|series| Curve::draw(t("RAM it held").to_owned(), &series.mean, span, None));
        let filled = gpus.iter().filter_map(|gpu| {
            let series = find(format!("gpu:{}", gpu.uuid), "gpu_memory")?;
            let last = series.mean.iter().rev().flatten().next()?;
            Some((gpu, series, *last))
        });
        let fullest = filled.max_by(|one, other| one.2.total_cmp(&other.2));
        let vram = fullest.and_then(|(gpu, series, _)| {
            let title = fill("VRAM of GPU {}", &[&gpu.index.to_string()]);
            #[expect(clippy::cast_precision_loss, reason = "drawn at 0.1 %")]
            let limit = gpu.total.map(|total| total as f64);
            Curve::draw(title, &series.mean, span, limit)
        });
        vram.into_iter().chain(ram).collect()
    }
}

/// Why it does not run, or not answer.
#[component]
pub(super) fn CrashCard(
    /// Whose.
    row: Row,
    /// Beyond the row.
    details: Fetched,
) -> impl IntoView {
    let stalled = part(row, |instance| instance.status == Status::Stalled);
    view! {
        <StyleSheet name="crash" />
        {fetch::show(details, ViewFn::default(), move |answer| match answer.read_any::<Details>() {
            Some(Ok(details)) => {
                let crash = details.crash.filter(|_| !untrack(|| stalled.get()));
                view! { <Card row crash lines=details.last_lines /> }
            }
            Some(Err(error)) => view! { <ErrorNote text=error.to_string() /> },
            None => ().into_any(),
        })}
    }
}

#[component]
fn Card(
    /// Whose.
    row: Row,
    /// What is known of its end.
    crash: Option<Crashed>,
    /// The end of its log.
    lines: Vec<String>,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let title = match &crash {
        Some(crash) => Signal::stored(crash.title.clone()),
        None => part(row, |instance| match instance.status {
            Status::Stalled => t("It does not answer").to_owned(),
            _ => gist(instance).map_or_else(|| t("It could not be started").to_owned(), capitalised),
        })
        .into(),
    };
    let lasted = crash
        .as_ref()
        .map(|crash| fill(" · ran {}", &[&duration(crash.lasted)]));
    let why = match &crash {
        Some(crash) => {
            view! { <span>{crash.why.clone()} " " <span class="muted">{crash.advice.clone()}</span></span> }
        }
        None => view! { <span>{part(row, explanation)}</span> },
    };
    let curves = crash
        .as_ref()
        .map(|crash| crash.curves.clone())
        .unwrap_or_default();
    let is_unmeasured = crash.is_some() && curves.is_empty();
    view! {
        <div class="crash">
            <div class="crash__head">
                <svg class="status__shape" aria-hidden="true">
                    <use href="#s-error" />
                </svg>
                <h4 class="crash__title">{title}</h4>
                <span class="crash__when num">
                    {move || row.instance.with(|instance| ago(instance.status_since, clock.now()))} {lasted}
                </span>
                <p class="crash__why">{why}</p>
            </div>
            {curves.into_iter().map(|curve| view! { <CurveView curve /> }).collect_view()}
            {is_unmeasured.then(|| view! {
                <p class="crash__part faint">{t("It ended before its memory was measured.")}</p>
            })}
            <div class="crash__part crash__sub">
                <span>{t("Last lines of the log")}</span>
                <a href=at(&format!("/instances/{}/logs", row.id))>{t("Open the log")}</a>
            </div>
            <pre class="log" tabindex="0" role="region" aria-label=t("Last lines of the log")>
                {lines
                    .into_iter()
                    .map(|line| {
                        let class = class_of(&line);
                        view! { <span class=class>{line} "\n"</span> }
                    })
                    .collect_view()}
            </pre>
            {crash.map(|crash| view! { <NextSteps row crash /> })}
        </div>
    }
}

/// Errors have a mark at the edge.
fn class_of(line: &str) -> &'static str {
    match Level::of(line) {
        Level::Error => "log__line log__line--plain log__line--err",
        Level::Warning => "log__line log__line--plain log__line--warn",
        Level::Plain => "log__line log__line--plain",
    }
}

/// What can be done now, the best first.
#[component]
fn NextSteps(
    /// Whose.
    row: Row,
    /// What is known of its end.
    crash: Crashed,
) -> impl IntoView {
    let problem = RwSignal::new(None);
    let choices = Choices {
        row,
        asks: true,
        problem,
        elsewhere: crash.elsewhere,
        rival: crash.rival,
    };
    let bundle = at(&format!("/api/v1/instances/{}/crash/bundle", row.id));
    view! {
        <div class="crash__part">
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            <div class="buttons crash__steps">
                {choices.buttons(t("Start again"))}
                <a class="button button--quiet" href=bundle download title=t("Crash, log, settings, script and machine in one file; secrets are hidden")>
                    <Icon name="download" />
                    {t("Download bundle")}
                </a>
            </div>
        </div>
    }
}
