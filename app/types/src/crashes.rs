//! Why an instance ended by itself.

use serde::{Deserialize, Serialize};

use crate::instances::{Exit, InstanceId};
use crate::telemetry::History;

/// What is known of the end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Crash {
    /// Number of the run.
    pub run: u32,
    /// Start, Unix milliseconds.
    pub started_at: i64,
    /// End, Unix milliseconds.
    pub ended_at: i64,
    /// How it ended, as the supervisor saw it.
    pub exit: Option<Exit>,
    /// What that means.
    pub cause: CrashCause,
    /// The same as a sentence.
    pub reason: String,
    /// The numbers behind it, as sentences: what was asked for, what was free, who held the rest; may be empty.
    #[serde(default)]
    pub explanation: String,
    /// Who else held most of the memory that ran out; none where memory did not run out, or nobody else held any.
    #[serde(default)]
    pub culprit: Option<CrashHolder>,
    /// What to do next; may be empty.
    pub advice: String,
    /// Its last lines, without secrets.
    pub log: String,
    /// Memory and GPU memory of the last minute.
    pub last_minute: History,
}

/// An instance that held memory when another one ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CrashHolder {
    /// Which.
    pub instance: InstanceId,
    /// Its name now.
    pub name: String,
    /// Bytes.
    pub memory: u64,
}

/// What the end of a run means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CrashCause {
    /// It returned a code.
    ExitCode,
    /// Somebody ended it with a signal, or it broke down.
    Signal,
    /// The kernel ended it because memory ran out: the machine's, or the container's.
    OutOfMemory,
    /// The GPU's memory was used up.
    OutOfGpuMemory,
    /// Nobody saw the end.
    Lost,
    /// It did not start at all.
    NotStarted,
}
