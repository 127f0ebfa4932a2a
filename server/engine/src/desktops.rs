//! Desktops: an instance's own screen, streamed to browsers.
//!
//! # How it works
//! What the shim of such an instance starts is a [`session`], which starts the script as its child, and beside it a
//! screen without hardware (Xvfb), a window manager (Openbox), what streams the screen (Selkies, on a unix socket), and
//! a browser with the app's page where the app has no window of its own. So the run stays one tree, and what holds for
//! runs holds for desktops: they outlive the panel, they are found again, and their end is proven. [`Desktops`] looks
//! at sessions from outside; whoever shows a desktop connects to it through here.

mod display;
mod http;
mod input;
mod install;
mod place;
mod plan;
mod programs;
pub mod session;
mod shares;
mod uids;
mod users;

use std::path::{Path, PathBuf};
use std::time::Duration;

use types::desktops::{Availability, DesktopState, DesktopStatus, Input};
use types::instances::InstanceId;
use types::jobs::Job;

pub use self::install::install;
pub(crate) use self::place::sweep;
pub use self::plan::{App, Plan};
use self::programs::Tools;
pub use self::uids::{InvalidUids, Uids};
pub use self::users::Users;
pub(crate) use self::users::sweep as sweep_users;
use crate::db::Database;
use crate::instances::{Duplex, Instances};
use crate::jobs::{Jobs, NewJob};
use crate::{Error, Result, blocking};

/// Directory of an instance that is the home of its desktop's programs, such as the browser.
pub(crate) const HOME: &str = "desktop";
/// Directory below the data directory's `run/` where sessions have their sockets.
pub(crate) const RUN: &str = "d";

/// The longest that a picture is waited for.
const PICTURE_LIMIT: Duration = Duration::from_secs(10);

/// Handle to the desktops.
#[derive(Clone)]
pub struct Desktops {
    instances: Instances,
    jobs: Jobs,
    db: Database,
}

impl Desktops {
    pub(crate) fn new(instances: Instances, jobs: Jobs, db: Database) -> Self {
        Self { instances, jobs, db }
    }

    /// Whether this machine can show desktops; otherwise what is missing, and the commands that mend it.
    pub async fn availability(&self) -> Result<Availability> {
        let (tools, data) = (self.instances.desktop_tools(), self.data_dir());
        blocking(move || Ok(availability(&tools, &data))).await
    }

    /// Installs the streaming software, as a job.
    pub async fn install(&self) -> Result<Job> {
        let (tools, data) = (self.instances.desktop_tools(), self.data_dir());
        let new = NewJob {
            kind: "desktop-install",
            title: "Installing what desktops are shown with".to_owned(),
            instance: None,
        };
        let work = move |progress: crate::jobs::Progress| async move {
            progress.report(None, "Installing");
            install(&tools, &data, progress.cancelled(), |line| progress.log(line)).await?;
            Ok("Installed.".to_owned())
        };
        self.jobs.begin(new, work).await
    }

    /// How the desktop of a running instance is doing; none for one that has none or does not run.
    pub async fn status(&self, id: InstanceId) -> Result<Option<DesktopStatus>> {
        self.instances.desktop(id).await
    }

    /// A connection to what streams the desktop: HTTP and WebSockets, at `/`.
    pub async fn connect(&self, id: InstanceId) -> Result<Box<dyn Duplex>> {
        match self.instances.connect_desktop(id).await {
            Some(stream) => Ok(stream),
            None => Err(self.nothing_to_see(id).await?),
        }
    }

    /// The picture that the desktop shows now, as PNG.
    pub async fn screenshot(&self, id: InstanceId) -> Result<Vec<u8>> {
        let mut stream = self.connect(id).await?;
        let asked = tokio::time::timeout(PICTURE_LIMIT, http::get(&mut stream, http::SCREENSHOT)).await;
        match asked {
            Ok(Ok(picture)) => Ok(picture),
            _ => Err(self.nothing_to_see(id).await?),
        }
    }

    /// The size of that picture, pixels; none while there is none.
    pub async fn size(&self, id: InstanceId) -> Result<Option<(u32, u32)>> {
        match self.screenshot(id).await {
            Ok(picture) => Ok(http::size(&picture)),
            Err(Error::NoDesktop { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Clicks, scrolls or types on the desktop.
    pub async fn input(&self, id: InstanceId, input: Input) -> Result<()> {
        match self.instances.desktop_input(id, input).await {
            Some(()) => Ok(()),
            None => Err(self.nothing_to_see(id).await?),
        }
    }

    /// Why there is nothing to be seen.
    async fn nothing_to_see(&self, id: InstanceId) -> Result<Error> {
        let row = self.instances.get(id).await?;
        let reason = match self.status(id).await? {
            None if row.pid.is_none() => "it does not run.".to_owned(),
            None => "it was started without one.".to_owned(),
            Some(status) if status.state == DesktopState::Failed => status.reason,
            Some(_) => "it is only coming up.".to_owned(),
        };
        Ok(Error::NoDesktop {
            name: row.name,
            reason,
        })
    }

    fn data_dir(&self) -> PathBuf {
        self.instances.data_dir().root().to_owned()
    }
}

/// What is missing in `tools`, the directory of the streaming software; `data` is the data directory, for the command.
pub fn availability(tools: &Path, data: &Path) -> Availability {
    programs::availability(&Tools::at(tools), data, programs::Wanted::Everything)
}

/// Where the streaming software of a data directory is, unless it is told otherwise.
pub fn tools_dir(data: &Path) -> PathBuf {
    data.join("desktop")
}
