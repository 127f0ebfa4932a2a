//! Long work that is answered at once and goes on in the background.

use serde::{Deserialize, Serialize};

use crate::instances::InstanceId;

/// Identifies a job for ever; numbers are not used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct JobId(pub u64);

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Under way.
    Running,
    /// Finished well.
    Done,
    /// Ended by an error; `message` says which.
    Failed,
    /// Ended because a person asked for it.
    Cancelled,
    /// Ended because AiKore did; what it had begun was put right at the next start.
    Interrupted,
}

/// One job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What sort of work: `safe-update`, `wheel-build`, …; empty for what has no sort of its own.
    #[serde(default)]
    pub kind: String,
    /// What it does, as a sentence without a full stop: `Deleting ComfyUI main`.
    pub title: String,
    /// The instance it works on.
    pub instance: Option<InstanceId>,
    /// State.
    pub state: JobState,
    /// Share done, 0 to 1; none when unknown.
    pub progress: Option<f32>,
    /// The present step, or the result, or the error.
    pub message: String,
    /// Start, Unix milliseconds.
    pub started_at: i64,
    /// End, Unix milliseconds; none while it is under way.
    #[serde(default)]
    pub ended_at: Option<i64>,
}

/// A piece of what a job printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobLog {
    /// Offset of the first byte of `content`; later than asked for where the log was cut short.
    pub offset: u64,
    /// Whole UTF-8 characters.
    pub content: String,
    /// From where to read on.
    pub next_offset: u64,
    /// Bytes there are.
    pub size: u64,
    /// Whether nothing more will come.
    pub ended: bool,
}
