//! Long work: answered at once, watched and cancelled later.
//!
//! # How it works
//! A job is a row before anybody hears of it, and its end is a row before anybody hears of that. A row that says
//! *running* when the panel starts is of a panel that is gone: it becomes *interrupted*. Whoever began the work
//! cleans up after it at the start, by what it finds in the data directory.

mod log;
mod progress;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::events::Event;
use types::instances::InstanceId;
use types::jobs::{Job, JobId, JobState};

use self::log::Log;
use crate::db::{self, Database};
use crate::events::Events;
use crate::{Error, Result, blocking, clock};

pub(crate) use self::progress::Progress;

/// Finished jobs that are remembered; older ones are forgotten first, together with their logs.
const FINISHED_KEPT: usize = 100;

/// Handle to the jobs.
#[derive(Clone)]
pub struct Jobs {
    inner: Arc<Inner>,
}

struct Inner {
    db: Database,
    events: Events,
    /// Holds one directory of log files per job.
    logs: PathBuf,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    /// Newest first.
    board: Mutex<VecDeque<Entry>>,
}

#[derive(Clone)]
struct Entry {
    job: Job,
    cancel: CancellationToken,
    log: Arc<Log>,
}

/// What is known when a job begins.
pub(crate) struct NewJob {
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    pub(crate) instance: Option<InstanceId>,
}

impl Jobs {
    /// The jobs of earlier panels; `logs` is where their logs are.
    pub(crate) async fn open(db: Database, events: Events, logs: PathBuf) -> Result<Self> {
        let mut jobs = db::jobs::list(db.read()).await?;
        for job in jobs.iter_mut().filter(|job| job.state == JobState::Running) {
            job.state = JobState::Interrupted;
            "AiKore ended before this was finished.".clone_into(&mut job.message);
            job.ended_at = Some(clock::now_ms());
            db::jobs::end(db.write(), job).await?;
            tracing::warn!(job.id = job.id.0, title = %job.title, "a job was interrupted");
        }
        let entry = |job: Job| Entry {
            log: Arc::new(Log::new(logs.join(job.id.0.to_string()))),
            cancel: CancellationToken::new(),
            job,
        };
        let jobs = Self {
            inner: Arc::new(Inner {
                board: Mutex::new(jobs.into_iter().map(entry).collect()),
                db,
                events,
                logs,
                tasks: TaskTracker::new(),
                shutdown: CancellationToken::new(),
            }),
        };
        jobs.forget_old().await?;
        Ok(jobs)
    }

    /// Present and recent jobs, newest first.
    pub fn list(&self) -> Vec<Job> {
        self.board().iter().map(|entry| entry.job.clone()).collect()
    }

    /// One job.
    pub fn get(&self, id: JobId) -> Result<Job> {
        Ok(self.entry(id)?.job)
    }

    /// Asks a job to end; it says so itself when it has.
    pub fn cancel(&self, id: JobId) -> Result<()> {
        self.entry(id)?.cancel.cancel();
        Ok(())
    }

    /// Begins a job of no particular kind; see [`begin`](Self::begin).
    pub(crate) async fn spawn<F>(
        &self,
        title: String,
        instance: Option<InstanceId>,
        work: impl FnOnce(Progress) -> F + Send + 'static,
    ) -> Result<Job>
    where
        F: Future<Output = Result<String>> + Send + 'static,
    {
        let new = NewJob {
            kind: "",
            title,
            instance,
        };
        self.begin(new, work).await
    }

    /// Begins a job. `work` gets its [`Progress`] and returns the closing message; an error after somebody
    /// cancelled counts as cancelled.
    pub(crate) async fn begin<F>(
        &self,
        new: NewJob,
        work: impl FnOnce(Progress) -> F + Send + 'static,
    ) -> Result<Job>
    where
        F: Future<Output = Result<String>> + Send + 'static,
    {
        if self.inner.shutdown.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        let jobs = self.clone();
        // A task of its own: whoever asked may go away between the row and the work.
        let beginning = self.inner.tasks.spawn(async move {
            let entry = jobs.enter(new).await?;
            let job = entry.job.clone();
            let work = work(Progress::new(jobs.clone(), &entry));
            jobs.inner.tasks.spawn(jobs.clone().watch(entry, work));
            Ok(job)
        });
        beginning.await.map_err(|_| Error::ShuttingDown)?
    }

