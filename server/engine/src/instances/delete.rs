//! Deleting an instance.
//!
//! The directory moves away first (into the trash, or aside under a name that says it is being deleted), then
//! the row goes. Both are instant. Where a crash falls in between, [`finish`] completes it at the next start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use types::instances::{DeleteMode, DeletePreview, Instance, InstanceId, Status};
use types::jobs::Job;

use super::{Inner, Instances, tree};
use crate::data_dir::DataDir;
use crate::jobs::{Jobs, Progress};
use crate::{Error, Result, blocking, clock, db};

/// Begins the names of directories whose permanent deletion has begun.
const DELETING: &str = ".deleting-";
/// What the instance was, left in its directory in the trash.
const RECORD: &str = ".aikore-instance.json";

impl Instances {
    /// What deleting would remove.
    pub async fn delete_preview(&self, id: InstanceId) -> Result<DeletePreview> {
        let row = self.inner.rows.get(id)?;
        let path = self.inner.dir.instance(&row.dir);
        let size = blocking(move || tree::measure(&path)).await?;
        Ok(DeletePreview {
            id,
            satellites: self.inner.satellites(id),
            name: row.name,
            bytes: size.bytes,
            files: size.files,
        })
    }

    /// Deletes as a job; a permanent deletion needs the name in `confirm`.
    pub async fn delete(&self, id: InstanceId, mode: DeleteMode, confirm: Option<String>) -> Result<Job> {
        let row = self.inner.reserve(id, mode, confirm).await?;
        let inner = Arc::clone(&self.inner);
        let title = format!("Deleting {}", row.name);
        Ok(self
            .inner
            .jobs
            .spawn(title, Some(id), move |progress| async move {
                match inner.take_away(&row, mode).await {
                    Ok(aside) => {
                        inner.rows.remove(id);
                        inner.supervisor.dismiss(id);
                        inner.clear(aside, mode, progress).await
                    }
                    Err(error) => {
                        inner.give_back(&row, &error);
                        Err(error)
                    }
                }
            }))
    }
}

impl Inner {
    fn satellites(&self, id: InstanceId) -> Vec<String> {
        let rows = self.rows.list();
        let satellites = rows.into_iter().filter(|row| row.parent_instance_id == Some(id));
        satellites.map(|row| row.name).collect()
    }

    /// Checks that the instance may go, and keeps it from being started from here on. Returns it as it was.
    async fn reserve(&self, id: InstanceId, mode: DeleteMode, confirm: Option<String>) -> Result<Instance> {
        let _changes = self.changes.lock().await;
        let row = self.rows.get(id)?;
        let satellites = self.satellites(id);
        if !satellites.is_empty() {
            return Err(Error::HasSatellites {
                name: row.name,
                satellites,
            });
        }
        if mode == DeleteMode::Permanent && confirm.as_deref() != Some(row.name.as_str()) {
            return Err(Error::NotConfirmed(row.name));
        }
        self.rows.change(id, |row| {
            if !row.status.can_start() {
                return Err(Error::WrongStatus {
                    name: row.name.clone(),
                    status: row.status,
                    verb: "delete",
                });
            }
            let before = row.clone();
            row.status = Status::Stopping;
            "being deleted".clone_into(&mut row.status_reason);
            Ok(before)
        })
    }

    /// Moves the directory away and removes the row. Returns where the directory is now.
    async fn take_away(&self, row: &Instance, mode: DeleteMode) -> Result<PathBuf> {
        let _changes = self.changes.lock().await;
        let transaction = self.db.begin().await?;
        db::instances::delete(&transaction, row.id).await?;
        let from = self.dir.instance(&row.dir);
        let aside = match mode {
            DeleteMode::Trash => self.dir.trash().join(&row.dir),
            // Beside the others, not in the trash: that could be another file system.
            DeleteMode::Permanent => self.dir.instances().join(format!("{DELETING}{}", row.dir)),
        };
        let record = serde_json::to_vec_pretty(row).unwrap_or_default();
        let (source, target) = (from.clone(), aside.clone());
        let moved = blocking(move || move_aside(&source, target, &record)).await?;
        if let Err(error) = transaction.commit().await {
            let back = moved.clone();
            blocking(move || std::fs::rename(&back, &from).map_err(Error::file(&back))).await?;
            return Err(error.into());
        }
        Ok(moved)
    }

