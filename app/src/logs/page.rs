//! The log of one instance as a page: `/instances/:id/logs?run=K`.

use crate::address::{Address, run_of};
use crate::fetch::{self, Key, Subject, fetch};
use crate::language::{fill, t};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::instances::{Instance, InstanceId};
use types::logs::Run;

use super::runs::RunList;
use super::{Log, LogButtons, LogLines, LogProgress, LogSearch, OpenedLog, list_runs};
use crate::instances::Row;
use crate::instances::status::StatusBadge;
use crate::live::{Live, OfflineBanner};
use crate::shell::{BottomNav, TopBar, name_page};
use crate::ui::{Clock, ErrorNote, Icon};

/// A run's log over the whole window, beside the list of runs.
#[component]
pub fn LogsPage(
    /// Whose log.
    instance: InstanceId,
) -> impl IntoView {
    let address = Address::get();
    let wanted = crate::ui::memo(move || run_of(address));
    let opened = fetch(move || {
        Some(Key {
            number: wanted.get(),
            ..Key::about(Subject::Log, instance)
        })
    });
    view! {
        <div class="app app--fixed">
            <TopBar />
            <OfflineBanner />
            {fetch::show(opened, ViewFn::default(), move |answer| match answer.read::<OpenedLog>() {
                Ok(opened) => view! { <Opened opened wanted=wanted.get_untracked() /> },
                Err(error) => { name_page("Log"); view! {
                    <main class="page" id="main"><ErrorNote text=error.to_string() /></main>
                } },
            })}
            <BottomNav />
        </div>
    }
}

/// The page once its data is there.
#[component]
fn Opened(
    /// What the server said.
    opened: OpenedLog,
    /// The run of the address; none = the newest.
    wanted: Option<u32>,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    clock.begin(opened.now);
    clock.tick();
    let OpenedLog {
        instance,
        runs,
        chunk,
        ..
    } = opened;
    instance.map(|instance| {
        let (id, name) = (instance.id, instance.name.clone());
        let row = live_row(instance);
        let log = Log::new(id, wanted, chunk);
        let runs = live_runs(row, runs);
        name_page(format_args!("Log of {name}"));
        view! {
            <main class="logs" id="main">
                <aside class="pane pane--runs" aria-label=t("Runs")>
                    <div class="pane__head">
                        <h2 class="pane__title">{t("Runs")}</h2>
                    </div>
                    <div class="pane__body">
                        <RunList runs instance=id shown=log.run />
                    </div>
                </aside>
                <section class="pane" aria-labelledby="log-title">
                    <LogHead row log />
                    <LogLines log label=t("Log") />
                    <EmptyLog log />
                    <LogProgress log />
                </section>
            </main>
        }
    })
}

/// Name, status and tools.
#[component]
fn LogHead(
    /// Whose.
    row: Row,
    /// What is shown.
    log: Log,
) -> impl IntoView {
    view! {
        <div class="pane__head">
            <span class="row grow">
                <a class="button button--icon button--sm is-back" href=at("/") aria-label=t("Back to the instances")>
                    <Icon name="right" />
                </a>
                <h1 class="pane__title truncate" id="log-title">
                    {move || row.instance.with(|instance| instance.name.clone())}
                </h1>
                <StatusBadge row />
                <span class="faint only-wide">
                    {move || match log.run.get() {
                        0 => t("Never started").to_owned(),
                        run => fill("Run {}", &[&run.to_string()]),
                    }}
                </span>
                <Reload />
            </span>
            <span class="row log-tools" class:is-scriptless=move || !log.is_alive()>
                <LogSearch log />
                <LogButtons log instance=row.id />
            </span>
        </div>
    }
}

/// Without scripts nothing comes by itself.
#[component]
pub fn Reload() -> impl IntoView {
    view! {
        <noscript>
            <a class="button button--sm" href="">
                {t("Reload")}
            </a>
        </noscript>
    }
}

/// Says why there is nothing to read.
#[component]
pub fn EmptyLog(
    /// Whose.
    log: Log,
) -> impl IntoView {
    move || {
        log.is_empty().then(|| {
            let sentence = match (log.run.get(), log.marked_only.get()) {
                (0, _) => t("It has never been started. What it prints will stand here."),
                (_, true) => t("No warnings and no errors."),
                _ => t("Nothing printed yet."),
            };
            view! { <p class="log-empty">{sentence}</p> }
        })
    }
}

/// A row that follows the live list.
pub(crate) fn live_row(instance: Instance) -> Row {
    let row = Row {
        id: instance.id,
        instance: RwSignal::new(instance),
    };
    let live = Live::get();
    crate::ui::effect(move || {
        if let Some(present) = live.rows().find(row.id) {
            let instance = present.instance.get();
            if row.instance.with_untracked(|shown| *shown != instance) {
                row.instance.set(instance);
            }
        }
    });
    row
}

/// The runs; asked for again when a run begins or ends.
pub(crate) fn live_runs(row: Row, runs: Vec<Run>) -> RwSignal<Vec<Run>> {
    let runs = RwSignal::new(runs);
    let changes = crate::ui::memo(move || {
        row.instance
            .with(|instance| (instance.run, instance.status.is_active()))
    });
    Effect::new(move |before: Option<(u32, bool)>| {
        let now = changes.get();
        if before.is_some_and(|before| before != now) {
            spawn_local(async move {
                if let Ok(present) = list_runs(row.id).await {
                    runs.try_set(present);
                }
            });
        }
        now
    });
    runs
}
