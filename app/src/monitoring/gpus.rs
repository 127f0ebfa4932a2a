//! A card for each GPU: load, memory with its owners, and how hot, fast and hungry it is.

use leptos::prelude::*;
use types::instances::InstanceId;
use types::telemetry::{GpuReading, GpuSlice};

use super::range::Range;
use crate::language::{fill, t};
use crate::live::Live;
use crate::telemetry::figure::{self, Unit, megahertz, percent};
use crate::telemetry::load::short;
use crate::telemetry::past;
use crate::telemetry::plot::{Chart, Line, Plot};
use crate::telemetry::watch::Watch;
use crate::ui::words::gibibytes;
use crate::ui::words::{ago, decimal};
use crate::ui::{Clock, Icon};
use crate::view;

/// Owners of memory with a shade of their own; the others share one.
const SHADES: [&str; 3] = ["memory", "memory-2", "memory-3"];

/// The GPUs, or one sentence in their place.
#[component]
pub fn Gpus(
    /// What is measured.
    watch: Watch,
    /// Over which time.
    range: Range,
) -> impl IntoView {
    let note = crate::ui::memo(move || watch.readings.with(|readings| readings.gpus.note.clone()));
    let known = crate::ui::memo(move || {
        watch.readings.with(|readings| {
            let gpus = readings.gpus.gpus.iter();
            gpus.map(|gpu| (gpu.uuid.clone(), gpu.index, short(&gpu.name)))
                .collect::<Vec<_>>()
        })
    });
    view! {
        {move || {
            let note = note.get();
            (!note.is_empty()).then(|| view! { <p class="card card--line w12" id="gpu-note">{note}</p> })
        }}
        {move || {
            let gpus = known.get();
            let width = if gpus.len() == 1 { "w12" } else { "w6" };
            gpus.into_iter()
                .map(|(uuid, index, name)| view! { <Gpu watch range uuid index name width /> })
                .collect_view()
        }}
    }
}

#[component]
fn Gpu(
    /// What is measured.
    watch: Watch,
    /// Over which time.
    range: Range,
    /// Its name for all time.
    uuid: String,
    /// Its number.
    index: u32,
    /// Its model.
    name: String,
    /// Of the card.
    width: &'static str,
) -> impl IntoView {
    let subject = past::gpu(&uuid);
    let title = format!("gpu-{index}");
    let gpu = crate::ui::memo({
        let uuid = uuid.clone();
        move || {
            watch.readings.with(|readings| {
                let found = readings.gpus.gpus.iter().find(|gpu| gpu.uuid == uuid);
                found.cloned().unwrap_or_default()
            })
        }
    });
    let line = |metric, noun, tone| Line {
        subject: subject.clone(),
        metric,
        noun,
        tone,
    };
    let plot = Plot {
        lines: vec![
            line("gpu_percent", t("Compute"), ""),
            line("gpu_memory_percent", t("VRAM"), "is-memory"),
        ],
        unit: Unit::Percent,
        top: Some(100.0),
        size: "chart__plot--lg",
        marks_of: String::new(),
    };
    view! {
        <section class=format!("card {width}") aria-labelledby=title title=uuid>
            <div class="card__head">
                <h2 class="card__title" id=title.clone()>
                    {fill("GPU {}", &[&index.to_string()])}
                    " "
                    <span class="faint card__kind">{name}</span>
                </h2>
                <span class="reading__value">
                    {move || gpu.with(|gpu| gpu.percent.map(|now| decimal(now.into(), 0)))}
                    <small>{move || gpu.with(|gpu| gpu.percent.map(|_| " %"))}</small>
                </span>
            </div>
            <div class="card__body">
                {move || gpu.with(|gpu| (!gpu.problem.is_empty()).then(|| {
                    let problem = gpu.problem.clone();
                    view! { <div class="note note--warn"><Icon name="alert" /><span>{problem}</span></div> }
                }))}
                <div class="legend">
                    <span class="legend__key">{t("Compute")}</span>
                    <span class="legend__key legend__key--memory">{t("VRAM")}</span>
                </div>
                <Chart plot past=watch.machine times=range.times() />
                <Memory gpu />
                <div class="reading__foot">
                    {move || gpu.with(facts).into_iter().map(|fact| view! { <span>{fact}</span> }).collect_view()}
                    {move || gpu.with(slowed).map(|text| view! { <span class="text-warn">{text}</span> })}
                </div>
                {move || gpu.with(|gpu| gpu.slices.clone()).into_iter().map(|slice| view! { <Slice slice /> }).collect_view()}
            </div>
        </section>
    }
}

