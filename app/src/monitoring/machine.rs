//! Processors, memory, disks and the network.

use leptos::prelude::*;
use types::telemetry::MachineReading;

use super::range::Range;
use crate::language::{fill, t};
use crate::telemetry::figure::{Unit, gigabytes, percent};
use crate::telemetry::past;
use crate::telemetry::plot::{Chart, Line, Plot};
use crate::telemetry::watch::Watch;
use crate::ui::words::{bytes, decimal};
use crate::view;

/// A chart of a quarter's width.
fn plot(lines: Vec<Line>, unit: Unit, top: Option<f64>) -> Plot {
    Plot {
        lines,
        unit,
        top,
        size: "chart__plot--sm",
        marks_of: String::new(),
    }
}

fn line(subject: String, metric: &'static str, noun: &'static str, tone: &'static str) -> Line {
    Line {
        subject,
        metric,
        noun,
        tone,
    }
}

fn of_machine<T: Clone + PartialEq + Send + Sync + 'static>(
    watch: Watch,
    part: impl Fn(&MachineReading) -> T + Send + Sync + 'static,
) -> Memo<T> {
    crate::ui::memo(move || watch.readings.with(|readings| part(&readings.machine)))
}

/// A card with a chart: its name, its number, and what stands below.
#[component]
fn Card(
    /// Names it on the page.
    id: String,
    /// What is measured.
    title: &'static str,
    /// More of its name.
    #[prop(optional, into)]
    kind: String,
    /// The number of now.
    value: Memo<String>,
    /// What it is counted in.
    unit: Memo<String>,
    /// Over which time.
    range: Range,
    /// What is drawn.
    plot: Plot,
    /// From what.
    watch: Watch,
    /// Below the chart.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card w3" aria-labelledby=id>
            <div class="card__head">
                <h2 class="card__title truncate" id=id.clone() title=(!kind.is_empty()).then(|| kind.clone())>
                    {title}
                    " "
                    <span class="faint card__kind">{kind.clone()}</span>
                </h2>
                <span class="reading__value">
                    {value}
                    " "
                    <small>{unit}</small>
                </span>
            </div>
            <div class="card__body">
                <Chart plot past=watch.machine times=range.times() />
                {children()}
            </div>
        </section>
    }
}

/// The processors together, each core, and who waits for them.
#[component]
pub fn Cpu(
    /// What is measured.
    watch: Watch,
    /// Over which time.
    range: Range,
) -> impl IntoView {
    let value = of_machine(watch, |machine| decimal(machine.sample.cpu_percent.into(), 0));
    let unit = of_machine(watch, |machine| match machine.cpu_limit {
        Some(limit) => fill("% of {} cores", &[&decimal(limit.into(), 1)]),
        None if machine.sample.cores == 1 => t("% of 1 core").to_owned(),
        None => fill("% of {} cores", &[&machine.sample.cores.to_string()]),
    });
    let plot = plot(
        vec![line(past::MACHINE.to_owned(), "cpu_percent", t("CPU load"), "")],
        Unit::Percent,
        Some(100.0),
    );
    let cores = of_machine(watch, |machine| {
        let cores = machine.per_core.iter();
        cores.map(|load| decimal((*load).into(), 0)).collect::<Vec<_>>()
    });
    let label = move || fill("Load of each core in percent: {}", &[&cores.get().join(", ")]);
    let load = of_machine(watch, |machine| {
        let two = |load: f32| decimal(load.into(), 2);
        let loads = [
            two(machine.sample.load_1m),
            two(machine.load_5m),
            two(machine.load_15m),
        ];
        fill("Load {} · {} · {}", &[&loads[0], &loads[1], &loads[2]])
    });
    let limit = of_machine(watch, |machine| {
        machine.cpu_limit.map(|_| t("Limited by the container"))
    });
    view! {
        <Card id="cpu-title".to_owned() title=t("CPU") value unit range plot watch>
            <div class="cores" role="img" aria-label=label>
                {move || cores.get().into_iter().map(|load| view! { <i style=format!("--v:{load}%")></i> }).collect_view()}
            </div>
            <div class="reading__foot">
                <span title=t("Load averages of 1, 5 and 15 minutes")>{load}</span>
                {move || limit.get().map(|limit| view! { <span>{limit}</span> })}
            </div>
        </Card>
    }
}

/// Memory and swap.
#[component]
pub fn Ram(
    /// What is measured.
    watch: Watch,
    /// Over which time.
    range: Range,
) -> impl IntoView {
    let value = of_machine(watch, |machine| gigabytes(machine.sample.ram_used));
    let unit = of_machine(watch, |machine| {
        fill("of {} GB", &[&gigabytes(machine.sample.ram_total)])
    });
    #[expect(clippy::cast_precision_loss, reason = "the end of a scale")]
    let total = watch
        .readings
        .with_untracked(|readings| readings.machine.sample.ram_total as f64);
    let plot = plot(
        vec![line(
            past::MACHINE.to_owned(),
            "memory",
            t("Memory in use"),
            "is-memory",
        )],
        Unit::Bytes,
        (total > 0.0).then_some(total),
    );
    let used = of_machine(watch, |machine| {
        decimal(percent(machine.sample.ram_used, machine.sample.ram_total), 1)
    });
    let free = of_machine(watch, |machine| {
        let free = machine.sample.ram_total.saturating_sub(machine.sample.ram_used);
        fill("{} GB free", &[&gigabytes(free)])
    });
    let swap = of_machine(watch, swap);
    view! {
        <Card id="ram-title".to_owned() title=t("RAM") value unit range plot watch>
            <Meter tone="memory" percent=used />
            <div class="reading__foot">
                <span>{free}</span>
                <span>{swap}</span>
            </div>
        </Card>
    }
}

