//! Which GPU for which instance: what is free, who holds the rest, and whether it will do.

use serde::{Deserialize, Serialize};

use crate::instances::InstanceId;

/// One GPU to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuChoice {
    /// Number, in the order of the bus; what `gpu_ids` may hold.
    pub index: u32,
    /// Its name for all time; what `gpu_ids` may hold.
    pub uuid: String,
    /// Model.
    pub name: String,
    /// Why it cannot be used, as a sentence; empty when it can.
    pub problem: String,
    /// Bytes in all.
    pub total: Option<u64>,
    /// Bytes that are free.
    pub free: Option<u64>,
    /// Who uses it, the largest first.
    pub holders: Vec<GpuHolder>,
}

/// Somebody who uses a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuHolder {
    /// The instance; none for a stranger.
    pub instance: Option<InstanceId>,
    /// The instance's name, or the stranger's with its process number.
    pub name: String,
    /// Bytes; none where the driver does not say.
    pub memory: Option<u64>,
}

/// Every GPU to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuChoices {
    /// Why there is none to be seen, as a sentence; empty when there is.
    pub note: String,
    /// By number.
    pub gpus: Vec<GpuChoice>,
}

/// Whether an instance will find enough GPU memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpuFit {
    /// What its blueprint asks for, bytes, on one GPU.
    pub wanted: Option<u64>,
    /// The most it held within the last 30 days, bytes, on all its GPUs together.
    pub learned: Option<u64>,
    /// A sentence for people when it will not do; empty when it will, or when nobody can tell.
    pub warning: String,
    /// The GPUs it may use.
    pub gpus: Vec<GpuChoice>,
    /// When it will not do: a GPU that it may not use now, and that has room.
    #[serde(default)]
    pub elsewhere: Option<GpuChoice>,
    /// When it will not do: the instance whose end would make room.
    #[serde(default)]
    pub rival: Option<GpuHolder>,
}
