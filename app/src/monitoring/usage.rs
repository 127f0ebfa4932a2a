//! What each running instance uses.

use leptos::prelude::*;
use types::telemetry::InstanceReading;

use crate::instances::Row;
use crate::instances::row::part;
use crate::instances::status::StatusBadge;
use crate::language::t;
use crate::live::Live;
use crate::paths::at;
use crate::telemetry::figure::{self, Paths, Unit};
use crate::telemetry::past;
use crate::telemetry::watch::Watch;
use crate::ui::words::{bytes, gibibytes, thousands};
use crate::view;

/// The table of instances that run.
#[component]
pub fn Usage(
    /// What is measured.
    watch: Watch,
) -> impl IntoView {
    let rows = Live::get().rows();
    let running = crate::ui::memo(move || {
        let mut rows = rows.get();
        rows.retain(|row| row.instance.with(|instance| instance.status.is_active()));
        rows
    });
    view! {
        <section class="card w12" aria-labelledby="usage-title">
            <div class="card__head">
                <h2 class="card__title" id="usage-title">{t("By instance")}</h2>
            </div>
            {move || {
                let running = running.get();
                if running.is_empty() {
                    return view! { <p class="card__body faint">{t("No instance runs.")}</p> };
                }
                view! {
                    <div class="table-scroll" tabindex="0" role="region" aria-label=t("Table of what instances use")>
                        <table class="table table--plain usage">
                            <UsageHead />
                            <tbody>{running.into_iter().map(|row| view! { <UsageRow row watch /> }).collect_view()}</tbody>
                        </table>
                    </div>
                }
            }}
        </section>
    }
}

#[component]
fn UsageHead() -> impl IntoView {
    view! {
        <thead>
            <tr>
                <th scope="col">{t("Instance")}</th>
                <th scope="col">{t("Status")}</th>
                <th class="only-wide" scope="col">{t("CPU")}</th>
                <th class="right only-wide" scope="col">{t("RAM")}</th>
                <th class="only-wide" scope="col">{t("VRAM")}</th>
                <th class="right only-wide only-desk" scope="col">{t("Threads")}</th>
                <th class="right only-wide only-desk" scope="col">{t("Disk")}</th>
                <th class="right only-wide" scope="col">{t("Ports")}</th>
            </tr>
        </thead>
    }
}

#[component]
fn UsageRow(
    /// Whose.
    row: Row,
    /// What is measured.
    watch: Watch,
) -> impl IntoView {
    let name = part(row, |instance| instance.name.clone());
    let reading = crate::ui::memo(move || {
        watch.readings.with(|readings| {
            let found = readings.instances.iter().find(|one| one.id == row.id);
            found.cloned()
        })
    });
    let text = move |tell: fn(&InstanceReading) -> Option<String>| {
        crate::ui::memo(move || {
            let told = reading.with(|reading| reading.as_ref().and_then(tell));
            told.unwrap_or_else(|| "–".to_owned())
        })
    };
    let cpu = text(|reading| Some(Unit::Percent.tell(reading.cpu_percent.into())));
    let ram = text(|reading| Some(bytes(reading.memory)));
    let vram = text(|reading| reading.gpu_memory().map(gibibytes));
    let threads = text(|reading| Some(thousands(reading.threads.into())));
    let disk = text(|reading| reading.disk_bytes.map(bytes));
    let ports = text(ports);
    view! {
        <tr>
            <td>
                <a class="strong usage__name truncate" href=at(&format!("/?open={}", row.id)) rel="external">
                    {name}
                </a>
                <span class="only-phone faint num usage__brief">
                    {move || format!("{} {} · {} {} · {} {}", t("CPU"), cpu.get(), t("RAM"), ram.get(), t("VRAM"), vram.get())}
                </span>
            </td>
            <td class="nowrap">
                <StatusBadge row />
            </td>
            <td class="only-wide">
                <Spark row watch metric="cpu_percent" noun=t("CPU") tone="" text=cpu />
            </td>
            <td class="right num only-wide">{ram}</td>
            <td class="only-wide">
                <Spark row watch metric="gpu_memory" noun=t("VRAM") tone="is-memory" text=vram />
            </td>
            <td class="right num only-wide only-desk">{threads}</td>
            <td class="right num only-wide only-desk">{disk}</td>
            <td class="right num only-wide">{ports}</td>
        </tr>
    }
}

/// The first few: an app may listen on hundreds.
fn ports(reading: &InstanceReading) -> Option<String> {
    const SHOWN: usize = 3;
    let ports = &reading.ports;
    let mut told: Vec<_> = ports.iter().take(SHOWN).map(u16::to_string).collect();
    if ports.len() > SHOWN {
        told.push(format!("+{}", ports.len() - SHOWN));
    }
    (!told.is_empty()).then(|| told.join(", "))
}

/// A line no larger than a word, with its number.
#[component]
fn Spark(
    /// Whose.
    row: Row,
    /// What is measured.
    watch: Watch,
    /// Which.
    metric: &'static str,
    /// What it is called.
    noun: &'static str,
    /// Added to the class `spark`.
    tone: &'static str,
    /// The number.
    text: Memo<String>,
) -> impl IntoView {
    let subject = past::instance(row.id);
    let unit = if metric == "cpu_percent" {
        Unit::Percent
    } else {
        Unit::GpuMemory
    };
    let drawn = crate::ui::memo(move || {
        watch.instances.with(|past| {
            let values = past.values(&subject, metric);
            let most = values
                .iter()
                .flatten()
                .fold(0.0, |most: f64, value| most.max(f64::from(*value)));
            (
                figure::paths(values, unit.scale(most)),
                figure::sentence(noun, values, unit),
            )
        })
    });
    let path = move |part: fn(&Paths) -> &String| move || drawn.with(|(paths, _)| part(paths).clone());
    let width = move || watch.instances.with(|past| past.steps().saturating_sub(1).max(1));
    view! {
        <span class="row usage__spark">
            <svg
                class=format!("spark {tone}")
                viewBox=move || format!("0 0 {} 100", width())
                preserveAspectRatio="none"
                role="img"
                aria-label=move || drawn.with(|(_, sentence)| sentence.clone())
            >
                <path class="spark__area" d=path(|paths| &paths.area)></path>
                <path class="spark__line" d=path(|paths| &paths.line)></path>
            </svg>
            <span class="num muted nowrap">{text}</span>
        </span>
    }
}

#[cfg(test)]
mod tests {
    use types::instances::InstanceId;

    use super::*;

    #[test]
    fn of_many_ports_the_first_are_told() {
        let mut reading = InstanceReading {
            id: InstanceId(1),
            run: 1,
            cpu_percent: 12.6,
            memory: 0,
            processes: 1,
            threads: 1,
            ports: Vec::new(),
            disk_bytes: None,
            gpus: Vec::new(),
        };
        assert_eq!(ports(&reading), None);
        reading.ports = vec![7860, 7861, 7862, 7863, 7864];
        assert_eq!(ports(&reading).as_deref(), Some("7860, 7861, 7862, +2"));
    }
}
