//! The runs of an instance.

use crate::language::{fill, said};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::instances::{ExitKind, InstanceId};
use types::logs::Run;

use crate::ui::Clock;
use crate::ui::words;

/// Every run with a log, newest first, as links.
#[component]
pub fn RunList(
    /// Newest first.
    #[prop(into)]
    runs: Signal<Vec<Run>>,
    /// Whose.
    instance: InstanceId,
    /// Which one is shown.
    #[prop(into)]
    shown: Signal<u32>,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    move || {
        let newest = runs.with(|runs| runs.first().map(|run| run.number));
        runs.get()
            .into_iter()
            .map(|run| {
                let is_newest = newest == Some(run.number);
                let (tone, shape) = mark(&run);
                let (title, size, number) = (title(&run), words::bytes(run.log_bytes), run.number);
                view! {
                    <a
                        class="run"
                        href=address(instance, (!is_newest).then_some(number))
                        aria-current=move || (shown.get() == number).then_some("true")
                    >
                        <span class=format!("run__mark status--{tone}")>
                            <svg class="status__shape" aria-hidden="true">
                                <use href=shape />
                            </svg>
                        </span>
                        <span class="strong">{title}</span>
                        <span class="faint num">{size}</span>
                        <span class="run__note">{move || note(&run, clock.now())}</span>
                    </a>
                }
            })
            .collect_view()
    }
}

/// The page of a run; none = the newest.
pub(crate) fn address(instance: InstanceId, run: Option<u32>) -> String {
    match run {
        None => at(&format!("/instances/{instance}/logs")),
        Some(run) => at(&format!("/instances/{instance}/logs?run={run}")),
    }
}

/// `Run 14 · now`.
pub(crate) fn title(run: &Run) -> String {
    if run.ended_at.is_none() {
        fill("Run {} · now", &[&run.number.to_string()])
    } else {
        fill("Run {}", &[&run.number.to_string()])
    }
}

fn mark(run: &Run) -> (&'static str, &'static str) {
    match (run.ended_at, run.exit.map(|exit| exit.kind)) {
        (None, _) => ("ok", "#s-healthy"),
        _ if run.reason.starts_with("stopped") => ("idle", "#s-stopped"),
        (_, Some(ExitKind::Code(0))) => ("ok", "#s-healthy"),
        (_, None) => ("idle", "#s-stopped"),
        _ => ("err", "#s-error"),
    }
}

fn note(run: &Run, now: i64) -> String {
    match run.ended_at {
        None => fill("for {}", &[&words::duration(now - run.started_at)]),
        Some(ended) => {
            let ago = words::ago(ended, now);
            let ran = words::duration(ended - run.started_at);
            if run.reason.is_empty() {
                fill("{} · ran {}", &[&ago, &ran])
            } else {
                format!("{ago} · {}", said(&run.reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_how_it_ended() {
        let run = Run {
            number: 3,
            started_at: 0,
            ended_at: Some(60_000),
            exit: None,
            reason: "exit code 3".into(),
            log_bytes: 0,
        };
        assert_eq!(title(&run), "Run 3");
        assert_eq!(note(&run, 7_260_000), "2 h ago · exit code 3");
        let run = Run {
            ended_at: None,
            ..run
        };
        assert_eq!(title(&run), "Run 3 · now");
        assert_eq!(note(&run, 120_000), "for 2 min");
        assert_eq!(mark(&run).0, "ok");
    }
}
