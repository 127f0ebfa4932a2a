//! What a panel that was killed left in the middle of an update.

use types::environments::{UpdateOutcome, UpdateReport};
use types::instances::Instance;

use super::snapshot::Places;
use super::update::bring_back;
use super::{Environments, step};
use crate::instances::Workshop;
use crate::jobs::{NewJob, Progress};
use crate::{Result, blocking, clock};

/// Looks into every instance's directory, and begins a job where there is something to do.
pub(super) async fn repair(environments: &Environments) -> Result<()> {
    let rows = environments.instances.list().await?;
    for row in rows.into_iter().filter(|row| row.parent_instance_id.is_none()) {
        // A script that cannot be read has no environment that is known.
        let Ok(workshop) = environments.instances.workshop(row.id).await else {
            continue;
        };
        let places = Places::of(&workshop.environment());
        if places.has_snapshot() {
            undo(environments, workshop, places).await?;
        } else if places.has_rubbish() {
            let title = format!("Removing what an update of {} left", row.name);
            let remove = move |_| blocking(move || places.clear().map(|()| "Removed.".to_owned()));
            environments.jobs.spawn(title, Some(row.id), remove).await?;
        }
    }
    Ok(())
}

/// Rolls an update back; what ran before it runs again.
async fn undo(environments: &Environments, workshop: Workshop, places: Places) -> Result<()> {
    let row: Instance = workshop.row.clone();
    tracing::warn!(instance.id = %row.id, "an update was interrupted; its environment is rolled back");
    // Where it is at rest, nobody starts it with half an environment in the meantime.
    let reserved = if row.status.can_start() {
        Some(
            environments
                .instances
                .hold(&workshop, "being rolled back")
                .await?,
        )
    } else {
        None
    };
    let new = NewJob {
        kind: "roll-back",
        title: format!("Undoing an interrupted update of {}", row.name),
        instance: Some(row.id),
    };
    let this = environments.clone();
    let work = move |progress: Progress| async move {
        let hold = if let Some(hold) = reserved {
            hold
        } else {
            step(&progress, 1, 2, "Stopping the app")?;
            this.stop_and_wait(row.id).await?;
            this.instances.hold(&workshop, "being rolled back").await?
        };
        step(&progress, 2, 2, "Rolling back")?;
        let note = places.note();
        let report = UpdateReport {
            job: note.as_ref().map_or(progress.id(), |note| note.job),
            at: clock::now_ms(),
            outcome: UpdateOutcome::RolledBack,
            reason: "AiKore ended in the middle of it.".to_owned(),
            changes: Vec::new(),
        };
        bring_back(&places, &workshop.dir, report).await?;
        drop(hold);
        if row.autostart || note.is_some_and(|note| note.was_running) {
            this.instances.start(row.id).await?;
        }
        Ok("The environment is as it was before the update.".to_owned())
    };
    environments.jobs.begin(new, work).await?;
    Ok(())
}