/// Why it is slower than it could be.
fn slowed(gpu: &GpuReading) -> Option<String> {
    (!gpu.throttled.is_empty()).then(|| fill("Slowed down: {}", &[&gpu.throttled.join(", ")]))
}

/// What the driver tells beside load and memory; what it does not tell is left out.
fn facts(gpu: &GpuReading) -> Vec<String> {
    let watts = |watts: f32| decimal(watts.into(), 0);
    let power = gpu.power.map(|now| match gpu.power_limit {
        Some(limit) => fill("{} of {} W", &[&watts(now), &watts(limit)]),
        None => fill("{} W", &[&watts(now)]),
    });
    let facts = [
        gpu.temperature
            .map(|degrees| fill("{} °C", &[&degrees.to_string()])),
        power,
        gpu.clock.map(megahertz),
        gpu.memory_clock
            .map(|clock| fill("Memory {}", &[&megahertz(clock)])),
        gpu.fan.map(|percent| fill("Fan {} %", &[&percent.to_string()])),
    ];
    facts.into_iter().flatten().collect()
}

/// Who holds how much of a GPU's memory.
#[derive(Clone, Debug, PartialEq)]
struct Owner {
    name: String,
    shade: &'static str,
    bytes: u64,
}

/// The bar of owners, and their names.
#[component]
fn Memory(
    /// Whose.
    gpu: Memo<GpuReading>,
) -> impl IntoView {
    let owners = crate::ui::memo(move || gpu.with(|gpu| owners(gpu, name_of)));
    let total = move || gpu.with(|gpu| gpu.memory_total.unwrap_or_default());
    let free = move || {
        let free = gpu.with(GpuReading::memory_free)?;
        Some(fill("{} free", &[&gibibytes(free)]))
    };
    let label = move || {
        let owners = owners.get().into_iter();
        let owners = owners.map(|owner| format!("{} {}", owner.name, gibibytes(owner.bytes)));
        let told: Vec<_> = owners.chain(free()).collect();
        fill("VRAM by owner: {}", &[&told.join(", ")])
    };
    view! {
        <div class="stack owners">
            <div class="meter meter--lg" role="img" aria-label=label>
                {move || {
                    owners
                        .get()
                        .into_iter()
                        .map(|owner| {
                            let width = format!("{}%", decimal(percent(owner.bytes, total()), 2));
                            view! { <i class=format!("meter__fill meter__fill--{}", owner.shade) style:width=width></i> }
                        })
                        .collect_view()
                }}
            </div>
            <div class="legend" aria-hidden="true">
                {move || {
                    owners
                        .get()
                        .into_iter()
                        .map(|owner| {
                            view! {
                                <span class=format!("legend__key legend__key--{}", owner.shade)>
                                    <span class="truncate">{owner.name}</span>
                                    <b class="num">{gibibytes(owner.bytes)}</b>
                                </span>
                            }
                        })
                        .collect_view()
                }}
                <span class="faint num">{free}</span>
            </div>
        </div>
    }
}

fn name_of(id: InstanceId) -> Option<String> {
    let row = Live::get().rows().find(id)?;
    Some(row.instance.with(|instance| instance.name.clone()))
}

