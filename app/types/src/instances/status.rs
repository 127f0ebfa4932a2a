//! Where an instance is in its life, and how its runs end.

use serde::{Deserialize, Serialize};

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing of it runs.
    #[default]
    Stopped,
    /// Waits for its turn in the autostart order.
    Queued,
    /// Files are being copied.
    Installing,
    /// Runs, not ready yet.
    Starting,
    /// Ready.
    Started,
    /// Not ready after the start timeout; may still become ready.
    Stalled,
    /// Asked to end; something of it is left.
    Stopping,
    /// Ended by itself or could not start; `status_reason` says why.
    Error,
}

impl Status {
    /// Whether something of it runs or is about to.
    pub fn is_active(self) -> bool {
        !matches!(self, Self::Stopped | Self::Error)
    }

    /// Whether Start makes sense.
    pub fn can_start(self) -> bool {
        matches!(self, Self::Stopped | Self::Error)
    }

    /// Whether Stop makes sense.
    pub fn can_stop(self) -> bool {
        matches!(
            self,
            Self::Queued | Self::Starting | Self::Started | Self::Stalled
        )
    }

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Queued => "queued",
            Self::Installing => "installing",
            Self::Starting => "starting",
            Self::Started => "started",
            Self::Stalled => "stalled",
            Self::Stopping => "stopping",
            Self::Error => "error",
        }
    }
}

/// Whether a started app answers its liveness probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Not probed yet, or not running.
    #[default]
    Unknown,
    /// The last probe was answered.
    Healthy,
    /// Three probes in a row failed.
    Unhealthy,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExitKind {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// The kernel ended it because memory ran out.
    OutOfMemory,
    /// Nobody saw it end: its supervisor was killed or the machine restarted.
    Lost,
}

/// Who saw the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExitSource {
    /// The run's own shim.
    Shim,
    /// The panel, afterwards.
    Engine,
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Exit {
    /// How.
    pub kind: ExitKind,
    /// Seen by whom.
    pub source: ExitSource,
    /// When, Unix milliseconds.
    pub at: i64,
}
