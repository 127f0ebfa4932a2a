//! Deleting an instance.
//!
//! The directory moves away first (into the trash, or aside under a name that says it is being deleted), then
//! the row goes. Both are instant. Where a crash falls in between, [`finish`] completes it at the next start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use types::instances::{DeleteMode, DeletePreview, Instance, InstanceId, Status};
use types::jobs::Job;

use super::clone::CLONING;
use super::{Inner, Instances, restore, tree};
use crate::data_dir::DataDir;
use crate::jobs::{Jobs, Progress};
use crate::trash::record::Record;
use crate::{Error, Result, blocking, clock, db, trash};

/// Begins the names of directories whose permanent deletion has begun.
const DELETING: &str = ".deleting-";

impl Instances {
    /// What deleting would remove.
    pub async fn delete_preview(&self, id: InstanceId) -> Result<DeletePreview> {
        let row = self.inner.rows.get(id)?;
        let path = self.inner.dir.instance(&row.dir);
        let size = blocking(move || tree::measure(&path)).await?;
        Ok(DeletePreview {
            id,
            satellites: names(self.inner.satellites(id)),
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
        let was = row.clone();
        let begun = self
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
            });
        begun.await.inspect_err(|error| self.inner.give_back(&was, error))
    }

    /// Moves several to the trash, each as a job of its own. Satellites go before their parents, which would be kept
    /// by them. Returns what was refused.
    pub async fn trash_several(&self, ids: Vec<InstanceId>) -> Vec<Error> {
        let is_satellite = |id: &InstanceId| {
            self.inner
                .rows
                .get(*id)
                .is_ok_and(|row| row.parent_instance_id.is_some())
        };
        let (satellites, others): (Vec<_>, Vec<_>) = ids.into_iter().partition(is_satellite);
        let mut refused = Vec::new();
        for id in &satellites {
            refused.extend(self.delete(*id, DeleteMode::Trash, None).await.err());
        }
        let never = CancellationToken::new();
        for id in satellites {
            // Gone, or given back because it could not be moved.
            let _ = self.until(id, &never, |row| row.status != Status::Stopping).await;
        }
        for id in others {
            refused.extend(self.delete(id, DeleteMode::Trash, None).await.err());
        }
        refused
    }
}

impl Inner {
    /// Checks that the instance may go, and keeps it from being started from here on. Returns it as it was.
    async fn reserve(&self, id: InstanceId, mode: DeleteMode, confirm: Option<String>) -> Result<Instance> {
        let _changes = self.changes.lock().await;
        let row = self.rows.get(id)?;
        let satellites = names(self.satellites(id));
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
        let (aside, record) = match mode {
            DeleteMode::Trash => (self.dir.trash().join(&row.dir), Some(self.record(row))),
            // Beside the others, not in the trash: that could be another file system.
            DeleteMode::Permanent => {
                let aside = self.dir.instances().join(format!("{DELETING}{}", row.dir));
                (aside, None)
            }
        };
        let (source, target) = (from.clone(), aside.clone());
        let moved = blocking(move || move_aside(&source, target, record)).await?;
        if let Err(error) = transaction.commit().await {
            let back = moved.clone();
            blocking(move || std::fs::rename(&back, &from).map_err(Error::file(&back))).await?;
            return Err(error.into());
        }
        Ok(moved)
    }

    fn record(&self, row: &Instance) -> Record {
        let parent = row.parent_instance_id.and_then(|id| self.rows.get(id).ok());
        Record {
            instance: row.clone(),
            deleted_at: Some(clock::now_ms()),
            parent_dir: parent.map(|parent| parent.dir),
            bytes: None,
        }
    }

    fn give_back(&self, row: &Instance, error: &Error) {
        tracing::warn!(instance.id = %row.id, %error, "an instance could not be deleted");
        let _ = self.rows.change(row.id, |present| {
            present.status = row.status;
            present.status_reason.clone_from(&row.status_reason);
            Ok(())
        });
    }

    /// The slow part; the instance is gone already.
    async fn clear(&self, aside: PathBuf, mode: DeleteMode, progress: Progress) -> Result<String> {
        if mode == DeleteMode::Permanent {
            let removed = remove(aside, progress).await;
            trash::forget_desktops(&self.dir, self.desktop_tools()).await;
            return removed;
        }
        blocking(move || {
            // Nothing changes in there any more: counted once, and kept with it. It may be restored meanwhile.
            if let (Some(mut record), Ok(size)) = (Record::read(&aside), tree::measure(&aside)) {
                record.bytes = Some(size.bytes);
                let _ = record.write(&aside);
            }
            Ok("Moved to the trash.".to_owned())
        })
        .await
    }
}

fn names(rows: Vec<Instance>) -> Vec<String> {
    rows.into_iter().map(|row| row.name).collect()
}

pub(super) async fn remove(path: PathBuf, progress: Progress) -> Result<String> {
    blocking(move || {
        let size = tree::measure(&path)?;
        let mut removed = 0_u64;
        tree::remove(&path, &mut || {
            removed += 1;
            progress.report(tree::share(removed, size.files), "Removing files");
            !progress.cancelled().is_cancelled()
        })?;
        Ok(format!("Removed {} files.", size.files))
    })
    .await
}

/// Renames a directory, with a record of the instance in it; one that is missing is as good as moved.
fn move_aside(from: &Path, mut to: PathBuf, record: Option<Record>) -> Result<PathBuf> {
    if !from.exists() {
        return Ok(to);
    }
    if to.symlink_metadata().is_ok() {
        to.as_mut_os_string().push(format!("-{}", clock::now_ms()));
    }
    if let Some(record) = record {
        record.write(from)?;
    }
    match std::fs::rename(from, &to) {
        Ok(()) => Ok(to),
        Err(error) => {
            Record::remove(from);
            let error = match error.kind() {
                std::io::ErrorKind::CrossesDevices => std::io::Error::other(
                    "trash/ is another file system, and nothing can be moved there at once; delete it for good instead",
                ),
                _ => error,
            };
            Err(Error::file(from)(error))
        }
    }
}

/// Completes deletions that a crash interrupted: rows whose directory had moved away already are removed here
/// and now, and what was being removed goes on being removed, as a job. Returns the rows that stay.
pub(super) async fn finish(
    dir: &DataDir,
    db: &db::Database,
    jobs: &Jobs,
    rows: Vec<Instance>,
) -> Result<Vec<Instance>> {
    let trashed = trash::deleted(&dir.trash())?;
    let mut staying = Vec::with_capacity(rows.len());
    for row in rows {
        let moved = trashed.contains(&(row.dir.clone(), row.id))
            || dir.trash().join(&row.dir).is_dir()
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
            jobs.spawn(title, None, move |progress| remove(entry.path(), progress))
                .await?;
        } else if !name.to_string_lossy().starts_with(CLONING)
            && !staying.iter().any(|row| name == *row.dir)
            && restore::undo_half(dir, &entry.path()).is_none()
        {
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