/// Instances, the largest first; what others hold, and what the driver takes for itself, comes last.
fn owners(gpu: &GpuReading, name_of: impl Fn(InstanceId) -> Option<String>) -> Vec<Owner> {
    let mut held: Vec<(InstanceId, u64)> = Vec::new();
    for process in &gpu.processes {
        let (Some(id), Some(bytes)) = (process.instance, process.memory) else {
            continue;
        };
        match held.iter_mut().find(|(known, _)| *known == id) {
            Some((_, sum)) => *sum += bytes,
            None => held.push((id, bytes)),
        }
    }
    held.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let ours: u64 = held.iter().map(|(_, bytes)| bytes).sum();
    let named = held.into_iter().enumerate().map(|(place, (id, bytes))| Owner {
        name: name_of(id).unwrap_or_else(|| fill("Instance {}", &[&id.to_string()])),
        shade: SHADES.get(place).copied().unwrap_or(SHADES[SHADES.len() - 1]),
        bytes,
    });
    let outside = gpu.memory_used.unwrap_or_default().saturating_sub(ours);
    let others = (outside > 0).then(|| Owner {
        name: t("Outside AiKore").to_owned(),
        shade: "idle",
        bytes: outside,
    });
    named.chain(others).collect()
}

/// A part of a GPU that is cut up.
#[component]
fn Slice(
    /// Which.
    slice: GpuSlice,
) -> impl IntoView {
    let memory = match (slice.memory_used, slice.memory_total) {
        (Some(used), Some(total)) => fill(
            "VRAM {} of {} GiB",
            &[&figure::gibibytes(used), &figure::gibibytes(total)],
        ),
        _ => String::new(),
    };
    view! {
        <div class="reading__foot" title=slice.uuid>
            <span>{slice.name}</span>
            <span>{memory}</span>
        </div>
    }
}

/// What GPUs reported since the panel began, newest first; nothing while there was nothing.
#[component]
pub fn Faults(
    /// What is measured.
    watch: Watch,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let faults = crate::ui::memo(move || watch.readings.with(|readings| readings.gpus.faults.clone()));
    move || {
        let faults = faults.get();
        (!faults.is_empty()).then(|| {
            let faults = faults.into_iter().rev().take(10);
            view! {
                <section class="card card--err w12" aria-labelledby="faults-title">
                    <div class="card__head">
                        <h2 class="card__title" id="faults-title">{t("What the GPUs reported")}</h2>
                    </div>
                    <ul class="card__body events">
                        {faults
                            .map(|fault| {
                                view! {
                                    <li class="event status--err">
                                        <svg class="status__shape" aria-hidden="true"><use href="#s-error" /></svg>
                                        <span>{fault.message}</span>
                                        <span class="faint num">{move || ago(fault.at, clock.now())}</span>
                                    </li>
                                }
                            })
                            .collect_view()}
                    </ul>
                </section>
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use types::telemetry::GpuProcess;

    use super::*;

    fn process(instance: Option<i64>, gigabytes: u64) -> GpuProcess {
        GpuProcess {
            instance: instance.map(InstanceId),
            memory: Some(gigabytes * 1_000_000_000),
            ..GpuProcess::default()
        }
    }

    #[test]
    fn memory_has_its_largest_owner_first_and_strangers_last() {
        let gpu = GpuReading {
            memory_used: Some(20_000_000_000),
            processes: vec![
                process(Some(1), 2),
                process(None, 3),
                process(Some(2), 5),
                process(Some(1), 4),
                process(Some(3), 1),
                process(Some(4), 1),
            ],
            ..GpuReading::default()
        };
        let owners = owners(&gpu, |id| (id.0 != 4).then(|| format!("app {id}")));
        let told: Vec<_> = owners
            .iter()
            .map(|one| (one.name.as_str(), one.shade, one.bytes / 1_000_000_000))
            .collect();
        assert_eq!(
            told,
            [
                ("app 1", "memory", 6),
                ("app 2", "memory-2", 5),
                ("app 3", "memory-3", 1),
                ("Instance 4", "memory-3", 1),
                ("Outside AiKore", "idle", 7),
            ]
        );
    }

    #[test]
    fn what_a_gpu_does_not_tell_is_left_out() {
        assert!(facts(&GpuReading::default()).is_empty());
        let told = facts(&GpuReading {
            temperature: Some(71),
            power: Some(382.4),
            power_limit: Some(450.0),
            clock: Some(2520),
            ..GpuReading::default()
        });
        assert_eq!(told, ["71 °C", "382 of 450 W", "2,520 MHz"]);
    }
}
