//! What the panel tells a session.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use types::desktops::DesktopSettings;

use super::users::Users;

/// What there is to be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum App {
    /// The app opens a window itself.
    Window,
    /// The app serves pages, which a browser is to show.
    Page {
        /// Where it listens.
        port: u16,
        /// The page to open.
        path: String,
        /// The page that answers once the app is ready; none = that it listens is enough.
        health_path: Option<String>,
    },
}

/// A session: the script, and what its desktop is to be like. Lies in the run directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The script: program and arguments.
    pub argv: Vec<String>,
    /// What it shows.
    pub app: App,
    /// Its windows draw with OpenGL by GLX.
    #[serde(default)]
    pub gl: bool,
    /// What people call the instance.
    pub title: String,
    /// What a person chose.
    pub settings: DesktopSettings,
    /// Home of the desktop's programs; it stays from run to run.
    pub home: PathBuf,
    /// Where files from and for viewers lie.
    pub files: PathBuf,
    /// Where the session may put a directory with its sockets.
    pub root: PathBuf,
    /// Where the user of the desktop comes from; without it, the desktop is of whoever runs the panel. With it, `home`,
    /// `files` and `root` are the user's own, as nobody else's would let it in.
    #[serde(default)]
    pub users: Option<Users>,
    /// The streaming software.
    pub tools: PathBuf,
    /// The data directory, for commands that people are told.
    pub data_dir: PathBuf,
    /// Between TERM and KILL of the script, milliseconds.
    pub grace_ms: u64,
}
