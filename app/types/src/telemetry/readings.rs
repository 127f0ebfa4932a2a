//! Everything that is measured at one moment.

use serde::{Deserialize, Serialize};

use super::{GpuReadings, Sample};
use crate::instances::InstanceId;

/// One moment of the machine and of all that runs on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readings {
    /// The machine.
    pub machine: MachineReading,
    /// The file systems that hold the panel's data.
    pub volumes: Vec<VolumeReading>,
    /// NVIDIA GPUs, or why there are none.
    pub gpus: GpuReadings,
    /// Instances that run.
    pub instances: Vec<InstanceReading>,
}

/// The machine, or the container the panel lives in where that has limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MachineReading {
    /// The short form.
    #[serde(flatten)]
    pub sample: Sample,
    /// Load of each core, 0 to 100.
    pub per_core: Vec<f32>,
    /// Cores the container may use, where it is limited; the load is a share of these.
    pub cpu_limit: Option<f32>,
    /// Memory the container may use, bytes, where that is less than the machine has.
    #[serde(default)]
    pub memory_limit: Option<u64>,
    /// Load average of the last 5 minutes.
    pub load_5m: f32,
    /// Load average of the last 15 minutes.
    pub load_15m: f32,
    /// Swap in all, bytes.
    pub swap_total: u64,
    /// Received from other machines, bytes per second.
    pub received_per_s: f64,
    /// Sent to other machines, bytes per second.
    pub sent_per_s: f64,
}

/// A file system that holds data of the panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VolumeReading {
    /// Names it in the history: its first folder below the data directory, or `data`.
    pub name: String,
    /// The panel's folders that lie on it.
    pub folders: Vec<String>,
    /// Bytes in all.
    pub total: u64,
    /// Bytes that can still be written.
    pub free: u64,
    /// Bytes per second read from its disk; none where the disk is not known.
    pub read_per_s: Option<f64>,
    /// Bytes per second written to its disk; none where the disk is not known.
    pub written_per_s: Option<f64>,
}

/// What one running instance uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceReading {
    /// Which.
    pub id: InstanceId,
    /// Number of its run.
    pub run: u32,
    /// Processor time, 100 = one core.
    pub cpu_percent: f32,
    /// Memory, bytes; what processes share counts once (PSS).
    pub memory: u64,
    /// Living processes.
    pub processes: u32,
    /// Their threads.
    pub threads: u32,
    /// Ports they listen on.
    pub ports: Vec<u16>,
    /// Bytes on disk below its directory; measured seldom, none until then.
    pub disk_bytes: Option<u64>,
    /// GPUs it uses.
    pub gpus: Vec<InstanceGpu>,
}

impl InstanceReading {
    /// Memory of all its GPUs together, bytes; none where it uses no GPU or nobody can tell.
    pub fn gpu_memory(&self) -> Option<u64> {
        self.gpus.iter().filter_map(|gpu| gpu.memory).reduce(|a, b| a + b)
    }

    /// Load of all its GPUs together, 100 = one GPU; none where nobody can tell.
    pub fn gpu_percent(&self) -> Option<f32> {
        self.gpus
            .iter()
            .filter_map(|gpu| gpu.percent)
            .reduce(|a, b| a + b)
    }
}

/// What an instance uses of one GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceGpu {
    /// Number of the GPU.
    pub index: u32,
    /// The GPU's name for all time.
    pub uuid: String,
    /// Bytes of its memory; none where the driver does not say.
    pub memory: Option<u64>,
    /// Share of its time, 0 to 100; none where the driver does not say.
    pub percent: Option<f32>,
}
