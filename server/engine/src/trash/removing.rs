//! Removing things from the trash for good.

use std::path::{Path, PathBuf};

use types::jobs::Job;
use types::trash::{EMPTY_WORD, TrashKind, TrashPreview};

use super::{Found, Trash, look};
use crate::data_dir::DataDir;
use crate::instances::tree;
use crate::jobs::Progress;
use crate::{Error, Result, blocking, desktops};

/// Begins the names of what is being removed.
pub(super) const REMOVING: &str = ".removing-";

impl Trash {
    /// What removing one thing would remove, to the byte; without a name, what emptying would.
    pub async fn preview(&self, entry: Option<&str>) -> Result<TrashPreview> {
        let (found, confirm) = match entry {
            Some(entry) => {
                let found = self.find(entry).await?;
                let name = found.name();
                (vec![found], name)
            }
            None => (self.ours().await?, EMPTY_WORD.to_owned()),
        };
        let mut preview = TrashPreview {
            entry: entry.map(ToOwned::to_owned),
            confirm,
            entries: found.len() as u64,
            bytes: 0,
            files: 0,
        };
        for found in found {
            let size = blocking(move || tree::measure(&found.path)).await?;
            preview.bytes += size.bytes;
            preview.files += size.files;
        }
        Ok(preview)
    }

    /// Removes one thing for good, as a job; its name has to be typed.
    pub async fn delete(&self, entry: &str, confirm: Option<String>) -> Result<Job> {
        let found = self.find(entry).await?;
        let name = found.name();
        if found.kind != TrashKind::Leftover && confirm.as_deref() != Some(name.as_str()) {
            return Err(Error::NotConfirmed(name));
        }
        let title = format!("Removing {name} from the trash");
        self.remove(title, vec![found], "a person asked for it").await
    }

    /// Removes every instance that lies in the trash for good, as a job; a word has to be typed.
    pub async fn empty(&self, confirm: Option<String>) -> Result<Job> {
        if confirm.as_deref() != Some(EMPTY_WORD) {
            return Err(Error::NotConfirmed(EMPTY_WORD.to_owned()));
        }
        let found = self.ours().await?;
        self.remove("Emptying the trash".to_owned(), found, "the trash was emptied")
            .await
    }

    /// Goes on with what an earlier panel was removing.
    pub(super) async fn finish(&self) -> Result<()> {
        let left = look(&self.inner.dir.trash())?;
        let left: Vec<Found> = left
            .into_iter()
            .filter(|found| found.kind == TrashKind::Leftover)
            .collect();
        if !left.is_empty() {
            let title = "Completing a removal from the trash".to_owned();
            self.remove(title, left, "it was interrupted").await?;
        }
        Ok(())
    }

    /// What emptying removes: nothing that somebody else put there.
    pub(super) async fn ours(&self) -> Result<Vec<Found>> {
        let path = self.inner.dir.trash();
        let mut found = blocking(move || look(&path)).await?;
        found.retain(|found| found.kind != TrashKind::Foreign);
        Ok(found)
    }

    /// The job. It leaves a line in the log for each thing that goes.
    pub(super) async fn remove(&self, title: String, found: Vec<Found>, why: &'static str) -> Result<Job> {
        let (dir, desktops) = (self.inner.dir.clone(), self.inner.instances.desktop_tools());
        let work = move |progress: Progress| async move {
            let mut files = 0;
            for found in found {
                progress.go_on()?;
                let (name, entry) = (found.name(), found.entry.clone());
                let deleted_at_ms = found.deleted_at();
                let progress = progress.clone();
                let Some(size) = blocking(move || gone(found, &progress)).await? else {
                    continue; // restored or removed in the meantime
                };
                tracing::info!(%entry, %name, deleted_at_ms, bytes = size.bytes, why, "removed from the trash for good");
                files += size.files;
            }
            forget_desktops(&dir, desktops).await;
            Ok(format!("Removed {files} files."))
        };
        self.inner.jobs.spawn(title, None, work).await
    }
}

/// Removes what users of desktops have whose instance is neither at home nor in the trash. What cannot be removed now
/// can wait for the next time.
pub(crate) async fn forget_desktops(dir: &DataDir, desktops: PathBuf) {
    let (instances, trash) = (dir.instances(), dir.trash());
    let is_there = |name: &str, instances: &Path| instances.join(name).symlink_metadata().is_ok();
    // Who cannot look has found nothing out.
    let may_be_in_trash = move |name: &str| {
        look(&trash).map_or(true, |found| {
            let mut records = found.into_iter().filter_map(|found| found.record);
            records.any(|record| record.instance.dir == name)
        })
    };
    let _ = blocking(move || {
        desktops::sweep_users(&desktops, &instances, |name| {
            // It may be moved to and fro while it is looked for.
            !is_there(name, &instances) && !may_be_in_trash(name) && !is_there(name, &instances)
        });
        Ok(())
    })
    .await;
}

fn gone(found: Found, progress: &Progress) -> Result<Option<tree::Size>> {
    let name = found.name();
    let aside = if found.kind == TrashKind::Leftover {
        found.path
    } else {
        match set_aside(&found)? {
            Some(aside) => aside,
            None => return Ok(None),
        }
    };
    let size = tree::measure(&aside)?;
    let (message, mut removed) = (format!("Removing {name}"), 0_u64);
    tree::remove(&aside, &mut || {
        removed += 1;
        progress.report(tree::share(removed, size.files), &message);
        !progress.cancelled().is_cancelled()
    })?;
    Ok(Some(size))
}

/// From here on it is not restored any more.
fn set_aside(found: &Found) -> Result<Option<PathBuf>> {
    let mut aside = found.path.with_file_name(format!("{REMOVING}{}", found.entry));
    if aside.symlink_metadata().is_ok() {
        aside
            .as_mut_os_string()
            .push(format!("-{}", uuid::Uuid::new_v4()));
    }
    match std::fs::rename(&found.path, &aside) {
        Ok(()) => Ok(Some(aside)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(&found.path)(error)),
    }
}
