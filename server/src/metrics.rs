//! `/metrics`: what is measured, for Prometheus. Needs a login like everything else: an API token.

mod exposition;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use types::instances::{Health, Instance, Status};
use types::telemetry::{GpuReading, InstanceReading, MachineReading, Readings, VolumeReading};

use self::exposition::Exposition;
use crate::error::HttpError;
use crate::state::Panel;

/// What Prometheus calls the format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

const STATUSES: [Status; 8] = [
    Status::Stopped,
    Status::Queued,
    Status::Installing,
    Status::Starting,
    Status::Started,
    Status::Stalled,
    Status::Stopping,
    Status::Error,
];

/// Answers `GET /metrics`.
pub(crate) async fn serve(State(panel): State<Panel>) -> Result<Response, HttpError> {
    let readings = panel.engine.telemetry.readings();
    let instances = panel.engine.instances.list().await?;
    let text = text(&readings, &instances);
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}

fn text(readings: &Readings, instances: &[Instance]) -> String {
    let mut page = Exposition::default();
    page.gauge(
        "aikore_build_info",
        "The panel.",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1.0,
    );
    machine(&mut page, &readings.machine);
    readings.volumes.iter().for_each(|one| volume(&mut page, one));
    readings.gpus.gpus.iter().for_each(|one| gpu(&mut page, one));
    for row in instances {
        status(&mut page, row);
    }
    for reading in &readings.instances {
        if let Some(row) = instances.iter().find(|row| row.id == reading.id) {
            instance(&mut page, row, reading);
        }
    }
    page.finish()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows nothing but floating point"
)]
fn machine(page: &mut Exposition, machine: &MachineReading) {
    let sample = &machine.sample;
    let mut gauge = |name, help, value| page.gauge(name, help, &[], value);
    gauge(
        "aikore_machine_cpu_ratio",
        "Load of all cores together, 0 to 1.",
        f64::from(sample.cpu_percent) / 100.0,
    );
    gauge("aikore_machine_cores", "Number of cores.", sample.cores.into());
    gauge(
        "aikore_machine_load1",
        "Load average of the last minute.",
        sample.load_1m.into(),
    );
    gauge(
        "aikore_machine_memory_used_bytes",
        "Memory in use, of the container where it has a limit.",
        sample.ram_used as f64,
    );
    gauge(
        "aikore_machine_memory_bytes",
        "Memory in all, of the container where it has a limit.",
        sample.ram_total as f64,
    );
    gauge(
        "aikore_machine_swap_used_bytes",
        "Swap in use.",
        sample.swap_used as f64,
    );
    gauge(
        "aikore_machine_network_receive_bytes_per_second",
        "Received from other machines.",
        machine.received_per_s,
    );
    gauge(
        "aikore_machine_network_transmit_bytes_per_second",
        "Sent to other machines.",
        machine.sent_per_s,
    );
    for (core, percent) in machine.per_core.iter().enumerate() {
        let ratio = f64::from(*percent) / 100.0;
        page.gauge(
            "aikore_machine_core_ratio",
            "Load of each core, 0 to 1.",
            &[("core", &core.to_string())],
            ratio,
        );
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows nothing but floating point"
)]
fn volume(page: &mut Exposition, volume: &VolumeReading) {
    let labels = [("volume", volume.name.as_str())];
    page.gauge(
        "aikore_volume_bytes",
        "Size of a file system that holds data.",
        &labels,
        volume.total as f64,
    );
    page.gauge(
        "aikore_volume_free_bytes",
        "What can still be written to it.",
        &labels,
        volume.free as f64,
    );
    page.gauge_if(
        "aikore_volume_read_bytes_per_second",
        "Read from its disk.",
        &labels,
        volume.read_per_s,
    );
    page.gauge_if(
        "aikore_volume_written_bytes_per_second",
        "Written to its disk.",
        &labels,
        volume.written_per_s,
    );
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows nothing but floating point"
)]
fn gpu(page: &mut Exposition, gpu: &GpuReading) {
    let index = gpu.index.to_string();
    let labels = [("gpu", index.as_str()), ("uuid", &gpu.uuid), ("name", &gpu.name)];
    let up = if gpu.problem.is_empty() { 1.0 } else { 0.0 };
    page.gauge(
        "aikore_gpu_up",
        "Whether a GPU that was seen answers.",
        &labels,
        up,
    );
    let ratio = |percent: f32| f64::from(percent) / 100.0;
    let bytes = |bytes: u64| bytes as f64;
    page.gauge_if(
        "aikore_gpu_utilization_ratio",
        "Load, 0 to 1.",
        &labels,
        gpu.percent.map(ratio),
    );
    page.gauge_if(
        "aikore_gpu_memory_used_bytes",
        "Memory in use.",
        &labels,
        gpu.memory_used.map(bytes),
    );
    page.gauge_if(
        "aikore_gpu_memory_bytes",
        "Memory in all.",
        &labels,
        gpu.memory_total.map(bytes),
    );
    page.gauge_if(
        "aikore_gpu_temperature_celsius",
        "Temperature.",
        &labels,
        gpu.temperature.map(f64::from),
    );
    page.gauge_if(
        "aikore_gpu_power_watts",
        "Power.",
        &labels,
        gpu.power.map(f64::from),
    );
    page.gauge_if(
        "aikore_gpu_power_limit_watts",
        "The most it may draw.",
        &labels,
        gpu.power_limit.map(f64::from),
    );
    let hertz = |megahertz: u32| f64::from(megahertz) * 1e6;
    page.gauge_if(
        "aikore_gpu_clock_hertz",
        "Clock of its processors.",
        &labels,
        gpu.clock.map(hertz),
    );
    page.gauge_if(
        "aikore_gpu_memory_clock_hertz",
        "Clock of its memory.",
        &labels,
        gpu.memory_clock.map(hertz),
    );
    let fan = gpu.fan.map(|fan| f64::from(fan) / 100.0);
    page.gauge_if("aikore_gpu_fan_ratio", "Speed of its fan, 0 to 1.", &labels, fan);
    let throttled = if gpu.throttled.is_empty() { 0.0 } else { 1.0 };
    page.gauge(
        "aikore_gpu_throttled",
        "Whether its clocks are held down.",
        &labels,
        throttled,
    );
}

