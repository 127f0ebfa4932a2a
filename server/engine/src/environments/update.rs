//! The safe update: a way back is made first, and given up only when the app was ready with the new packages.

use std::path::Path;

use tokio_util::sync::CancellationToken;
use types::environments::{UpdateKind, UpdateOutcome, UpdateReport, UpdateRequest, differences};
use types::instances::InstanceId;
use types::jobs::{Job, JobId};
use types::requirements::Requirement;

use super::inspect::{Health, Inspected, modules_to_try};
use super::snapshot::{Note, Places};
use super::{Environments, keep_report, step};
use crate::instances::{Hold, Workshop};
use crate::jobs::{NewJob, Progress};
use crate::{Error, Result, blocking, clock};

/// Steps of an update.
const STEPS: u8 = 5;
/// Files between two looks at whether to go on.
const BATCH: u64 = 100;

/// One update under way.
struct Update {
    environments: Environments,
    workshop: Workshop,
    kind: UpdateKind,
    wanted: Vec<Requirement>,
    accepts_conflicts: bool,
    was_running: bool,
    places: Places,
    progress: Progress,
}

impl Environments {
    /// Updates an environment with a way back. A running app is stopped for it only when that is confirmed.
    pub async fn update(&self, id: InstanceId, request: UpdateRequest) -> Result<Job> {
        let wanted = match request.kind {
            UpdateKind::Typed => Requirement::list(&request.requirements)?,
            UpdateKind::File | UpdateKind::Rebuild => Vec::new(),
        };
        let workshop = self.place_of_work(id).await?;
        let was_running = workshop.row.status.is_active();
        if was_running && !request.confirm {
            return Err(Error::Runs(workshop.row.name));
        }
        // At rest it is held before anybody is told that the update began.
        let hold = if was_running {
            None
        } else {
            Some(self.instances.hold(&workshop, "being updated").await?)
        };
        let new = NewJob {
            kind: "safe-update",
            title: format!("Updating the environment of {}", workshop.row.name),
            instance: Some(id),
        };
        let environments = self.clone();
        let work = move |progress: Progress| {
            let update = Update {
                places: Places::of(&workshop.environment()),
                environments,
                workshop,
                kind: request.kind,
                wanted,
                accepts_conflicts: request.accept_conflicts,
                was_running,
                progress,
            };
            update.run(hold)
        };
        self.jobs.begin(new, work).await
    }
}

impl Update {
    async fn run(self, hold: Option<Hold>) -> Result<String> {
        step(&self.progress, 1, STEPS, "Snapshot")?;
        let prepared = match hold {
            Some(hold) => Ok(hold),
            None => self.stop_and_hold("being updated").await,
        };
        let prepared = match prepared {
            Ok(hold) => self.prepare().await.map(|known| (hold, known)),
            Err(error) => Err(error),
        };
        let (hold, (before, health)) = match prepared {
            Ok(known) => known,
            Err(error) => {
                self.go_back_to_work().await;
                return Err(error);
            }
        };
        let mut hold = Some(hold);
        let tried = self.try_out(&before, &health, &mut hold).await;
        let after = self.packages_now().await.unwrap_or_else(|| before.clone());
        let report = |outcome, reason| UpdateReport {
            job: self.job(),
            at: clock::now_ms(),
            outcome,
            reason,
            changes: differences(&before.packages, &after.packages),
        };
        match tried {
            Ok(()) => {
                let report = report(UpdateOutcome::Kept, String::new());
                let count = report.changes.len();
                self.keep(report).await?;
                Ok(match count {
                    0 => "Kept; no package changed.".to_owned(),
                    1 => "Kept; one package changed.".to_owned(),
                    count => format!("Kept; {count} packages changed."),
                })
            }
            Err(error) => {
                let reason = match &error {
                    Error::Cancelled => "It was cancelled.".to_owned(),
                    error => error.to_string(),
                };
                self.roll_back(hold, report(UpdateOutcome::RolledBack, reason.clone()))
                    .await?;
                match error {
                    Error::Cancelled => Err(error),
                    _ => Err(Error::RolledBack(reason)),
                }
            }
        }
    }

    async fn stop_and_hold(&self, why: &'static str) -> Result<Hold> {
        self.environments.stop_and_wait(self.workshop.row.id).await?;
        self.environments.instances.hold(&self.workshop, why).await
    }

    fn job(&self) -> JobId {
        self.progress.id()
    }

    /// Looks at what there is, then makes the way back.
    async fn prepare(&self) -> Result<(Inspected, Health)> {
        let known = self.look().await?;
        let note = Note {
            was_running: self.was_running,
            job: self.job(),
        };
        let (places, kind, progress) = (self.places.clone(), self.kind, self.progress.clone());
        blocking(move || {
            if kind == UpdateKind::Rebuild {
                return places.move_aside(&note);
            }
            let mut files = 0_u64;
            places.snapshot(&note, &mut || {
                files += 1;
                if files.is_multiple_of(BATCH) {
                    progress.report(Some(0.0), &format!("1/{STEPS} Snapshot: {files} files"));
                }
                !progress.cancelled().is_cancelled()
            })
        })
        .await?;
        Ok(known)
    }

