//! Cloning: an instance with the same settings and its own copy of the files.
//!
//! # How it works
//! The files are copied into `instances/.cloning-<dir>`, which gets its real name when all of them are there. The
//! row is shown at once, as `installing`. Where the panel is killed in between, [`finish`] removes both at the next
//! start. A source that runs is refused: a copy of files that are being written is torn, a database and its journal
//! for instance, and a reflink of each file does not change that. It cannot be started before all is copied.
//!
//! Environments are left out: their scripts and compiled files name the place where they were made, so they are made
//! anew at the first start, from the shared cache of packages.

mod copying;
mod plan;

use std::path::PathBuf;
use std::sync::Arc;

use types::copies::{COPYING, ClonePreview, Cloning, NewCopy};
use types::instances::{Instance, InstanceId, Status};
use types::jobs::JobState;
use types::names::InstanceName;

use self::plan::Plan;
use super::create::{Files, free_name};
use super::satellites::fresh;
use super::{Hold, Inner, Instances, fields, launch, tree};
use crate::data_dir::DataDir;
use crate::jobs::{Jobs, NewJob, Progress};
use crate::{Error, Result, blocking, db};

/// Begins the names of directories that are not copied whole yet.
pub(super) const CLONING: &str = ".cloning-";

/// What these jobs are.
const KIND: &str = "clone";

/// From where to where.
#[derive(Clone)]
struct Way {
    source: PathBuf,
    /// Where the copy grows.
    staging: PathBuf,
    /// Where it will lie.
    target: PathBuf,
    /// The environment, as the script names it.
    environment: String,
}

impl Instances {
    /// What cloning would copy.
    pub async fn clone_preview(&self, id: InstanceId) -> Result<ClonePreview> {
        let inner = &self.inner;
        let row = inner.rows.get(id)?;
        let problem = inner.may_clone(&row).err().map(|error| error.to_string());
        let source = inner.dir.instance(&row.dir);
        let environment = environment(inner, &row).await;
        let plan = blocking(move || Plan::make(&source, &environment)).await?;
        Ok(ClonePreview {
            id,
            free_name: free_name(&inner.rows.list(), &row.name, "copy"),
            name: row.name,
            bytes: plan.bytes,
            files: plan.files,
            environments: plan.environments,
            problem,
        })
    }

    /// Clones an instance; its files are copied by a job.
    pub async fn copy(&self, id: InstanceId, new: NewCopy) -> Result<Cloning> {
        let inner = &self.inner;
        let source = inner.rows.get(id)?;
        inner.may_clone(&source)?;
        let workshop = self.workshop(id).await?;
        let hold = self.hold(&workshop, "its files are being copied").await?;
        let environment = environment(inner, &source).await;
        let changes = inner.changes.lock().await;
        let name = match fields::optional(new.new_name) {
            Some(name) => name,
            None => free_name(&inner.rows.list(), &source.name, "copy"),
        };
        let name = InstanceName::new(&name)?;
        let row = Instance {
            name: name.as_str().to_owned(),
            status: Status::Installing,
            status_reason: format!("{COPYING}{}", source.name),
            ..fresh(&source)
        };
        let row = inner.add(&name, row, Files::Later(CLONING)).await?;
        inner.put_after(row.id, source.id).await?;
        drop(changes);
        let way = Way {
            source: inner.dir.instance(&source.dir),
            staging: inner.dir.instance(&format!("{CLONING}{}", row.dir)),
            target: inner.dir.instance(&row.dir),
            environment,
        };
        let title = format!("Cloning {} as {}", source.name, row.name);
        let (work, clone) = (Arc::clone(inner), row.id);
        let staging = way.staging.clone();
        let new = NewJob {
            kind: KIND,
            title,
            instance: Some(clone),
        };
        let begun = inner.jobs.begin(new, move |progress| async move {
            work.fill(clone, way, progress, hold).await
        });
        match begun.await {
            Ok(job) => Ok(Cloning {
                instance: inner.rows.get(clone)?,
                job,
            }),
            Err(error) => {
                inner.take_back(clone, staging).await;
                Err(error)
            }
        }
    }
}

