//! What a blueprint says about itself.

mod managed;
mod name;

use serde::{Deserialize, Serialize};

pub use managed::{LastResult, Listed, Opened, Outcome};
pub use name::{BlueprintName, InvalidBlueprintName};

/// How a web UI behaves below `/instance/<slug>/` (`aikore.subpath`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Subpath {
    /// It is told its base path, and the proxy keeps the prefix (`yes`).
    Keep,
    /// The proxy removes the prefix (`strip`).
    #[default]
    Strip,
    /// It works at the root only (`no`); the prefix is removed and it may still misbehave.
    No,
}

/// How the panel knows that a web UI is ready (`aikore.ready`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase", tag = "kind", content = "pattern")]
pub enum Readiness {
    /// Any HTTP answer below 500 at the health path.
    #[default]
    Http,
    /// The internal port accepts connections.
    Tcp,
    /// A line of the log matches this regular expression.
    Log(String),
    /// The process runs.
    Process,
}

/// How the environment of a blueprint is made (`aikore.venv_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum VenvType {
    /// `uv venv`.
    Uv,
    /// `conda create`.
    Conda,
    /// `python -m venv`.
    Python,
    /// None at all.
    #[default]
    None,
}

/// Whether a blueprint's app has a window of its own (`aikore.desktop`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Desktop {
    /// It has nothing but a window, and needs the persistent mode.
    Required,
    /// It can show itself in a window too.
    Optional,
}

/// Where a blueprint comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BlueprintOrigin {
    /// Shipped inside the program.
    Stock,
    /// A file of the data directory's `blueprints/`; hides a stock one of the same name.
    Custom,
}

/// The metadata of one blueprint script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Blueprint {
    /// File name with `.sh`; what an instance's `base_blueprint` names.
    pub filename: String,
    /// Stock or custom.
    pub origin: BlueprintOrigin,
    /// What people call the app; the file name without `.sh` when the script does not say.
    pub name: String,
    /// For grouping, such as `Image Generation`.
    pub category: String,
    /// One or two sentences.
    pub description: String,
    /// Kind of environment.
    pub venv_type: VenvType,
    /// Where the environment lies, relative to the instance's directory.
    pub venv_path: String,
    /// Readiness.
    pub ready: Readiness,
    /// Path asked by HTTP readiness and liveness probes.
    pub health_path: String,
    /// Seconds until a start that is not ready counts as stalled.
    pub start_timeout_s: u32,
    /// Seconds between TERM and KILL.
    pub stop_grace_s: u32,
    /// Behaviour below a sub-path.
    pub subpath: Subpath,
    /// Whether its own scripts set cookies for its server; see `aikore.script_cookies`.
    #[serde(default)]
    pub script_cookies: bool,
    /// Least VRAM in MiB, where the script says.
    pub min_vram_mb: Option<u32>,
    /// Disk space of the environment in MiB, where the script says; models come on top.
    #[serde(default)]
    pub disk_mb: Option<u32>,
    /// Whether the app has a window.
    #[serde(default)]
    pub desktop: Option<Desktop>,
    /// Whether its windows draw with OpenGL by the screen's own means; see `aikore.desktop_gl`.
    #[serde(default)]
    pub desktop_gl: bool,
    /// The app is kept for those who use it; others will choose a newer one.
    #[serde(default)]
    pub legacy: bool,
    /// The project's home page.
    pub homepage: Option<String>,
    /// Name of an icon.
    pub icon: Option<String>,
    /// What is wrong with the metadata block, line by line; empty when all is well.
    pub warnings: Vec<String>,
}
