//! What the machine, its GPUs and every instance are doing, now and before.

mod gpus;
mod history;
mod readings;

use serde::{Deserialize, Serialize};

pub use gpus::{GpuFault, GpuProcess, GpuReading, GpuReadings, GpuSlice};
pub use history::{History, Mark, MarkKind, Series};
pub use readings::{InstanceGpu, InstanceReading, MachineReading, Readings, VolumeReading};

/// One reading of the whole machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sample {
    /// When, Unix milliseconds.
    pub at: i64,
    /// Load of all cores together, 0 to 100.
    pub cpu_percent: f32,
    /// Number of cores.
    pub cores: u32,
    /// Load average of the last minute.
    pub load_1m: f32,
    /// Memory in use, bytes; the container's when it has a limit.
    pub ram_used: u64,
    /// Memory in all, bytes; the container's limit when it has one.
    pub ram_total: u64,
    /// Swap in use, bytes.
    pub swap_used: u64,
}