fn status(page: &mut Exposition, row: &Instance) {
    let id = row.id.to_string();
    for status in STATUSES {
        let labels = [
            ("id", id.as_str()),
            ("name", &row.name),
            ("status", status.as_str()),
        ];
        let is_it = if row.status == status { 1.0 } else { 0.0 };
        page.gauge(
            "aikore_instance_status",
            "1 for the status it has.",
            &labels,
            is_it,
        );
    }
    let labels = [("id", id.as_str()), ("name", &row.name)];
    let health = match row.health {
        Health::Unknown => None,
        Health::Healthy => Some(1.0),
        Health::Unhealthy => Some(0.0),
    };
    page.gauge_if(
        "aikore_instance_healthy",
        "Whether a started app answers.",
        &labels,
        health,
    );
    let restarts = f64::from(row.restarts);
    page.gauge(
        "aikore_instance_restarts",
        "Restarts by policy since a person started it.",
        &labels,
        restarts,
    );
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows nothing but floating point"
)]
fn instance(page: &mut Exposition, row: &Instance, reading: &InstanceReading) {
    let id = row.id.to_string();
    let labels = [("id", id.as_str()), ("name", &row.name)];
    let cpu = f64::from(reading.cpu_percent) / 100.0;
    page.gauge(
        "aikore_instance_cpu_ratio",
        "Processor time, 1 = one core.",
        &labels,
        cpu,
    );
    page.gauge(
        "aikore_instance_memory_bytes",
        "Memory (PSS).",
        &labels,
        reading.memory as f64,
    );
    page.gauge(
        "aikore_instance_processes",
        "Living processes.",
        &labels,
        reading.processes.into(),
    );
    page.gauge(
        "aikore_instance_threads",
        "Their threads.",
        &labels,
        reading.threads.into(),
    );
    let disk = reading.disk_bytes.map(|bytes| bytes as f64);
    page.gauge_if(
        "aikore_instance_disk_bytes",
        "Room its files take.",
        &labels,
        disk,
    );
    for gpu in &reading.gpus {
        let labels = [("id", id.as_str()), ("name", &row.name), ("uuid", &gpu.uuid)];
        let memory = gpu.memory.map(|bytes| bytes as f64);
        page.gauge_if(
            "aikore_instance_gpu_memory_bytes",
            "Memory of a GPU it holds.",
            &labels,
            memory,
        );
        let share = gpu.percent.map(|percent| f64::from(percent) / 100.0);
        page.gauge_if(
            "aikore_instance_gpu_ratio",
            "Share of a GPU's time, 0 to 1.",
            &labels,
            share,
        );
    }
}
