//! Where there is no room for an instance: it starts on another GPU, or another one ends first.

use types::instances::{Instance, InstanceChange, InstanceId, Status};
use types::jobs::Job;

use super::{Inner, Instances};
use crate::jobs::Progress;
use crate::{Error, Result};

impl Instances {
    /// Starts an instance on one GPU, which is its own from then on.
    pub async fn start_on(&self, id: InstanceId, gpu: u32) -> Result<Instance> {
        let change = InstanceChange {
            gpu_ids: Some(Some(gpu.to_string())),
            ..InstanceChange::default()
        };
        self.update(id, change, false).await?;
        self.start(id).await
    }

    /// Stops `rival`, and starts an instance once nothing of the rival is left. A job: a proof takes its time.
    pub async fn start_after(&self, id: InstanceId, rival: InstanceId) -> Result<Job> {
        let (row, other) = (self.inner.rows.get(id)?, self.inner.rows.get(rival)?);
        if !row.status.can_start() {
            return Err(wrong(&row, "start"));
        }
        // Whoever has ended meanwhile need not be stopped.
        if other.status.is_active() && other.status != Status::Stopping {
            self.stop(rival).await?;
        }
        let title = format!("Start {} when {} has stopped", row.name, other.name);
        let instances = self.clone();
        let work = move |progress: Progress| async move {
            progress.report(None, &format!("Waits until nothing of “{}” is left.", other.name));
            tokio::select! {
                () = progress.cancelled().cancelled() => return Err(Error::Cancelled),
                gone = until_gone(&instances.inner, rival) => gone?,
            }
            instances.start(id).await?;
            Ok(format!("“{}” was started.", row.name))
        };
        self.inner.jobs.spawn(title, Some(id), work).await
    }
}

/// Nothing of it is left; an error when something stays.
async fn until_gone(inner: &Inner, id: InstanceId) -> Result<()> {
    let mut events = inner.events.subscribe();
    loop {
        // It may have been deleted meanwhile.
        let Ok(row) = inner.rows.get(id) else {
            return Ok(());
        };
        match row.status {
            Status::Stopped => return Ok(()),
            Status::Error => return Err(wrong(&row, "stop")),
            _ => {
                // Whatever is said, even that something was missed: look again.
                let _ = events.recv().await;
            }
        }
    }
}

fn wrong(row: &Instance, verb: &'static str) -> Error {
    Error::WrongStatus {
        name: row.name.clone(),
        status: row.status,
        verb,
    }
}
