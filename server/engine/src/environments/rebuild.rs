//! Having the script make an environment anew.

use types::instances::InstanceId;
use types::jobs::Job;

use super::{Environments, step};
use crate::instances::Workshop;
use crate::jobs::{NewJob, Progress};
use crate::{Error, Result, blocking};

/// The file that tells a script to make its environment anew.
const TRIGGER: &str = ".rebuild-env";

impl Environments {
    /// Has an environment made anew: at once when the app runs or `start` says so, else at the next start.
    pub async fn rebuild(&self, id: InstanceId, start: bool) -> Result<Job> {
        let workshop = self.instances.own_workshop(id).await?;
        workshop.refuse_running_satellites()?;
        let new = NewJob {
            kind: "rebuild",
            title: format!("Rebuilding the environment of {}", workshop.row.name),
            instance: Some(id),
        };
        let environments = self.clone();
        let work = move |progress| environments.make_anew(workshop, start, progress);
        self.jobs.begin(new, work).await
    }

    async fn make_anew(self, workshop: Workshop, start: bool, progress: Progress) -> Result<String> {
        let (id, was_running) = (workshop.row.id, workshop.row.status.is_active());
        let trigger = workshop.dir.join(TRIGGER);
        if was_running {
            step(&progress, 1, 2, "Stopping the app")?;
            self.stop_and_wait(id).await?;
        }
        let path = trigger.clone();
        blocking(move || std::fs::write(&path, "").map_err(Error::file(&path))).await?;
        if !was_running && !start {
            return Ok("The environment is made anew at the next start.".to_owned());
        }
        step(
            &progress,
            2,
            2,
            "The script makes it anew; the app's log shows how far it is",
        )?;
        let ready = self.start_and_wait(id, progress.cancelled()).await;
        if progress.cancelled().is_cancelled() {
            // Half an environment is none: the next start makes it anew.
            self.stop_and_wait(id).await?;
        }
        ready?;
        blocking(move || match std::fs::remove_file(&trigger) {
            Ok(()) => Err(Error::ScriptDoesNotRebuild),
            Err(_) => Ok("The environment was made anew; the app is ready.".to_owned()),
        })
        .await
    }
}
