//! The trash: deleted instances, until they are restored or removed for good.
//!
//! # How it works
//! Deleting moves an instance's directory to `trash/`, with a `Record` of its row in it; that is all there
//! is, no table says what lies in the trash. Restoring moves it back and adds the row again. What is removed for good
//! gets a name that says so first: where the panel is killed while it removes, `Trash::finish` goes on at the next
//! start. Links are never followed, and what has no record is shown, but removed only when it is asked for by name.

mod purge;
pub(crate) mod record;
mod removing;

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::instances::{Instance, InstanceId};
use types::jobs::{Job, JobState};
use types::trash::{TrashEntry, TrashKind, Trashed};

use self::record::{Record, is_name};
use self::removing::REMOVING;
pub(crate) use self::removing::forget_desktops;
use crate::data_dir::DataDir;
use crate::db::Database;
use crate::events::Events;
use crate::instances::{Instances, tree};
use crate::jobs::Jobs;
use crate::{Error, Result, blocking, clock};

/// Name of the record in a directory of the trash.
pub(crate) const RECORD: &str = ".aikore-instance.json";

/// Handle to the trash.
#[derive(Clone)]
pub struct Trash {
    inner: Arc<Inner>,
}

struct Inner {
    dir: DataDir,
    db: Database,
    jobs: Jobs,
    events: Events,
    instances: Instances,
    /// Days, unless a person said otherwise.
    default_days: Option<u32>,
    /// By name and time of the last change: what was counted because no record says it.
    sizes: Mutex<HashMap<(String, i64), u64>>,
    counting: AtomicBool,
    /// Somebody changed when things are removed.
    changed: Notify,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// Something in the trash as it lies there.
struct Found {
    entry: String,
    path: PathBuf,
    kind: TrashKind,
    record: Option<Record>,
    /// Unix milliseconds.
    changed_at: i64,
}

impl Trash {
    /// Finishes what an earlier panel began, and begins to look after old things.
    pub(crate) async fn open(
        dir: DataDir,
        db: Database,
        jobs: Jobs,
        events: Events,
        instances: Instances,
        default_days: Option<u32>,
    ) -> Result<Self> {
        let trash = Self {
            inner: Arc::new(Inner {
                dir,
                db,
                jobs,
                events,
                instances,
                default_days,
                sizes: Mutex::default(),
                counting: AtomicBool::new(false),
                changed: Notify::new(),
                tasks: TaskTracker::new(),
                shutdown: CancellationToken::new(),
            }),
        };
        trash.finish().await?;
        forget_desktops(&trash.inner.dir, trash.inner.instances.desktop_tools()).await;
        trash.look_after();
        Ok(trash)
    }

