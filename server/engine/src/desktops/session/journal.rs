//! What a session tells: lines in the run's log, and its state in the run directory.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use types::desktops::{DesktopState, DesktopStatus};

use crate::desktops::http::Socket;
use crate::desktops::place::Place;
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
    /// Who streams it, where that is not who runs the session.
    #[serde(default)]
    pub(super) user: Option<u32>,
    /// Its directory; that of the socket where nothing is said.
    #[serde(default)]
    pub(super) place: Option<PathBuf>,
}

impl Present {
    /// Where it is streamed from.
    pub(super) fn stream(&self) -> Option<Socket> {
        let (path, user) = (self.socket.clone()?, self.user);
        Some(Socket { path, user })
    }

    /// Its directory.
    pub(super) fn place(&self) -> Option<&Path> {
        let beside = self.socket.as_deref()?.parent();
        self.place.as_deref().or(beside)
    }
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

    /// It has this directory.
    pub(super) fn at(&self, place: &Place) {
        let socket = place.socket();
        self.change(|present| {
            (present.socket, present.user) = (Some(socket.path), socket.user);
            present.place = Some(place.dir().to_owned());
        });
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
