//! What the panel and a shim say to each other, over any byte stream: one connection per stream.
//!
//! The panel sends one line of JSON, [`Open`]; the shim answers with one line, [`Answer`]. After that a control
//! connection carries lines of JSON ([`Command`] one way, [`Push`] the other), a log connection carries frames
//! (offset as u64, length as u32, both little endian, then the bytes), a TCP connection carries the app's bytes.

use serde::{Deserialize, Serialize};
use types::instances::Exit;

/// Longest line either side accepts, bytes.
pub(crate) const LINE_LIMIT: usize = 64 * 1024;
/// Length of a log frame's head, bytes.
pub(crate) const FRAME_HEAD: usize = 12;

/// The first line of a connection.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Open {
    /// The secret from the run's `spec.json`.
    pub(crate) token: String,
    pub(crate) uuid: String,
    pub(crate) generation: u64,
    pub(crate) stream: Stream,
}

/// What a connection is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stream {
    /// Commands and news.
    Control,
    /// The log from a byte on, as it is written, until the run is over.
    Log { offset: u64 },
    /// A port of the app on the shim's machine.
    Tcp { port: u16 },
}

/// The shim's first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Hello(Hello),
    /// Why it does not serve.
    Refused(String),
}

/// Who answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) uuid: String,
    pub(crate) generation: u64,
    pub(crate) node: String,
    pub(crate) boot_id: String,
    pub(crate) start_time: u64,
}

/// What the panel wants.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// End the run: TERM, so much time, KILL.
    Stop { grace_ms: u64 },
    /// Still there?
    Ping,
    /// The end was received and stored.
    Seen,
}

/// What the shim tells.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Push {
    State(State),
    Pong,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    /// The app's main process.
    pub(crate) app_pid: u32,
    /// How the main process ended, once it has.
    pub(crate) exit: Option<Exit>,
    /// Processes that did not die of KILL, by name and pid.
    pub(crate) survivors: Vec<String>,
}

/// See [`State`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// The main process lives.
    Running,
    /// Processes are being ended.
    Stopping,
    /// No descendant is left.
    Over,
}