    /// Everything in it, the newest first. Sizes that no record says are counted beside, for the next one who asks.
    pub async fn list(&self) -> Result<Trashed> {
        let path = self.inner.dir.trash();
        let found = blocking(move || look(&path)).await?;
        let mut entries: Vec<TrashEntry> = found.iter().map(|found| self.shown(found)).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.deleted_at));
        if entries.iter().any(|entry| entry.bytes.is_none()) {
            self.count(found);
        }
        Ok(Trashed {
            entries,
            purge_days: self.purge_days().await?,
            now: clock::now_ms(),
        })
    }

    /// Brings an instance back, under another name if one is given. Its settings are as they were, except for what
    /// another instance has by now.
    pub async fn restore(&self, entry: &str, name: Option<String>) -> Result<Instance> {
        let found = self.find(entry).await?;
        let Some(record) = found.record else {
            return Err(Error::NoRecord(found.entry));
        };
        let restored = self.inner.instances.restore(record, found.path, name).await?;
        tracing::info!(instance.id = %restored.id, name = %restored.name, "restored from the trash");
        Ok(restored)
    }

    /// Takes the deletion of an instance back, also one that is under way.
    pub async fn undo(&self, id: InstanceId) -> Result<Instance> {
        self.deletion_ended(id).await;
        let path = self.inner.dir.trash();
        let found = blocking(move || look(&path)).await?;
        let mine = found.into_iter().filter(|found| {
            let record = found.record.as_ref();
            record.is_some_and(|record| record.instance.id == id)
        });
        let newest = mine.max_by_key(Found::deleted_at);
        let found = newest.ok_or(Error::UnknownInstance(id))?;
        let entry = found.entry.clone();
        let name = self.shown(&found).free_name;
        self.restore(&entry, Some(name)).await
    }

    /// Ends its tasks.
    pub(crate) async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    async fn deletion_ended(&self, id: InstanceId) {
        let mut events = self.inner.events.subscribe();
        let is_running = |job: &Job| job.instance == Some(id) && job.state == JobState::Running;
        while self.inner.jobs.list().iter().any(is_running) {
            // Whatever is said, even that something was missed: look again.
            let _ = events.recv().await;
        }
    }

    async fn find(&self, entry: &str) -> Result<Found> {
        let (path, wanted) = (self.inner.dir.trash(), entry.to_owned());
        let found = blocking(move || look(&path)).await?;
        let mut fitting = found.into_iter().filter(|found| found.entry == wanted);
        match (fitting.next(), fitting.next()) {
            (Some(found), None) if is_name(entry) => Ok(found),
            // Two names that cannot be told apart as text are nobody's.
            _ => Err(Error::NotInTrash(entry.to_owned())),
        }
    }

    fn shown(&self, found: &Found) -> TrashEntry {
        let record = found.record.as_ref();
        let (free_name, problem) = match record {
            Some(record) => self.inner.instances.may_restore(record),
            None => (String::new(), None),
        };
        TrashEntry {
            entry: found.entry.clone(),
            kind: found.kind,
            name: found.name(),
            blueprint_name: record.map_or_else(String::new, |record| record.instance.blueprint_name.clone()),
            deleted_at: (found.kind == TrashKind::Instance).then(|| found.deleted_at()),
            bytes: record
                .and_then(|record| record.bytes)
                .or_else(|| self.counted(found)),
            free_name,
            problem,
        }
    }

    fn counted(&self, found: &Found) -> Option<u64> {
        let sizes = self.inner.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.get(&(found.entry.clone(), found.changed_at)).copied()
    }

    /// Counts what has no size yet, one after the other and only once at a time.
    fn count(&self, found: Vec<Found>) {
        if self.inner.counting.swap(true, Ordering::AcqRel) {
            return;
        }
        let trash = self.clone();
        self.inner.tasks.spawn(async move {
            for found in found {
                let recorded = found.record.as_ref().is_some_and(|record| record.bytes.is_some());
                if recorded || trash.counted(&found).is_some() || trash.inner.shutdown.is_cancelled() {
                    continue;
                }
                let path = found.path;
                let size = blocking(move || tree::measure(&path)).await.unwrap_or_default();
                let mut sizes = trash.inner.sizes.lock().unwrap_or_else(PoisonError::into_inner);
                sizes.retain(|(entry, _), _| *entry != found.entry);
                sizes.insert((found.entry, found.changed_at), size.bytes);
            }
            trash.inner.counting.store(false, Ordering::Release);
        });
    }
}

impl Found {
    /// What people call it.
    fn name(&self) -> String {
        match &self.record {
            Some(record) => record.instance.name.clone(),
            None => self
                .entry
                .strip_prefix(REMOVING)
                .unwrap_or(&self.entry)
                .to_owned(),
        }
    }

    fn deleted_at(&self) -> i64 {
        let recorded = self.record.as_ref().and_then(|record| record.deleted_at);
        recorded.unwrap_or(self.changed_at)
    }
}

/// Everything that lies in the trash.
fn look(trash: &Path) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(trash).map_err(Error::file(trash))? {
        let path = entry.map_err(Error::file(trash))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // What vanishes while it is looked at was restored or removed.
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        let is_leftover = name.starts_with(REMOVING);
        let record = if is_leftover { None } else { Record::read(&path) };
        all.push(Found {
            kind: match (&record, is_leftover) {
                (_, true) => TrashKind::Leftover,
                (Some(_), _) => TrashKind::Instance,
                (None, _) => TrashKind::Foreign,
            },
            entry: name,
            path,
            record,
            changed_at: metadata.ctime().saturating_mul(1000),
        });
    }
    Ok(all)
}

/// The instances whose directories lie in the trash, by directory and number.
pub(crate) fn deleted(trash: &Path) -> Result<Vec<(String, InstanceId)>> {
    let records = look(trash)?.into_iter().filter_map(|found| found.record);
    Ok(records
        .map(|record| (record.instance.dir, record.instance.id))
        .collect())
}
