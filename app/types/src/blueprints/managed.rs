//! Blueprints as their manager shows them.

use serde::{Deserialize, Serialize};

use super::Blueprint;
use crate::scripts::{Diff, ScriptCheck};

/// How apps of a blueprint did last, on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// One is ready.
    Ready,
    /// One ran, and was stopped.
    Ran,
    /// One ended by itself, could not start, or did not become ready in time.
    Failed,
}

/// The newest thing known of the instances that were made from a blueprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastResult {
    /// How it did.
    pub outcome: Outcome,
    /// Since when, milliseconds since 1970.
    pub at: i64,
    /// Name of the instance.
    pub instance: String,
    /// Why it failed; else empty.
    pub reason: String,
}

/// A blueprint in the manager's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Listed {
    /// What it says about itself.
    #[serde(flatten)]
    pub blueprint: Blueprint,
    /// How it did last; none = no instance of it ran.
    pub last: Option<LastResult>,
    /// Instances that were made from it.
    pub instances: u32,
}

/// A blueprint with its script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opened {
    /// What it says about itself.
    pub blueprint: Blueprint,
    /// The script.
    pub content: String,
    /// Names this text; whoever saves says which one they began with.
    pub version: String,
    /// What is wrong with it, line by line.
    pub check: ScriptCheck,
    /// How a custom script differs from the shipped one that it hides; none where it hides none.
    pub stock: Option<Diff>,
}
