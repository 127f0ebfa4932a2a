//! What was measured before.

use serde::{Deserialize, Serialize};

use crate::instances::InstanceId;

/// A stretch of the past, in equal steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    /// Beginning of the first step, Unix milliseconds.
    pub from: i64,
    /// Length of a step, milliseconds.
    pub step: i64,
    /// Number of steps: what every series has values for.
    pub steps: u32,
    /// What was asked for and is known.
    pub series: Vec<Series>,
    /// What happened meanwhile, oldest first.
    pub marks: Vec<Mark>,
}

/// One measured thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// Of what: `machine`, `volume:<name>`, `gpu:<uuid>`, `instance:<id>`.
    pub subject: String,
    /// What: `cpu_percent`, `memory`, ….
    pub metric: String,
    /// Mean of each step; none where nothing was measured.
    pub mean: Vec<Option<f32>>,
    /// Highest of each step.
    pub peak: Vec<Option<f32>>,
}

/// Something that happened to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mark {
    /// When, Unix milliseconds.
    pub at: i64,
    /// To which.
    pub instance: InstanceId,
    /// What.
    pub kind: MarkKind,
    /// Why, in words; may be empty.
    pub reason: String,
}

/// What happened to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// A run began.
    Start,
    /// A run ended as a person wanted.
    Stop,
    /// A run ended by itself.
    Crash,
}
