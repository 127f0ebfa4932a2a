//! The Python environments of instances: what they hold, and changing them without losing what worked.
//!
//! # How it works
//! A script makes its environment; this looks into it with the environment's own interpreter, installs with uv (or
//! the environment's pip) and has the script make it anew. While files change, nobody can start the instance or a
//! satellite of it (`instances::Hold`). A safe update has a way back (`snapshot.rs`) until the app
//! was ready with the new packages; what a crash leaves is put right at the next start (`repair.rs`).

mod inspect;
mod install;
mod rebuild;
mod repair;
mod snapshot;
pub(crate) mod tools;
mod update;

use std::path::Path;

use tokio_util::sync::CancellationToken;
use types::environments::{Environment, EnvironmentSize, UpdateReport};
use types::instances::{InstanceId, Status};

use self::tools::python;
use crate::instances::{Instances, Workshop, tree};
use crate::jobs::{Jobs, Progress};
use crate::{Error, Result, blocking};

/// What became of the last update, in the instance's directory.
const LAST_UPDATE: &str = ".aikore-last-update.json";

/// Handle to the environments.
#[derive(Clone)]
pub struct Environments {
    instances: Instances,
    jobs: Jobs,
}

impl Environments {
    /// Puts right what an earlier panel left in the middle of an update.
    pub(crate) async fn open(instances: Instances, jobs: Jobs) -> Result<Self> {
        let environments = Self { instances, jobs };
        repair::repair(&environments).await?;
        Ok(environments)
    }

    /// What an instance's environment holds, and what does not fit together in it.
    pub async fn check(&self, id: InstanceId) -> Result<Environment> {
        let workshop = self.instances.workshop(id).await?;
        let env = workshop.environment();
        let mut found = Environment {
            path: workshop.blueprint.venv_path.clone(),
            exists: python(&env).exists(),
            last_update: last_update(&workshop.dir),
            ..Environment::default()
        };
        if !found.exists {
            return Ok(found);
        }
        let cancel = CancellationToken::new();
        match self.inspect(&workshop.row, &env, &cancel).await {
            Ok(inspected) => inspect::describe(&mut found, inspected),
            Err(error) => found.problems.push(error.to_string()),
        }
        match self.conflicts(&workshop.row, &env, &cancel).await {
            Ok(conflicts) => found.conflicts = conflicts,
            Err(error) => found.problems.push(error.to_string()),
        }
        Ok(found)
    }

    /// The space an instance's environment takes.
    pub async fn size(&self, id: InstanceId) -> Result<EnvironmentSize> {
        let env = self.instances.workshop(id).await?.environment();
        blocking(move || {
            let size = tree::measure(&env)?;
            Ok(EnvironmentSize {
                bytes: size.bytes,
                shared_bytes: size.shared_bytes,
                files: size.files,
            })
        })
        .await
    }

    /// The release of an environment's Python, as the environment itself says it.
    pub(crate) fn python_release(workshop: &Workshop) -> Option<String> {
        let env = workshop.environment();
        let settings = std::fs::read_to_string(env.join("pyvenv.cfg")).unwrap_or_default();
        let said = settings.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            ["version", "version_info"]
                .contains(&key.trim())
                .then(|| value.trim().to_owned())
        });
        // Conda names its packages' records by their releases.
        let records = || std::fs::read_dir(env.join("conda-meta")).ok();
        said.or_else(|| {
            records()?.flatten().find_map(|record| {
                let name = record.file_name().into_string().ok()?;
                let release = name.strip_prefix("python-")?.split('-').next()?;
                release
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then(|| release.to_owned())
            })
        })
    }

    /// The workshop of an instance whose environment is there and may be changed.
    async fn place_of_work(&self, id: InstanceId) -> Result<Workshop> {
        let workshop = self.instances.own_workshop(id).await?;
        workshop.refuse_running_satellites()?;
        if !python(&workshop.environment()).exists() {
            return Err(Error::NoEnvironment(workshop.row.name));
        }
        Ok(workshop)
    }

    /// Starts the app and waits until it is ready.
    async fn start_and_wait(&self, id: InstanceId, cancel: &CancellationToken) -> Result<()> {
        self.instances.start(id).await?;
        let is_decided = |status| !matches!(status, Status::Starting | Status::Queued | Status::Installing);
        let row = self
            .instances
            .until(id, cancel, |row| is_decided(row.status))
            .await?;
        if row.status == Status::Started {
            return Ok(());
        }
        Err(Error::NotReady {
            name: row.name,
            status: row.status,
            reason: row.status_reason,
        })
    }

    /// Stops the app, if something of it runs, and waits for the proof.
    async fn stop_and_wait(&self, id: InstanceId) -> Result<()> {
        if self.instances.get(id).await?.status.can_stop() {
            match self.instances.stop(id).await {
                // It ended by itself in between.
                Ok(_) | Err(Error::WrongStatus { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let never = CancellationToken::new();
        let stopped = self.instances.until(id, &never, |row| !row.status.is_active());
        stopped.await.map(drop)
    }
}

/// What became of the last update in an instance's directory; none also when it cannot be read any more.
fn last_update(dir: &Path) -> Option<UpdateReport> {
    let text = std::fs::read(dir.join(LAST_UPDATE)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Keeps what became of an update.
async fn keep_report(dir: &Path, report: UpdateReport) -> Result<()> {
    let path = dir.join(LAST_UPDATE);
    blocking(move || {
        let fresh = path.with_extension("new");
        let text = serde_json::to_vec_pretty(&report).unwrap_or_default();
        std::fs::write(&fresh, text)
            .and_then(|()| std::fs::rename(&fresh, &path))
            .map_err(Error::file(&path))
    })
    .await
}

/// One of the steps of a job, shown as its share and as `2/5 Update`.
pub(crate) fn step(progress: &Progress, number: u8, of: u8, what: &str) -> Result<()> {
    let text = format!("{number}/{of} {what}");
    progress.log(&format!("== {text}"));
    progress.report(Some(f32::from(number - 1) / f32::from(of)), &text);
    progress.go_on()
}
