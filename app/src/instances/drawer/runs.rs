//! The runs of an instance, each with its log.

use crate::language::{fill, said, t};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::instances::{ExitKind, InstanceId};
use types::logs::Run;

use crate::ui::Clock;
use crate::ui::words::{ago, bytes, duration};

/// A table of runs, newest first.
#[component]
pub fn Runs(
    /// Whose.
    id: InstanceId,
    /// Newest first.
    runs: Vec<Run>,
) -> impl IntoView {
    if runs.is_empty() {
        return view! { <p class="faint">{t("It has not been started yet.")}</p> }.into_any();
    }
    view! {
        <table class="table table--plain table--stack">
            <thead>
                <tr>
                    <th scope="col">{t("Run")}</th>
                    <th scope="col">{t("How it ended")}</th>
                    <th class="right" scope="col">
                        {t("Ran")}
                    </th>
                    <th class="right" scope="col">
                        {t("Log")}
                    </th>
                </tr>
            </thead>
            <tbody>{runs.into_iter().map(|run| view! { <RunRow id run /> }).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn RunRow(
    /// Whose.
    id: InstanceId,
    /// Which.
    run: Run,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let (shape, tone, word) = outcome(&run);
    let (started, ended) = (run.started_at, run.ended_at);
    view! {
        <tr>
            <td>
                <a class="num" href=at(&format!("/instances/{id}/logs?run={}", run.number))>
                    {fill("Run {}", &[&run.number.to_string()])}
                </a>
                " "
                <span class="faint">{move || ago(started, clock.now())}</span>
            </td>
            <td>
                <span class=format!("status status--inline status--{tone}")>
                    <svg class="status__shape" aria-hidden="true">
                        <use href=format!("#{shape}") />
                    </svg>
                    <span class="status__word">{word}</span>
                </span>
                " "
                <span class="muted">{said(&run.reason)}</span>
            </td>
            <td class="right num">{move || duration(ended.unwrap_or_else(|| clock.now()) - started)}</td>
            <td class="right num">{bytes(run.log_bytes)}</td>
        </tr>
    }
}

fn outcome(run: &Run) -> (&'static str, &'static str, &'static str) {
    match run.exit.map(|exit| exit.kind) {
        None if run.ended_at.is_none() => ("s-healthy", "ok", t("Runs")),
        Some(ExitKind::Code(0)) => ("s-stopped", "idle", t("Ended")),
        Some(ExitKind::Signal(2 | 9 | 15)) => ("s-stopped", "idle", t("Stopped")),
        Some(ExitKind::OutOfMemory) => ("s-error", "err", t("Out of memory")),
        None | Some(ExitKind::Lost) => ("s-stopped", "idle", t("Lost")),
        Some(ExitKind::Code(_) | ExitKind::Signal(_)) => ("s-error", "err", t("Error")),
    }
}
