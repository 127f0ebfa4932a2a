//! NVIDIA GPUs as their driver tells about them. Whatever a GPU does not tell is none, never 0.

use serde::{Deserialize, Serialize};

use crate::instances::InstanceId;

/// Every GPU, or why there is none to be seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuReadings {
    /// A sentence for people when something is not as expected; empty when all is well.
    pub note: String,
    /// Version of the driver.
    pub driver: Option<String>,
    /// By number.
    pub gpus: Vec<GpuReading>,
    /// What GPUs reported since the panel began, newest last; only the last ones are kept.
    pub faults: Vec<GpuFault>,
}

/// One GPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuReading {
    /// Number, in the order of the bus.
    pub index: u32,
    /// Its name for all time.
    pub uuid: String,
    /// Model.
    pub name: String,
    /// Why it tells nothing, as a sentence: it was unplugged, or needs a reset. Empty when it answers.
    pub problem: String,
    /// Load, 0 to 100.
    pub percent: Option<f32>,
    /// Memory in all, bytes.
    pub memory_total: Option<u64>,
    /// Memory in use, bytes.
    pub memory_used: Option<u64>,
    /// Degrees Celsius.
    pub temperature: Option<u32>,
    /// Watts.
    pub power: Option<f32>,
    /// The most it may draw, watts.
    pub power_limit: Option<f32>,
    /// Clock of its processors, MHz.
    pub clock: Option<u32>,
    /// Clock of its memory, MHz.
    pub memory_clock: Option<u32>,
    /// Speed of its fan, 0 to 100.
    pub fan: Option<u32>,
    /// Why its clocks are lower than they could be, in words; empty when they are not.
    pub throttled: Vec<String>,
    /// The parts it is cut into (MIG).
    pub slices: Vec<GpuSlice>,
    /// Who uses it.
    pub processes: Vec<GpuProcess>,
}

impl GpuReading {
    /// Memory that is free, bytes.
    pub fn memory_free(&self) -> Option<u64> {
        Some(self.memory_total?.saturating_sub(self.memory_used?))
    }
}

/// A part of a GPU that is cut up (MIG).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuSlice {
    /// Its name for all time.
    pub uuid: String,
    /// Model and profile.
    pub name: String,
    /// Memory in all, bytes.
    pub memory_total: Option<u64>,
    /// Memory in use, bytes.
    pub memory_used: Option<u64>,
}

/// A process that uses a GPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuProcess {
    /// As the driver numbers it.
    pub pid: u32,
    /// Its name; empty where it is not known.
    pub name: String,
    /// The instance it belongs to; none for a stranger.
    pub instance: Option<InstanceId>,
    /// Bytes of the GPU's memory.
    pub memory: Option<u64>,
    /// Share of the GPU's time, 0 to 100.
    pub percent: Option<f32>,
}

/// Something a GPU reported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuFault {
    /// When, Unix milliseconds.
    pub at: i64,
    /// Which GPU.
    pub uuid: String,
    /// The driver's number for it (Xid); none where there is none.
    pub xid: Option<u64>,
    /// What it means, as a sentence.
    pub message: String,
}
