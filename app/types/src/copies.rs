//! Copies of instances: with files of their own, or as satellites.

use serde::{Deserialize, Serialize};

use crate::instances::{Instance, InstanceId};
use crate::jobs::Job;

/// How the reason of a clone's status begins while its files are being copied.
pub const COPYING: &str = "copying ";

/// What a person gives to clone an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewCopy {
    /// Name of the clone; none = the name and “copy”.
    #[serde(alias = "name")]
    pub new_name: Option<String>,
}

/// What a person gives to add a satellite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewSatellite {
    /// Name of the satellite; none = the parent's and “satellite”.
    #[serde(alias = "name")]
    pub new_name: Option<String>,
    /// `0,1` or UUIDs, empty = all; none = as the parent.
    pub gpu_ids: Option<String>,
    /// A port of the range; none = the lowest free one.
    #[serde(alias = "port")]
    pub public_port: Option<u16>,
    /// Folder below `outputs/`; none = one of its own.
    pub output_path: Option<String>,
}

/// What cloning an instance would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClonePreview {
    /// Which instance.
    pub id: InstanceId,
    /// Its name.
    pub name: String,
    /// A name for the clone that is free.
    pub free_name: String,
    /// Bytes that would be copied.
    pub bytes: u64,
    /// Files that would be copied.
    pub files: u64,
    /// Environments, which the clone makes anew at its first start; paths below its directory.
    pub environments: Vec<String>,
    /// Why it cannot be cloned now; none when it can.
    pub problem: Option<String>,
}

/// A clone that has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cloning {
    /// The clone; `installing` until its files are there.
    pub instance: Instance,
    /// The work.
    pub job: Job,
}
