//! What a session tells: lines in the run's log, and its state in the run directory.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use types::desktops::{DesktopState, DesktopStatus};

use crate::shim::record;

/// How lines of a session begin in the log that it shares with the script.
pub(super) const PREFIX: &str = "[desktop] ";
/// The state, in the run directory.
const STATE: &str = "desktop.json";

/// The state of a session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Present {
    /// How it is doing.
    pub(super) status: DesktopStatus,
    /// Where it is streamed from.
    pub(super) socket: Option<PathBuf>,
}

/// The state that a session wrote last; none where there was no session.
pub(super) fn read(run_dir: &Path) -> io::Result<Option<Present>> {
    match record::read(run_dir, STATE) {
        Ok(present) => Ok(Some(present)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// See the module.
pub(super) struct Journal {
    run_dir: PathBuf,
    present: Mutex<Present>,
}

impl Journal {
    pub(super) fn new(run_dir: &Path) -> Self {
        let journal = Self {
            run_dir: run_dir.to_owned(),
            present: Mutex::default(),
        };
        journal.change(|_| ());
        journal
    }

    /// Tells people.
    #[expect(clippy::unused_self, reason = "whoever has something to say has a journal")]
    pub(super) fn say(&self, line: &str) {
        // In one piece, so that no line of the script comes in between. Nobody listening is fine.
        let _ = io::stdout()
            .lock()
            .write_all(format!("{PREFIX}{line}\n").as_bytes());
        let _ = io::stdout().flush();
    }

    /// It is streamed from there.
    pub(super) fn at(&self, socket: &Path) {
        self.change(|present| present.socket = Some(socket.to_owned()));
    }

    /// There is a screen, or there is none any more.
    pub(super) fn on_display(&self, number: Option<u32>) {
        self.change(|present| present.status.display = number);
    }

    /// There is no picture at the moment.
    pub(super) fn starting(&self, reason: &str) {
        self.state(DesktopState::Starting, reason);
    }

    /// There is a picture.
    pub(super) fn ready(&self) {
        self.state(DesktopState::Ready, "");
    }

    /// There will be no picture any more.
    pub(super) fn fail(&self, reason: &str) {
        self.say(reason);
        self.state(DesktopState::Failed, reason);
    }

    /// The session is over.
    pub(super) fn close(&self) {
        self.change(|present| present.socket = None);
    }

    fn state(&self, state: DesktopState, reason: &str) {
        self.change(|present| {
            present.status.state = state;
            reason.clone_into(&mut present.status.reason);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Present)) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut present);
        if let Err(error) = record::write(&self.run_dir, STATE, &*present) {
            self.say(&format!("The panel cannot be told how the desktop is: {error}."));
        }
    }
}
