//! Instances: the row people edit, the state they watch, and what they ask for.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Identifies an instance; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct InstanceId(pub i64);

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

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

/// How Open builds its link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AccessPattern {
    /// `http://<host>:<public port>`.
    #[default]
    Port,
    /// `http://<slug>.<host>`.
    Subdomain,
    /// `http://<host>/instance/<slug>/`.
    Path,
}

/// Who may use the public port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PublicAccess {
    /// Whoever is logged in to the panel.
    #[default]
    Login,
    /// Everybody who reaches it: raw TCP.
    Open,
}

/// What happens when an app ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// It stays ended.
    #[default]
    Never,
    /// It is started again unless it ended with code 0.
    OnFailure,
    /// It is started again.
    Always,
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

/// An instance: every column of its row and the facts of its present or last run.
#[expect(clippy::struct_excessive_bools, reason = "they are columns")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instance {
    /// Number.
    pub id: InstanceId,
    /// What people call it.
    pub name: String,
    /// Its part of every address.
    pub slug: String,
    /// Directory below `instances/`.
    pub dir: String,
    /// Set for a satellite.
    pub parent_instance_id: Option<InstanceId>,
    /// File name of the blueprint.
    pub base_blueprint: String,
    /// `0,1` or UUIDs; none = all.
    pub gpu_ids: Option<String>,
    /// Started with the panel.
    pub autostart: bool,
    /// Has its own desktop.
    pub persistent_mode: bool,
    /// Chosen by the person from the range.
    pub public_port: Option<u16>,
    /// The forward is wanted whenever the instance runs.
    pub port_active: bool,
    /// How Open builds its link.
    pub access_pattern: AccessPattern,
    /// Who may use the public port.
    pub public_access: PublicAccess,
    /// Overrides the link when `use_custom_hostname`.
    pub hostname: String,
    /// See `hostname`.
    pub use_custom_hostname: bool,
    /// Folder below `outputs/`; none = the directory's name.
    pub output_path: Option<String>,
    /// Wanted version, handed to the blueprint.
    pub python_version: Option<String>,
    /// Wanted version, handed to the blueprint.
    pub cuda_version: Option<String>,
    /// Wanted version, handed to the blueprint.
    pub torch_version: Option<String>,
    /// `NAME=value` lines.
    pub env_vars: String,
    /// Extra command-line arguments, one or more a line; lines starting with `#` are skipped.
    pub launch_args: String,
    /// What happens when the app ends by itself.
    pub restart_policy: RestartPolicy,
    /// Place in the table, from 0.
    pub sort_order: i32,
    /// Grows with each change of the configuration; a stale one is refused.
    pub row_version: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,

    /// Where it is in its life.
    pub status: Status,
    /// Why, in words; may be empty.
    pub status_reason: String,
    /// When the status became what it is, Unix milliseconds.
    pub status_since: i64,
    /// The app's process while it runs.
    pub pid: Option<u32>,
    /// Exit code of the last run, where it had one.
    pub exit_code: Option<i32>,
    /// Start of the present run, Unix milliseconds.
    pub started_at: Option<i64>,
    /// Where the app listens on the panel's machine.
    pub internal_port: Option<u16>,
    /// X display of the desktop.
    pub desktop_display: Option<u32>,
    /// Port of the desktop.
    pub desktop_port: Option<u16>,
    /// Liveness.
    pub health: Health,
    /// Restarts by policy since the last start by a person.
    pub restarts: u32,
    /// Number of the present or last run; 0 = never started.
    pub run: u32,
    /// The full link of Open, as seen from whoever asks; empty where nobody asks.
    pub open_url: String,
    /// The blueprint's name for people.
    pub blueprint_name: String,
}

impl Instance {
    /// The path of the panel's own proxy to this instance.
    pub fn proxy_path(&self) -> String {
        format!("/instance/{}/", self.slug)
    }
}