    /// Packages, conflicts and what can be imported.
    async fn look(&self) -> Result<(Inspected, Health)> {
        let (env, row) = (&self.places.env, &self.workshop.row);
        let (environments, cancel) = (&self.environments, self.progress.cancelled());
        let inspected = environments.inspect(row, env, cancel).await?;
        let asked: Vec<String> = self.wanted.iter().filter_map(Requirement::name).collect();
        let modules = modules_to_try(&inspected, &asked);
        self.progress.log(&format!("importing {}", modules.join(", ")));
        let health = Health {
            conflicts: environments
                .conflicts(row, env, cancel)
                .await?
                .into_iter()
                .collect(),
            broken: environments.broken_imports(row, env, &modules, cancel).await?,
        };
        Ok((inspected, health))
    }

    /// Everything between the snapshot and the decision.
    async fn try_out(&self, before: &Inspected, health: &Health, hold: &mut Option<Hold>) -> Result<()> {
        step(&self.progress, 2, STEPS, "Update")?;
        match self.kind {
            UpdateKind::Typed => {
                let (environments, workshop) = (&self.environments, &self.workshop);
                environments
                    .install_now(workshop, &self.wanted, &self.progress)
                    .await?;
            }
            UpdateKind::File => {
                self.environments
                    .install_file(&self.workshop, &self.progress)
                    .await?;
            }
            UpdateKind::Rebuild => self.start(hold).await?,
        }
        step(&self.progress, 3, STEPS, "Check")?;
        let (after, now) = self.look().await?;
        for change in differences(&before.packages, &after.packages) {
            let word = |version: Option<String>| version.unwrap_or_else(|| "none".to_owned());
            let (old, new) = (word(change.before), word(change.after));
            self.progress.log(&format!("{}: {old} -> {new}", change.name));
        }
        self.compare(health, &now)?;
        step(&self.progress, 4, STEPS, "Starting the app")?;
        if self.kind != UpdateKind::Rebuild {
            self.start(hold).await?;
        }
        step(&self.progress, 5, STEPS, "Keeping it")
    }

    async fn start(&self, hold: &mut Option<Hold>) -> Result<()> {
        drop(hold.take());
        let (id, cancel) = (self.workshop.row.id, self.progress.cancelled());
        self.environments.start_and_wait(id, cancel).await
    }

    /// What fails now and did not before is the update's fault.
    fn compare(&self, before: &Health, now: &Health) -> Result<()> {
        let broken = now
            .broken
            .iter()
            .find(|(module, _)| !before.broken.contains_key(*module));
        if let Some((module, why)) = broken {
            return Err(Error::UpdateBroke(format!(
                "“{module}” cannot be imported any more ({why})."
            )));
        }
        let conflict = now.conflicts.difference(&before.conflicts).next();
        match conflict {
            Some(misfit) if !self.accepts_conflicts => Err(Error::UpdateBroke(format!(
                "{} needs {}, but {}.",
                misfit.package,
                misfit.needs,
                if misfit.has.is_empty() {
                    "that is not installed".to_owned()
                } else {
                    format!("{} is installed", misfit.has)
                }
            ))),
            _ => Ok(()),
        }
    }

    async fn packages_now(&self) -> Option<Inspected> {
        let (env, row) = (&self.places.env, &self.workshop.row);
        let uncancelled = CancellationToken::new();
        self.environments.inspect(row, env, &uncancelled).await.ok()
    }

    async fn keep(&self, report: UpdateReport) -> Result<()> {
        let places = self.places.clone();
        blocking(move || places.keep()).await?;
        keep_report(&self.workshop.dir, report).await?;
        if !self.was_running {
            self.environments.stop_and_wait(self.workshop.row.id).await?;
        }
        let places = self.places.clone();
        blocking(move || places.clear()).await
    }

    /// Cannot be cancelled. Where it fails, the snapshot stays and the next start of the panel tries again.
    async fn roll_back(&self, hold: Option<Hold>, report: UpdateReport) -> Result<()> {
        self.progress.log("== Rolling back");
        self.progress.report(Some(0.9), "Rolling back");
        let hold = match hold {
            Some(hold) => hold,
            None => self.stop_and_hold("being rolled back").await?,
        };
        bring_back(&self.places, &self.workshop.dir, report).await?;
        drop(hold);
        self.go_back_to_work().await;
        Ok(())
    }

    /// What was running before runs again.
    async fn go_back_to_work(&self) {
        if self.was_running
            && let Err(error) = self.environments.instances.start(self.workshop.row.id).await
        {
            self.progress
                .log(&format!("It could not be started again: {error}"));
        }
    }
}

/// Brings the old environment back to its place and says so in the instance's directory.
pub(super) async fn bring_back(places: &Places, dir: &Path, report: UpdateReport) -> Result<()> {
    let back = places.clone();
    blocking(move || back.roll_back()).await?;
    keep_report(dir, report).await?;
    let rubbish = places.clone();
    blocking(move || rubbish.clear()).await
}
