//! The machine over REST, in the shapes of the original.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use types::blueprints::{Blueprint, BlueprintOrigin};
use types::telemetry::GpuReading;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::HttpError;
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(info))
        .routes(routes!(stats))
        .routes(routes!(blueprints))
        .routes(routes!(available_ports))
}

/// The panel's own health.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
    /// Version of the panel.
    version: &'static str,
}

/// Answers as soon as the panel serves; needs no login.
#[utoipa::path(get, path = "/api/health", tag = "system", security(()), responses((status = 200, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// What does not change while the panel runs.
#[derive(Serialize, ToSchema)]
struct Info {
    /// Version of the panel.
    version: &'static str,
    /// Name of the machine.
    hostname: String,
    /// Cores.
    cores: u32,
    /// NVIDIA GPUs the panel sees.
    gpu_count: u32,
}

/// The machine and the panel.
#[utoipa::path(get, path = "/api/system/info", tag = "system", responses((status = 200, body = Info)))]
async fn info(State(panel): State<Panel>) -> Json<Info> {
    let hostname = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok());
    Json(Info {
        version: env!("CARGO_PKG_VERSION"),
        hostname: hostname.unwrap_or_default(),
        cores: panel.engine.telemetry.latest().cores,
        gpu_count: u32::try_from(panel.engine.telemetry.gpus().gpus.len()).unwrap_or_default(),
    })
}

/// Memory, bytes.
#[derive(Serialize, ToSchema)]
struct Memory {
    /// In all.
    total: u64,
    /// In use.
    used: u64,
    /// Share in use, 0 to 100.
    percent: f64,
}

/// One GPU.
#[derive(Serialize, ToSchema)]
struct Gpu {
    /// Number.
    id: u32,
    /// Model.
    name: String,
    /// Its memory.
    vram: Memory,
    /// Load, 0 to 100.
    utilization_percent: f64,
}

/// The last reading.
#[derive(Serialize, ToSchema)]
struct Stats {
    /// Load of all cores together, 0 to 100.
    cpu_percent: f32,
    /// Memory of the machine, or of its container.
    ram: Memory,
    /// Every NVIDIA GPU.
    gpus: Vec<Gpu>,
}

/// What the machine is doing; the panel measures by itself, so asking costs nothing.
#[utoipa::path(get, path = "/api/system/stats", tag = "system", responses((status = 200, body = Stats)))]
async fn stats(State(panel): State<Panel>) -> Json<Stats> {
    let readings = panel.engine.telemetry.readings();
    let sample = &readings.machine.sample;
    Json(Stats {
        cpu_percent: sample.cpu_percent,
        ram: memory(sample.ram_used, sample.ram_total),
        gpus: readings.gpus.gpus.iter().map(gpu).collect(),
    })
}

fn gpu(gpu: &GpuReading) -> Gpu {
    Gpu {
        id: gpu.index,
        name: gpu.name.clone(),
        vram: memory(
            gpu.memory_used.unwrap_or_default(),
            gpu.memory_total.unwrap_or_default(),
        ),
        utilization_percent: gpu.percent.unwrap_or_default().into(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage needs three digits")]
fn memory(used: u64, total: u64) -> Memory {
    let share = if total == 0 {
        0.0
    } else {
        used as f64 / total as f64
    };
    Memory {
        total,
        used,
        percent: (share * 1000.0).round() / 10.0,
    }
}

/// The catalogue in its two halves.
#[derive(Serialize, ToSchema)]
struct Catalogue {
    /// Shipped ones.
    stock: Vec<Blueprint>,
    /// Those of the data directory.
    custom: Vec<Blueprint>,
}

/// Every blueprint; a custom one hides a shipped one of the same file name.
#[utoipa::path(get, path = "/api/system/blueprints", tag = "system", responses((status = 200, body = Catalogue)))]
async fn blueprints(State(panel): State<Panel>) -> Result<Json<Catalogue>, HttpError> {
    let all = panel.engine.blueprints.list().await?;
    let (stock, custom) = all
        .into_iter()
        .partition(|one| one.origin == BlueprintOrigin::Stock);
    Ok(Json(Catalogue { stock, custom }))
}

/// Ports an instance may take.
#[derive(Serialize, ToSchema)]
struct Ports {
    /// Lowest first.
    available_ports: Vec<u16>,
}

/// Ports of the range that no instance holds and nobody listens on.
#[utoipa::path(get, path = "/api/system/available-ports", tag = "system", responses((status = 200, body = Ports)))]
async fn available_ports(State(panel): State<Panel>) -> Result<Json<Ports>, HttpError> {
    let available_ports = panel.engine.instances.available_ports().await?;
    Ok(Json(Ports { available_ports }))
}
