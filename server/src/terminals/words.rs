//! What is said over a terminal's socket beside bytes.

use serde::{Deserialize, Serialize};
use types::terminals::{TerminalEnd, TerminalSize};

/// Close codes for the browser's side.
pub(super) const LOGGED_OUT: (u16, &str) = (4401, "logged out");
pub(super) const UNKNOWN: (u16, &str) = (4404, "there is no such terminal");
pub(super) const STUCK: (u16, &str) = (4408, "nothing was shown for too long");
pub(super) const ENDING: (u16, &str) = (4503, "the panel is ending");

/// What the browser says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said {
    /// Everything before this place was shown.
    Shown { place: u64 },
    /// The screen has this size now.
    Resize(TerminalSize),
    /// Whether programs are to wait for this browser: not while nobody looks.
    Wait { on: bool },
    /// Asks for [`Say::Pong`].
    Ping,
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Say {
    /// First message: the place of the first byte that comes, how many were printed so far, and how many of this
    /// browser's typing arrived.
    Begin { from: u64, end: u64, taken: u64 },
    /// What was typed before this place arrived.
    Taken { place: u64 },
    /// The size that programs know; `own` when it follows this browser's.
    Size {
        #[serde(flatten)]
        size: TerminalSize,
        own: bool,
    },
    /// So many bytes were printed that nobody kept.
    Lost { bytes: u64 },
    /// What was typed last was not taken: the program has not read what came before.
    Full,
    /// There will be no more.
    Ended { how: TerminalEnd },
    /// Still here.
    Pong,
}
