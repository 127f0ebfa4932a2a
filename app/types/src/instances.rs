//! Instances: the row people edit, the state they watch, and what they ask for.

mod change;
mod status;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::blueprints::Subpath;
#[cfg(feature = "openapi")]
use crate::desktops::DesktopSettings;

pub use self::change::{ChangePreview, InstanceChange, NewInstance};
pub use self::status::{Exit, ExitKind, ExitSource, Health, Status};

/// Identifies an instance; never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct InstanceId(pub i64);

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
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

/// An instance: every column of its row and the facts of its present or last run.
#[expect(clippy::struct_excessive_bools, reason = "they are columns")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
// The dashboard's page leaves out what is so; the API never does.
#[cfg_attr(not(feature = "openapi"), serde(default))]
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
    /// What the person chose for it.
    // Only the server reads it: the first load of the browser's program has no room for it.
    #[cfg(feature = "openapi")]
    #[serde(default)]
    pub desktop: DesktopSettings,
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
    /// Whether the public port leads to the app now.
    #[serde(default)]
    pub forward_up: bool,
    /// Why the public port does not lead here although that was wanted; may be empty.
    #[serde(default)]
    pub forward_reason: String,
    /// The full link of Open, as seen from whoever asks; empty where nobody asks.
    pub open_url: String,
    /// The blueprint's name for people.
    pub blueprint_name: String,
    /// How the app behaves below a prefix, as its blueprint says.
    #[serde(default)]
    pub subpath: Subpath,
}

impl Instance {
    /// The path of the panel's own proxy to this instance.
    pub fn proxy_path(&self) -> String {
        format!("/instance/{}/", self.slug)
    }

    /// Whether it runs with a desktop of its own, which is what people see of it then.
    pub fn has_desktop(&self) -> bool {
        self.desktop_display.is_some()
    }
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
