//! A session (`aikore session <run_dir>`): the script, and the desktop that it is shown on.
//!
//! # How it works
//! It is what the shim takes for the app, so it ends as the script ended. Everything it starts is a command in a
//! session of its own, ended with all that descends from it. What ends by itself is begun again: what streams, the
//! window manager and the browser each alone, the screen with everything on it. An app with a window is on the
//! screen and begins again with it; one with pages goes on. Asked to end, it ends the script first, then the rest.

mod browser;
mod journal;
mod keep;
mod page;
mod parts;
mod screen;
mod stream;
mod window;

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use types::desktops::{DesktopStatus, Files, Input};

use self::journal::Journal;
use super::display::Display;
use super::http::Socket;
use super::input;
use super::place::Place;
use super::plan::{App, Plan};
use super::programs::{self, Tools, Wanted};
use super::users::{User, Users};
use crate::process;
use crate::process::command::{self, Command, End};
use crate::shim::record;

/// What to do, in the run directory.
pub(crate) const PLAN: &str = "session.json";
/// How a session ends whose app could not be begun for want of a desktop (`EX_UNAVAILABLE`).
const UNAVAILABLE: i32 = 69;

/// Runs the session of a run; returns when nothing of it is left. Ends as its script ended, also by a signal.
pub fn main(run_dir: &Path) -> ExitCode {
    let end = match live(run_dir) {
        Ok(end) => end,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}It could not be begun: {error}.", journal::PREFIX);
            End::Code(UNAVAILABLE)
        }
    };
    match end {
        End::Code(code) => ExitCode::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
        End::Cancelled => ExitCode::SUCCESS,
        End::Signal(number) => {
            process::end_by(number);
            ExitCode::FAILURE
        }
    }
}

fn live(run_dir: &Path) -> io::Result<End> {
    let session = Session {
        plan: record::read(run_dir, PLAN)?,
        journal: Journal::new(run_dir),
    };
    // One thread: it waits nearly always, and the kernel ends its children with the thread that began them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let end = runtime.block_on(session.run());
    // Whoever still waits for an answer of a screen must not keep it.
    runtime.shutdown_background();
    end
}

/// How the desktop of a run is doing; none where it has none.
pub(crate) fn status(run_dir: &Path) -> io::Result<Option<DesktopStatus>> {
    journal::read(run_dir).map(|found| found.map(|present| present.status))
}

/// Where the desktop of a run is streamed from.
pub(crate) fn socket(run_dir: &Path) -> io::Result<Socket> {
    let present = journal::read(run_dir)?.and_then(|present| present.stream());
    present.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Clicks, scrolls or types on the desktop of a run.
pub(crate) fn input(run_dir: &Path, input: &Input) -> io::Result<()> {
    let present = journal::read(run_dir)?.unwrap_or_default();
    match (present.status.display, present.place()) {
        (Some(number), Some(place)) => input::give(&Display::of(number, place)?, input),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

struct Session {
    plan: Plan,
    journal: Journal,
}

impl Session {
    async fn run(&self) -> io::Result<End> {
        let asked = CancellationToken::new();
        let until_asked = until_asked(&asked)?;
        let live = async {
            match self.plan.app {
                App::Window => self.window(&asked).await,
                App::Page { .. } => self.page(&asked).await,
            }
        };
        let end = tokio::select! {
            end = live => end,
            never = until_asked => match never {},
        };
        self.journal.close();
        Ok(end)
    }

    /// The directory of the session, if all is there that it takes.
    fn begin(&self) -> Result<Place, String> {
        let wanted = match self.plan.app {
            App::Window => Wanted::Window,
            App::Page { .. } => Wanted::Page,
        };
        let found = programs::availability(&self.tools(), &self.plan.data_dir, wanted);
        if !found.available {
            return Err(format!(
                "{} Run: {}",
                found.reason,
                found.commands.join("  and then: ")
            ));
        }
        let (root, user) = match &self.plan.users {
            Some(users) => (users.sockets(), Some(self.user(users)?)),
            None => (self.plan.root.clone(), None),
        };
        if user.is_none() {
            std::fs::create_dir_all(&self.plan.home).map_err(|error| {
                format!(
                    "The desktop's folder {} cannot be made: {error}.",
                    self.plan.home.display()
                )
            })?;
        }
        let place = Place::make(&root, user).map_err(|error| {
            format!(
                "The desktop's sockets cannot be made in {}: {error}.",
                root.display()
            )
        })?;
        self.journal.at(&place);
        Ok(place)
    }

    /// The user that the desktop's programs run as, with a way to its files from where the instance's are.
    fn user(&self, users: &Users) -> Result<User, String> {
        let user = users
            .take()
            .map_err(|error| format!("The desktop cannot have a user of its own: {error}."))?;
        if self.plan.settings.files != Files::None
            && let Err(error) = users.link(&user, &self.plan.files)
        {
            self.journal.say(&format!(
                "Files from and for viewers lie in {}; there is no link to it in {}: {error}.",
                user.files().display(),
                self.plan.files.display()
            ));
        }
        Ok(user)
    }

    fn tools(&self) -> Tools {
        Tools::at(&self.plan.tools)
    }

    /// The script from its beginning to its end, in this session's own environment and directory.
    async fn app(&self, shown_on: Vec<(&'static str, String)>, stop: &CancellationToken) -> End {
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let app = Command::new(&self.plan.argv, &here)
            .envs(std::env::vars_os())
            .envs(shown_on)
            .grace(Duration::from_millis(self.plan.grace_ms));
        match command::run_attached(app, stop).await {
            Ok(end) => end.unwrap_or(End::Cancelled),
            Err(error) => {
                self.journal
                    .say(&format!("The script could not be run: {error}."));
                End::Code(126)
            }
        }
    }
}

/// Waits to be asked to end, and says so once; never comes back.
fn until_asked(asked: &CancellationToken) -> io::Result<impl Future<Output = Infallible>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        asked.cancel();
        pending().await
    })
}
