//! What the machine, its GPUs and every instance do, now and in the last hour.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use types::instances::InstanceId;
use types::telemetry::{GpuReading, History, InstanceReading, MachineReading, Readings, VolumeReading};

use super::bars::{bar, past, share};
use super::{Area, Frame, short};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::words::{bytes, decimal, gibibytes};
use crate::view;

/// Things of one sort that are listed; a machine with more is looked at in the full panel.
const LISTED: usize = 40;

/// What the page shows.
pub struct Machine {
    /// What is measured now.
    pub readings: Arc<Readings>,
    /// The last hour.
    pub history: History,
    /// What instances are called.
    pub names: HashMap<InstanceId, String>,
}

/// Of what the page shows the past.
pub const SUBJECTS: [&str; 2] = ["machine", "gpu:*"];
/// What of it.
pub const METRICS: [&str; 2] = ["cpu_percent", "memory"];

/// The page.
pub fn page(frame: &Frame, machine: &Machine) -> String {
    let readings = &machine.readings;
    let content = view! {
        <section class="k">
            {cpu(&readings.machine, Some(&machine.history))}
            {memory(&readings.machine, Some(&machine.history))}
            {network(&readings.machine)}
        </section>
        <h2>{t("GPUs")}</h2>
        {(!readings.gpus.note.is_empty()).then(|| view! { <p class="box">{readings.gpus.note.clone()}</p> })}
        {(!readings.gpus.gpus.is_empty()).then(|| {
            let gpus = readings.gpus.gpus.iter().take(LISTED).map(|one| gpu(one, Some(machine)));
            view! { <section class="k">{gpus.collect_view()}</section> }
        })}
        <h2>{t("Disks")}</h2>
        <section class="k">{readings.volumes.iter().take(LISTED).map(volume).collect_view()}</section>
        <h2>{t("Instances")}</h2>
        {instances(machine)}
        {frame.paces()}
    };
    frame.page(Area::Machine, t("Machine"), content)
}

/// The short form, below the list of instances.
pub(super) fn strip(readings: &Readings) -> AnyView {
    let note = &readings.gpus.note;
    view! {
        <section class="k">
            {cpu(&readings.machine, None)} {memory(&readings.machine, None)}
            {readings.gpus.gpus.iter().take(8).map(|one| gpu(one, None)).collect_view()}
        </section>
        {(!note.is_empty()).then(|| view! { <p><small>{note.clone()}</small></p> })}
    }
}

/// The means of a metric in the last hour.
fn means<'a>(history: &'a History, subject: &str, metric: &str) -> &'a [Option<f32>] {
    let series = history.series.iter();
    let mut fitting = series.filter(|one| one.subject == subject && one.metric == metric);
    fitting.next().map_or(&[], |one| &one.mean)
}

fn percent(value: f64) -> String {
    format!("{} %", decimal(value, 0))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes of one machine"
)]
fn size(value: f64) -> String {
    bytes(value.max(0.0) as u64)
}

fn cpu(machine: &MachineReading, history: Option<&History>) -> AnyView {
    let sample = &machine.sample;
    let load = f64::from(sample.cpu_percent);
    let cores = sample.cores.to_string();
    let about = if sample.cores == 1 {
        fill("{} of 1 core", &[&percent(load)])
    } else {
        fill("{} of {} cores", &[&percent(load), &cores])
    };
    view! {
        <div>
            <b>{t("CPU")}</b> " " <small>{about}</small> " "
            {bar(t("CPU").to_owned(), load, None)}
            {history.map(|history| view! {
                {past(means(history, "machine", "cpu_percent"), 100.0, None, percent)}
                <br />
                <small>{load_of(machine)}</small>
            })}
        </div>
    }
}

fn load_of(machine: &MachineReading) -> String {
    let averages =
        [machine.sample.load_1m, machine.load_5m, machine.load_15m].map(|load| decimal(load.into(), 2));
    fill(
        "Load {} · {} · {} (1, 5, 15 min)",
        &[&averages[0], &averages[1], &averages[2]],
    )
}

#[expect(clippy::cast_precision_loss, reason = "drawn at 0.1 %")]
fn memory(machine: &MachineReading, history: Option<&History>) -> AnyView {
    let sample = &machine.sample;
    let about = fill("{} of {}", &[&bytes(sample.ram_used), &bytes(sample.ram_total)]);
    let swap = || {
        fill(
            "Swap: {} of {}",
            &[&bytes(sample.swap_used), &bytes(machine.swap_total)],
        )
    };
    view! {
        <div>
            <b>{t("RAM")}</b> " " <small>{about}</small> " "
            {bar(t("RAM").to_owned(), share(sample.ram_used, sample.ram_total), Some("vr"))}
            {history.map(|history| view! {
                {past(means(history, "machine", "memory"), sample.ram_total as f64, Some("vr"), size)}
                <br />
                <small>{swap()}</small>
            })}
        </div>
    }
}