/// What a person gives to create an instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewInstance {
    /// Checked by [`crate::names::InstanceName`].
    pub name: String,
    /// File name of a blueprint, with or without `.sh`.
    pub base_blueprint: String,
    /// `0,1` or UUIDs; none or empty = all.
    pub gpu_ids: Option<String>,
    /// Start with the panel.
    pub autostart: bool,
    /// Own desktop.
    pub persistent_mode: bool,
    /// A port of the range; none = the lowest free one.
    #[serde(alias = "port")]
    pub public_port: Option<u16>,
    /// Folder below `outputs/`.
    pub output_path: Option<String>,
    /// Wanted version.
    pub python_version: Option<String>,
    /// Wanted version.
    pub cuda_version: Option<String>,
    /// Wanted version.
    pub torch_version: Option<String>,
    /// `NAME=value` lines.
    pub env_vars: String,
    /// Extra arguments.
    pub launch_args: String,
    /// What happens when the app ends by itself.
    pub restart_policy: RestartPolicy,
}

/// A change: only the fields that are given. `null` empties a field that may be empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct InstanceChange {
    /// The row as the person saw it; a stale one is refused. None = do not check.
    pub row_version: Option<i64>,
    /// New name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New blueprint; a `launch.sh` that somebody edited is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_blueprint: Option<String>,
    /// New GPU choice.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub gpu_ids: Option<Option<String>>,
    /// Start with the panel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autostart: Option<bool>,
    /// Own desktop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_mode: Option<bool>,
    /// New public port.
    #[serde(
        alias = "port",
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    pub public_port: Option<Option<u16>>,
    /// New link style.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_pattern: Option<AccessPattern>,
    /// Who may use the public port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_access: Option<PublicAccess>,
    /// New host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Whether it overrides the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_custom_hostname: Option<bool>,
    /// New output folder.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub output_path: Option<Option<String>>,
    /// Wanted version.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub python_version: Option<Option<String>>,
    /// Wanted version.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub cuda_version: Option<Option<String>>,
    /// Wanted version.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub torch_version: Option<Option<String>>,
    /// New variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_vars: Option<String>,
    /// New arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_args: Option<String>,
    /// New restart policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
}

/// Tells "given as null" from "not given".
fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// What saving a change would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePreview {
    /// Which instance.
    pub id: InstanceId,
    /// Its present name.
    pub name: String,
    /// Columns whose value really changes, by their names.
    pub changed: Vec<String>,
    /// Whether it runs and would have to restart for the change to take effect.
    pub restarts: bool,
    /// Why it cannot be saved; none when it can.
    pub problem: Option<String>,
}

/// What deleting an instance does with its files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeleteMode {
    /// They move to the data directory's `trash/`.
    #[default]
    Trash,
    /// They are gone.
    Permanent,
}

/// What deleting an instance would remove; outputs and models are never touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletePreview {
    /// Which instance.
    pub id: InstanceId,
    /// Its name, to be typed for a permanent deletion.
    pub name: String,
    /// Bytes on disk below its directory; what symbolic links point at is not counted and not touched.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
    /// Names of its satellites; not empty = it cannot be deleted.
    pub satellites: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_absent_are_different_changes() {
        let emptied: InstanceChange = serde_json::from_str(r#"{"public_port":null}"#).unwrap();
        assert_eq!(emptied.public_port, Some(None));
        let kept: InstanceChange = serde_json::from_str("{}").unwrap();
        assert_eq!(kept.public_port, None);
        let old_client: InstanceChange = serde_json::from_str(r#"{"port":19001}"#).unwrap();
        assert_eq!(old_client.public_port, Some(Some(19001)));
    }

    #[test]
    fn a_change_survives_the_wire() {
        let change = InstanceChange {
            gpu_ids: Some(None),
            autostart: Some(true),
            ..Default::default()
        };
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<InstanceChange>(&text).unwrap(), change);
    }
}