    /// Writes a new job down and tells it.
    async fn enter(&self, new: NewJob) -> Result<Entry> {
        let job = Job {
            id: JobId(0),
            kind: new.kind.to_owned(),
            title: new.title,
            instance: new.instance,
            state: JobState::Running,
            progress: None,
            message: String::new(),
            started_at: clock::now_ms(),
            ended_at: None,
        };
        let job = db::jobs::insert(self.inner.db.write(), job).await?;
        let entry = Entry {
            log: Arc::new(Log::new(self.inner.logs.join(job.id.0.to_string()))),
            cancel: self.inner.shutdown.child_token(),
            job,
        };
        let mut board = self.board();
        board.push_front(entry.clone());
        self.inner.events.publish(Event::Job(entry.job.clone()));
        drop(board);
        Ok(entry)
    }

    /// Does the work and writes its end down.
    async fn watch(self, entry: Entry, work: impl Future<Output = Result<String>> + Send + 'static) {
        let id = entry.job.id;
        let (state, message) = match tokio::spawn(work).await {
            Ok(Ok(message)) => (JobState::Done, message),
            Ok(Err(_)) if entry.cancel.is_cancelled() => (JobState::Cancelled, "Cancelled.".to_owned()),
            Ok(Err(error)) => (JobState::Failed, error.to_string()),
            Err(panic) => {
                tracing::error!(job.id = id.0, %panic, "a job panicked");
                let message = "It failed inside AiKore; its log says where.".to_owned();
                (JobState::Failed, message)
            }
        };
        let Ok(mut job) = self.get(id) else { return };
        job.state = state;
        job.message = message;
        job.ended_at = Some(clock::now_ms());
        if state == JobState::Done {
            job.progress = Some(1.0);
        }
        if let Err(error) = db::jobs::end(self.inner.db.write(), &job).await {
            tracing::error!(job.id = id.0, %error, "the end of a job was not stored");
        }
        self.change(id, |present| {
            *present = job;
            true
        });
        entry.log.close();
        if let Err(error) = self.forget_old().await {
            tracing::warn!(%error, "old jobs were not forgotten");
        }
    }

    /// Cancels every job and waits until all have ended.
    pub(crate) async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Changes a job; `change` says whether that is worth an event.
    fn change(&self, id: JobId, change: impl FnOnce(&mut Job) -> bool) {
        let mut board = self.board();
        if let Some(entry) = board.iter_mut().find(|entry| entry.job.id == id)
            && change(&mut entry.job)
        {
            self.inner.events.publish(Event::Job(entry.job.clone()));
        }
    }

    fn entry(&self, id: JobId) -> Result<Entry> {
        let board = self.board();
        let entry = board.iter().find(|entry| entry.job.id == id);
        entry.cloned().ok_or(Error::UnknownJob(id))
    }

    fn board(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.inner.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets finished jobs beyond so many, and logs that belong to nobody.
    async fn forget_old(&self) -> Result<()> {
        let (mut finished, mut forgotten) = (0, Vec::new());
        self.board().retain(|entry| {
            let is_finished = entry.job.state != JobState::Running;
            finished += usize::from(is_finished);
            let stays = !is_finished || finished <= FINISHED_KEPT;
            if !stays {
                forgotten.push(entry.job.id);
            }
            stays
        });
        if forgotten.is_empty() {
            return Ok(());
        }
        db::jobs::delete(self.inner.db.write(), &forgotten).await?;
        let logs = self.inner.logs.clone();
        blocking(move || {
            for id in forgotten {
                let _ = std::fs::remove_dir_all(logs.join(id.0.to_string())); // most have none
            }
            Ok(())
        })
        .await
    }
}
