//! The whole machine on one page: GPUs, processors, memory, disks, network, and what each instance uses of them.
//!
//! # How it works
//! The server draws charts from its history, so the page can be read without scripts. In browsers each reading that
//! comes goes into the same charts ([`Watch`]), as often as this browser wants ([`pace`]); another stretch of time is
//! another address (`?range=24h`).

pub mod events;
pub mod gpus;
pub mod machine;
pub mod pace;
pub mod range;
pub mod usage;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::instances::Instance;
use types::telemetry::Readings;

use self::events::Events;
use self::gpus::{Faults, Gpus};
use self::machine::{Cpu, Disks, Network, Ram};
use self::pace::Pace;
use self::range::Range;
use self::usage::Usage;
use crate::address::Address;
use crate::fetch::{self, Key, Subject, fetch};
use crate::language::{fill, t};
use crate::live::{Live, OfflineBanner};
use crate::paths::at;
use crate::shell::{BottomNav, TopBar, name_page, shared_machine_name};
use crate::telemetry::past::Past;
use crate::telemetry::watch::Watch;
use crate::ui::words::duration;
use crate::ui::{Clock, StyleSheet};
use crate::view;

/// What the page is rendered from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Monitoring {
    now: i64,
    /// How long the machine has been up, milliseconds.
    up: i64,
    /// Seconds between two readings that are shown; none = this browser has not chosen.
    pace: Option<u32>,
    instances: Vec<Instance>,
    readings: Readings,
    machine: Past,
    sparks: Past,
}

/// Everything the page shows; `range` is that of its address.
#[cfg(feature = "ssr")]
pub(crate) async fn load_monitoring(range: Option<String>) -> Result<Monitoring, crate::ApiError> {
    let range = Range::of(range.as_deref());
    let telemetry = expect_context::<engine::Engine>().telemetry;
    Ok(Monitoring {
        now: engine::now_ms(),
        up: uptime(),
        pace: pace::chosen(),
        instances: crate::instances::list_instances().await?,
        machine: range.fine().of_machine(&telemetry).await?,
        sparks: range.coarse().of_instances(&telemetry, "*").await?,
        readings: telemetry.readings().as_ref().clone(),
    })
}

/// How long the machine has been up, milliseconds; 0 where it does not say.
#[cfg(feature = "ssr")]
fn uptime() -> i64 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text
        .split('.')
        .next()
        .and_then(|seconds| seconds.parse::<i64>().ok());
    seconds.unwrap_or_default() * 1000
}

/// The page.
#[component]
pub fn MonitoringPage() -> impl IntoView {
    let address = Address::get();
    let data = fetch(move || {
        Some(Key {
            text: address.text("range"),
            ..Key::of(Subject::Monitoring)
        })
    });
    let host = shared_machine_name();
    name_page(t("Monitoring"));
    view! {
        <StyleSheet name="monitoring" />
        <div class="app">
            <TopBar />
            <OfflineBanner />
            <main class="page" id="main">
                {fetch::show_data(data, ViewFn::default(), move |data: Monitoring| {
                    let host = host.clone();
                    view! { <Content data host /> }
                })}
            </main>
            <BottomNav />
        </div>
    }
}

#[component]
fn Content(
    /// What the server said.
    data: Monitoring,
    /// What the machine calls itself.
    host: String,
) -> impl IntoView {
    let live = Live::get();
    let clock = expect_context::<Clock>();
    live.seed(data.instances);
    clock.begin(data.now);
    clock.tick();
    let range = untrack(|| Range::of(Address::get().text("range").as_deref()));
    let lead = lead(&host, data.up, data.readings.gpus.driver.as_deref());
    let watch = Watch::new(
        data.readings,
        data.machine,
        data.sparks,
        data.pace.unwrap_or(pace::USUAL),
    );
    let renew = Callback::new(move |()| renew(watch, range));
    watch.listen(renew);
    renew_when_something_happened(live, renew);
    view! {
        <div class="page__head">
            <h1 class="page__title">{t("Monitoring")}</h1>
            <span class="page__lead only-wide">{lead}</span>
            <div class="page__tools">
                <Ranges range />
                <Pace watch is_chosen=data.pace.is_some() />
            </div>
        </div>
        <div class="monitor" class:is-old=move || live.is_offline()>
            <Gpus watch range />
            <Cpu watch range />
            <Ram watch range />
            <Disks watch range />
            <Network watch range />
            <Usage watch />
            <Faults watch />
            <Events watch />
        </div>
    }
}

fn lead(host: &str, up: i64, driver: Option<&str>) -> String {
    let mut words = vec![host.to_owned(), fill("up {}", &[&duration(up)])];
    words.extend(driver.map(|driver| fill("NVIDIA driver {}", &[driver])));
    words.retain(|word| !word.is_empty());
    words.join(" · ")
}

/// Links to the same page over another time.
#[component]
fn Ranges(
    /// The present one.
    range: Range,
) -> impl IntoView {
    view! {
        <nav class="segmented" aria-label=t("Time span")>
            {Range::EVERY
                .into_iter()
                .map(|one| {
                    view! {
                        <a
                            class="segmented__item"
                            href=at(&format!("/monitoring{}", one.query()))
                            data-noscroll
                            aria-current=(one == range).then_some("true")
                        >
                            {one.word()}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
    }
}

/// Asks for what the server knows by now; the charts stay where they are.
fn renew(watch: Watch, range: Range) {
    leptos::task::spawn_local(async move {
        let key = Key {
            text: Some(range.key().to_owned()),
            ..Key::of(Subject::Monitoring)
        };
        if let Ok(data) = fetch::ask::<Monitoring>(key).await {
            watch.machine.set(data.machine);
            watch.instances.set(data.sparks);
        }
    });
}

/// Starts and ends are marked in the charts: the server knows when they were.
fn renew_when_something_happened(live: Live, renew: Callback<()>) {
    let runs = crate::ui::memo(move || {
        let rows = live.rows().get().into_iter();
        let run = |row: crate::instances::Row| {
            row.instance
                .with(|instance| (row.id, instance.run, instance.status.is_active()))
        };
        rows.map(run).collect::<Vec<_>>()
    });
    Effect::new(move |before: Option<()>| {
        // Read, not only tracked: a memo that nobody reads hears of nothing.
        runs.with(Vec::len);
        if before.is_some() {
            renew.run(());
        }
    });
}