fn swap(machine: &MachineReading) -> String {
    if machine.swap_total == 0 {
        return t("No swap").to_owned();
    }
    fill(
        "Swap {} of {} GB",
        &[
            &gigabytes(machine.sample.swap_used),
            &gigabytes(machine.swap_total),
        ],
    )
}

/// How full something is; the words beside it say the same.
#[component]
fn Meter(
    /// Of its colour.
    tone: &'static str,
    /// From 0 to 100.
    percent: Memo<String>,
) -> impl IntoView {
    view! {
        <div class="meter meter--alone" aria-hidden="true">
            <i class=format!("meter__fill meter__fill--{tone}") style:width=move || format!("{}%", percent.get())></i>
        </div>
    }
}

/// A card for each file system that holds data of the panel.
#[component]
pub fn Disks(
    /// What is measured.
    watch: Watch,
    /// Over which time.
    range: Range,
) -> impl IntoView {
    let names = crate::ui::memo(move || {
        watch.readings.with(|readings| {
            let volumes = readings.volumes.iter();
            volumes
                .map(|volume| (volume.name.clone(), volume.folders.join(", ")))
                .collect::<Vec<_>>()
        })
    });
    move || {
        let names = names.get().into_iter();
        names
            .map(|(name, folders)| view! { <Disk watch range name folders /> })
            .collect_view()
    }
}

#[component]
fn Disk(
    /// What is measured.
    watch: Watch,
    /// Over which time.
    range: Range,
    /// In the history.
    name: String,
    /// What lies on it.
    folders: String,
) -> impl IntoView {
    let subject = past::volume(&name);
    let id = format!("disk-{name}");
    let volume = crate::ui::memo(move || {
        watch.readings.with(|readings| {
            let found = readings.volumes.iter().find(|volume| volume.name == name);
            found.cloned().unwrap_or_default()
        })
    });
    let value = crate::ui::memo(move || volume.with(|volume| bytes(volume.free)));
    let unit = crate::ui::memo(move || volume.with(|volume| fill("of {} free", &[&bytes(volume.total)])));
    let plot = plot(
        vec![
            line(subject.clone(), "written_per_s", t("Written"), "is-second"),
            line(subject, "read_per_s", t("Read"), ""),
        ],
        Unit::BytesPerSecond,
        None,
    );
    let used = crate::ui::memo(move || {
        volume.with(|volume| decimal(percent(volume.total.saturating_sub(volume.free), volume.total), 1))
    });
    view! {
        <Card id title=t("Disk") kind=folders value unit range plot watch>
            <Meter tone="idle" percent=used />
            <div class="legend">
                <span class="legend__key">{move || volume.with(|volume| speed(t("Read"), volume.read_per_s))}</span>
                <span class="legend__key legend__key--3">
                    {move || volume.with(|volume| speed(t("Written"), volume.written_per_s))}
                </span>
            </div>
        </Card>
    }
}

fn speed(noun: &str, per_second: Option<f64>) -> String {
    let told = per_second.map_or_else(|| "–".to_owned(), |speed| Unit::BytesPerSecond.tell(speed));
    format!("{noun} {told}")
}

/// What comes in and goes out.
#[component]
pub fn Network(
    /// What is measured.
    watch: Watch,
    /// Over which time.
    range: Range,
) -> impl IntoView {
    let both = of_machine(watch, |machine| {
        Unit::BytesPerSecond.tell(machine.received_per_s + machine.sent_per_s)
    });
    let half = move |index: usize| {
        crate::ui::memo(move || {
            both.with(|both| both.splitn(2, ' ').nth(index).unwrap_or_default().to_owned())
        })
    };
    let plot = plot(
        vec![
            line(past::MACHINE.to_owned(), "sent_per_s", t("Sent"), "is-second"),
            line(past::MACHINE.to_owned(), "received_per_s", t("Received"), ""),
        ],
        Unit::BytesPerSecond,
        None,
    );
    let received = of_machine(watch, |machine| {
        speed(t("Received"), Some(machine.received_per_s))
    });
    let sent = of_machine(watch, |machine| speed(t("Sent"), Some(machine.sent_per_s)));
    view! {
        <Card id="network-title".to_owned() title=t("Network") value=half(0) unit=half(1) range plot watch>
            <div class="legend">
                <span class="legend__key">{received}</span>
                <span class="legend__key legend__key--3">{sent}</span>
            </div>
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_is_told_where_there_is_any() {
        let mut machine = MachineReading::default();
        assert_eq!(swap(&machine), "No swap");
        machine.swap_total = 8_000_000_000;
        machine.sample.swap_used = 1_500_000_000;
        assert_eq!(swap(&machine), "Swap 1.5 of 8.0 GB");
    }

    #[test]
    fn a_speed_that_nobody_knows_is_a_dash() {
        assert_eq!(speed("Read", None), "Read –");
        assert_eq!(speed("Read", Some(12e6)), "Read 12 MB/s");
    }
}
