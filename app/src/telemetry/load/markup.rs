//! What the server writes into cells and the machine's pane: present values, and lines that have no points yet.
//! `load.js` writes the same.

use std::fmt::Write;

use leptos::prelude::*;
use types::instances::InstanceId;
use types::telemetry::{GpuReading, InstanceReading, Readings};

use super::short;
use crate::instances::Row;
use crate::language::{fill, t};
use crate::telemetry::figure::{Unit, gibibytes, gigabytes};
use crate::ui::words::{decimal, number};

/// What a cell says when the page is made.
pub(crate) fn first_cell(row: Row) -> String {
    let is_active = row
        .instance
        .with_untracked(|instance| instance.status.is_active());
    let present = present();
    // A reading may be older than the end of a run.
    cell(row.id, if is_active { &present.instances } else { &[] })
}

/// What the pane says of the GPUs when the page is made; nothing where there are none.
pub(crate) fn first_gpus() -> String {
    present().gpus.gpus.iter().map(reading).collect()
}

fn present() -> std::sync::Arc<Readings> {
    expect_context::<engine::Engine>().telemetry.readings()
}

/// CPU and memory of an instance, or a dash while it does not run.
fn cell(id: InstanceId, running: &[InstanceReading]) -> String {
    match running.iter().find(|one| one.id == id) {
        Some(one) => format!("<div class=\"load\">{}{}</div>", cpu(one), memory(one)),
        None => "<span class=\"load--none\">–</span>".to_owned(),
    }
}

fn cpu(one: &InstanceReading) -> String {
    item(t("CPU"), &Unit::Percent.tell(one.cpu_percent.into()), "")
}

/// GPU memory is what people fear for; who uses none shows the machine's.
fn memory(one: &InstanceReading) -> String {
    let (noun, now) = match one.gpu_memory() {
        Some(used) => (t("VRAM"), fill("{} GiB", &[&gibibytes(used)])),
        None => (t("RAM"), ram(one.memory)),
    };
    item(noun, &now, "is-memory")
}

/// `38 MB`, `9.8 GB`.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn ram(size: u64) -> String {
    if size >= 999_500_000 {
        return fill("{} GB", &[&gigabytes(size)]);
    }
    let megabytes = size as f64 / 1e6;
    fill("{} MB", &[&number(megabytes, u8::from(megabytes < 9.95))])
}

fn item(noun: &str, now: &str, tone: &str) -> String {
    let label = fill("{} in the last two minutes, now {}", &[noun, now]);
    let chart = spark(tone, &label, &[""]);
    format!("<div class=\"load__item\">{chart}<span class=\"load__value\"><b>{noun}</b> {now}</span></div>")
}

/// A picture of lines without points, one for each tone.
fn spark(tone: &str, label: &str, lines: &[&str]) -> String {
    let mut paths = String::new();
    for line in lines {
        for class in ["spark__area", "spark__line"] {
            let _ = write!(paths, "<path class=\"{class} {line}\" d=\"\"></path>");
        }
    }
    format!(
        "<svg class=\"spark {tone}\" viewBox=\"0 0 1 100\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{}\">{paths}</svg>",
        escaped(label)
    )
}

/// A GPU as the machine's pane shows CPU and RAM.
fn reading(gpu: &GpuReading) -> String {
    let value = gpu.percent.map_or_else(String::new, |now| {
        format!("{}<small> %</small>", decimal(now.into(), 0))
    });
    let label = fill(
        "Load and memory of GPU {} in the last two minutes",
        &[&gpu.index.to_string()],
    );
    format!(
        "<div class=\"reading\"><div class=\"reading__head\"><h3 class=\"reading__label truncate\">GPU {} · {}</h3>\
         <span class=\"reading__value\">{value}</span></div><div class=\"reading__plot\">{}</div>\
         <div class=\"reading__foot\">{}</div></div>",
        gpu.index,
        escaped(&short(&gpu.name)),
        spark("", &label, &["", "is-memory"]),
        facts(gpu)
    )
}

/// What stands below a GPU's line.
fn facts(gpu: &GpuReading) -> String {
    let mut facts = Vec::new();
    if !gpu.problem.is_empty() {
        facts.push(gpu.problem.clone());
    }
    if let (Some(used), Some(total)) = (gpu.memory_used, gpu.memory_total) {
        facts.push(fill("VRAM {} of {} GiB", &[&gibibytes(used), &gibibytes(total)]));
    }
    if let Some(degrees) = gpu.temperature {
        facts.push(fill("{} °C", &[&degrees.to_string()]));
    }
    if let Some(watts) = gpu.power {
        facts.push(fill("{} W", &[&decimal(watts.into(), 0)]));
    }
    let spans = facts.iter().map(|fact| format!("<span>{}</span>", escaped(fact)));
    spans.collect()
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use types::telemetry::InstanceGpu;

    use super::*;

    fn gpu() -> GpuReading {
        GpuReading {
            uuid: "GPU-1".to_owned(),
            name: "NVIDIA GeForce RTX \"<4090>\"".to_owned(),
            percent: Some(88.4),
            memory_total: Some(24 << 30),
            memory_used: Some(17_100 << 20),
            temperature: Some(71),
            ..GpuReading::default()
        }
    }

    fn running(memory: u64) -> InstanceReading {
        InstanceReading {
            id: InstanceId(7),
            run: 1,
            cpu_percent: 34.4,
            memory,
            processes: 1,
            threads: 1,
            ports: Vec::new(),
            disk_bytes: None,
            gpus: Vec::new(),
        }
    }

    #[test]
    fn what_does_not_run_has_a_dash() {
        assert!(cell(InstanceId(1), &[running(1)]).contains("–"));
    }

    #[test]
    fn who_uses_a_gpu_shows_its_memory_and_others_the_machines() {
        let mut one = running(9_800_000_000);
        let html = cell(InstanceId(7), std::slice::from_ref(&one));
        assert!(
            html.contains("<b>CPU</b> 34 %") && html.contains("<b>RAM</b> 9.8 GB"),
            "{html}"
        );
        one.gpus.push(InstanceGpu {
            index: 0,
            uuid: "GPU-1".to_owned(),
            memory: Some(11_200 << 20),
            percent: None,
        });
        let html = cell(InstanceId(7), &[one]);
        assert!(html.contains("<b>VRAM</b> 10.9 GiB"), "{html}");
    }

    #[test]
    fn little_memory_is_not_told_as_none() {
        for (size, told) in [
            (0, "0.0 MB"),
            (4_240_000, "4.2 MB"),
            (38_200_000, "38 MB"),
            (999_400_000, "999 MB"),
            (999_500_000, "1.0 GB"),
            (128_000_000_000, "128 GB"),
        ] {
            assert_eq!(ram(size), told);
        }
    }

    #[test]
    fn names_of_gpus_are_text() {
        let html = reading(&gpu());
        assert!(html.contains("GPU 0 · RTX &quot;&lt;4090&gt;&quot;"), "{html}");
        assert!(html.contains("88<small> %</small>"), "{html}");
        assert!(
            html.contains("<span>VRAM 16.7 of 24.0 GiB</span><span>71 °C</span>"),
            "{html}"
        );
    }
}