    fn give_back(&self, row: &Instance, error: &Error) {
        tracing::warn!(instance.id = %row.id, %error, "an instance could not be deleted");
        let _ = self.rows.change(row.id, |present| {
            present.status = row.status;
            present.status_reason.clone_from(&row.status_reason);
            Ok(())
        });
    }

    /// The slow part of a permanent deletion; the instance is gone already.
    async fn clear(&self, aside: PathBuf, mode: DeleteMode, progress: Progress) -> Result<String> {
        if mode == DeleteMode::Trash {
            return Ok("Moved to the trash.".to_owned());
        }
        remove(aside, progress).await
    }
}

async fn remove(path: PathBuf, progress: Progress) -> Result<String> {
    blocking(move || {
        let size = tree::measure(&path)?;
        let mut removed = 0_u64;
        tree::remove(&path, &mut || {
            removed += 1;
            progress.report(share(removed, size.files), "Removing files");
            !progress.cancelled().is_cancelled()
        })?;
        Ok(format!("Removed {} files.", size.files))
    })
    .await
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a share for a progress bar"
)]
fn share(done: u64, all: u64) -> Option<f32> {
    (all > 0).then(|| (done as f64 / all as f64).min(1.0) as f32)
}

/// Renames a directory, with a record of the instance in it; one that is missing is as good as moved.
fn move_aside(from: &Path, mut to: PathBuf, record: &[u8]) -> Result<PathBuf> {
    if !from.exists() {
        return Ok(to);
    }
    if to.exists() {
        to.as_mut_os_string().push(format!("-{}", clock::now_ms()));
    }
    let _ = std::fs::write(from.join(RECORD), record); // a help for restoring, no condition
    std::fs::rename(from, &to).map_err(Error::file(from))?;
    Ok(to)
}

/// Completes deletions that a crash interrupted: rows whose directory had moved away already are removed here
/// and now, and what was being removed goes on being removed, as a job. Returns the rows that stay.
pub(super) async fn finish(
    dir: &DataDir,
    db: &db::Database,
    jobs: &Jobs,
    rows: Vec<Instance>,
) -> Result<Vec<Instance>> {
    let mut staying = Vec::with_capacity(rows.len());
    for row in rows {
        let moved = dir.trash().join(&row.dir).is_dir()
            || dir.instances().join(format!("{DELETING}{}", row.dir)).is_dir();
        if moved && !dir.instance(&row.dir).exists() {
            tracing::info!(instance.id = %row.id, "completing a deletion that was interrupted");
            db::instances::delete(db.write(), row.id).await?;
        } else {
            staying.push(row);
        }
    }
    let instances = dir.instances();
    let left = std::fs::read_dir(&instances).map_err(Error::file(&instances))?;
    for entry in left.filter_map(Result::ok) {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(DELETING) {
            let title = "Completing a deletion".to_owned();
            jobs.spawn(title, None, |progress| remove(entry.path(), progress));
        } else if !staying.iter().any(|row| name == *row.dir) {
            // A copy somebody made, or a creation that was interrupted: not ours to remove.
            tracing::warn!(path = %entry.path().display(), "this directory belongs to no instance");
        }
    }
    Ok(staying)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use types::instances::NewInstance;

    use super::*;
    use crate::{Engine, EngineConfig};

    #[tokio::test]
    async fn a_deleted_instance_leaves_no_keeper_behind() {
        let temp = tempfile::tempdir().unwrap();
        let config = EngineConfig::new(temp.path().to_owned(), "/no/such/shim".into());
        let engine = Engine::open(config).await.unwrap();
        let new = NewInstance {
            name: "app".to_owned(),
            base_blueprint: "test-logs".to_owned(),
            ..NewInstance::default()
        };
        let id = engine.instances.create(new).await.unwrap().id;
        let tasks = engine.instances.inner.supervisor.tasks().clone();
        let mut events = engine.events.subscribe();
        engine.instances.start(id).await.unwrap();
        while engine.instances.get(id).await.unwrap().status != Status::Error {
            events.recv().await.unwrap();
        }
        assert_eq!(tasks.len(), 1);
        engine
            .instances
            .delete(id, DeleteMode::Trash, None)
            .await
            .unwrap();
        tasks.close();
        let ended = tokio::time::timeout(Duration::from_secs(20), tasks.wait()).await;
        ended.expect("the keeper should end");
        engine.shutdown(false).await;
    }
}