impl Instances {
    /// Stops copying the files of a clone, which takes it away again.
    #[expect(clippy::unused_async, reason = "the verbs look alike to their callers")]
    pub async fn cancel_copy(&self, clone: InstanceId) -> Result<()> {
        let row = self.inner.rows.get(clone)?;
        let jobs = self.inner.jobs.list().into_iter();
        let mut mine = jobs.filter(|job| job.kind == KIND && job.instance == Some(clone));
        match mine.find(|job| job.state == JobState::Running) {
            Some(job) => self.inner.jobs.cancel(job.id),
            None => Err(Error::WrongStatus {
                name: row.name,
                status: row.status,
                verb: "cancelling the copy",
            }),
        }
    }
}

/// Where the environment lies, as the script says it; a script that cannot be read says nothing.
async fn environment(inner: &Inner, row: &Instance) -> String {
    let blueprint = launch::blueprint(inner, row).await;
    blueprint.map(|blueprint| blueprint.venv_path).unwrap_or_default()
}

impl Inner {
    fn may_clone(&self, source: &Instance) -> Result<()> {
        self.refuse_satellite(source)?;
        if source.status.can_start() {
            return self.check_satellites_rest(source);
        }
        Err(Error::WrongStatus {
            name: source.name.clone(),
            status: source.status,
            verb: "cloning",
        })
    }

    /// The job: copies, then shows the clone as it is; or takes it away again.
    async fn fill(&self, clone: InstanceId, way: Way, progress: Progress, hold: Hold) -> Result<String> {
        let (work, staging) = (way.clone(), way.staging.clone());
        let copied = blocking(move || copying::copy(&work, &progress)).await;
        let placed = match copied {
            Ok(said) => self.place(clone, &way).await.map(|()| said),
            Err(error) => Err(error),
        };
        drop(hold);
        match placed {
            Ok(said) => Ok(said),
            Err(error) => {
                self.take_back(clone, staging).await;
                Err(error)
            }
        }
    }

    /// Gives the finished copy its name.
    async fn place(&self, clone: InstanceId, way: &Way) -> Result<()> {
        let (staging, target) = (way.staging.clone(), way.target.clone());
        blocking(move || std::fs::rename(&staging, &target).map_err(Error::file(&target))).await?;
        self.rows.change(clone, |row| {
            row.status = Status::Stopped;
            row.status_reason.clear();
            Ok(())
        })
    }

    /// The row goes first: a directory without a row is removed at the next start, whatever happens here.
    async fn take_back(&self, clone: InstanceId, staging: PathBuf) {
        if let Err(error) = db::instances::delete(self.db.write(), clone).await {
            tracing::error!(instance.id = %clone, %error, "the row of an unfinished clone was not removed");
        }
        if let Err(error) = blocking(move || tree::remove(&staging, &mut || true)).await {
            tracing::error!(instance.id = %clone, %error, "an unfinished clone was not removed");
        }
        self.rows.remove(clone);
    }
}

/// Removes copies that an earlier panel did not finish. Returns the rows that stay.
pub(super) async fn finish(
    dir: &DataDir,
    db: &db::Database,
    jobs: &Jobs,
    rows: Vec<Instance>,
) -> Result<Vec<Instance>> {
    let instances = dir.instances();
    let (mut halves, mut staying) = (Vec::new(), Vec::with_capacity(rows.len()));
    for entry in std::fs::read_dir(&instances).map_err(Error::file(&instances))? {
        let path = entry.map_err(Error::file(&instances))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if let Some(dir) = name.strip_prefix(CLONING) {
            halves.push((dir.to_owned(), path));
        }
    }
    for row in rows {
        let is_half = halves.iter().any(|(half, _)| *half == row.dir);
        if is_half && !dir.instance(&row.dir).exists() {
            tracing::warn!(instance.id = %row.id, name = %row.name, "cloning it was interrupted; the half is removed");
            db::instances::delete(db.write(), row.id).await?;
        } else {
            staying.push(row);
        }
    }
    for (_, path) in halves {
        let title = "Removing an unfinished clone".to_owned();
        jobs.spawn(title, None, move |progress| super::delete::remove(path, progress))
            .await?;
    }
    Ok(staying)
}