fn network(machine: &MachineReading) -> AnyView {
    let rate = |value: f64| format!("{}/s", size(value));
    view! {
        <div>
            <b>{t("Network")}</b>
            <br />
            <small>{fill("received {}, sent {}", &[&rate(machine.received_per_s), &rate(machine.sent_per_s)])}</small>
        </div>
    }
}

#[expect(clippy::cast_precision_loss, reason = "drawn at 0.1 %")]
fn gpu(gpu: &GpuReading, machine: Option<&Machine>) -> AnyView {
    let name = format!("GPU {}", gpu.index);
    if !gpu.problem.is_empty() {
        return view! { <div><b>{name}</b> " " <span class="r">"✕ " {gpu.problem.clone()}</span></div> };
    }
    let (load, used, total) = (
        gpu.percent.unwrap_or(0.0).into(),
        gpu.memory_used.unwrap_or(0),
        gpu.memory_total.unwrap_or(0),
    );
    let mut facts = Vec::new();
    facts.extend(gpu.percent.map(|load| percent(load.into())));
    facts.extend(
        gpu.memory_total
            .map(|total| fill("{} of {}", &[&gibibytes(used), &gibibytes(total)])),
    );
    facts.extend(gpu.temperature.map(|degrees| format!("{degrees} °C")));
    let subject = format!("gpu:{}", gpu.uuid);
    view! {
        <div>
            <b>{name.clone()}</b> " " <small>{facts.join(", ")}</small> " "
            {bar(name.clone(), load, None)} " "
            {bar(format!("{name}, {}", t("memory")), share(used, total), Some("vr"))}
            {machine.map(|machine| view! {
                <small>{about(gpu)}</small>
                {past(means(&machine.history, &subject, "memory"), total as f64, Some("vr"), size)}
                {users(gpu, &machine.names)}
            })}
        </div>
    }
}

/// What of a GPU is worth knowing beside load and memory.
fn about(gpu: &GpuReading) -> String {
    let mut facts = vec![short(&gpu.name, 60)];
    facts.extend(gpu.power.map(|watts| format!("{} W", decimal(watts.into(), 0))));
    facts.extend(gpu.clock.map(|clock| format!("{clock} MHz")));
    facts.extend(gpu.fan.map(|fan| fill("fan {} %", &[&fan.to_string()])));
    facts.extend(gpu.throttled.iter().cloned());
    facts.join(" · ")
}

/// Who uses a GPU.
fn users(gpu: &GpuReading, names: &HashMap<InstanceId, String>) -> AnyView {
    let user = |process: &types::telemetry::GpuProcess| {
        let owner = process.instance.and_then(|id| names.get(&id).cloned());
        let who = owner.unwrap_or_else(|| format!("{} ({})", short(&process.name, 40), process.pid));
        process
            .memory
            .map_or_else(|| who.clone(), |memory| format!("{who}: {}", gibibytes(memory)))
    };
    let users: Vec<String> = gpu.processes.iter().take(LISTED).map(user).collect();
    view! { <br /><small>{if users.is_empty() { t("Nobody uses it.").to_owned() } else { users.join(", ") }}</small> }
}

fn volume(volume: &VolumeReading) -> AnyView {
    let used = volume.total.saturating_sub(volume.free);
    view! {
        <div>
            <b>{volume.folders.join(", ")}</b> " "
            <small>{fill("{} of {} are free", &[&bytes(volume.free), &bytes(volume.total)])}</small> " "
            {bar(volume.name.clone(), share(used, volume.total), Some("vr"))}
        </div>
    }
}

fn instances(machine: &Machine) -> AnyView {
    if machine.readings.instances.is_empty() {
        return view! { <p class="box">{t("None runs.")}</p> };
    }
    let rows = machine
        .readings
        .instances
        .iter()
        .take(LISTED)
        .map(|one| instance(one, machine));
    view! {
        <section>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{t("Name")}</th>
                        <th scope="col">{t("CPU")}</th>
                        <th scope="col">{t("RAM")}</th>
                        <th scope="col" class="w">{t("VRAM")}</th>
                        <th scope="col" class="w">{t("Processes")}</th>
                        <th scope="col" class="w">{t("Ports")}</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

fn instance(one: &InstanceReading, machine: &Machine) -> AnyView {
    let sample = &machine.readings.machine.sample;
    let name = machine
        .names
        .get(&one.id)
        .cloned()
        .unwrap_or_else(|| one.id.to_string());
    let cpu = f64::from(one.cpu_percent);
    let ports: Vec<String> = one.ports.iter().take(6).map(u16::to_string).collect();
    view! {
        <tr>
            <td><a href=at(&format!("/lite/instances/{}", one.id))>{name}</a></td>
            <td>{percent(cpu)} " " {bar(t("CPU").to_owned(), cpu / f64::from(sample.cores.max(1)), None)}</td>
            <td>{bytes(one.memory)} " " {bar(t("RAM").to_owned(), share(one.memory, sample.ram_total), Some("vr"))}</td>
            <td class="w">{one.gpu_memory().map(gibibytes)}</td>
            <td class="w">{one.processes.to_string()}</td>
            <td class="w">{ports.join(", ")}</td>
        </tr>
    }
}
