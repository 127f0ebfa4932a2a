//! Long work: answered at once, watched and cancelled later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::events::Event;
use types::instances::InstanceId;
use types::jobs::{Job, JobId, JobState};

use crate::events::Events;
use crate::{Error, Result, clock};

/// Finished jobs that are remembered; older ones are forgotten first.
const FINISHED_KEPT: usize = 50;
/// Least step of the progress that is worth an event.
const STEP: f32 = 0.01;

/// Handle to the jobs.
#[derive(Clone)]
pub struct Jobs {
    inner: Arc<Inner>,
}

struct Inner {
    events: Events,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    board: Mutex<Board>,
}

#[derive(Default)]
struct Board {
    next: u64,
    /// Newest first.
    jobs: VecDeque<Entry>,
}

struct Entry {
    job: Job,
    cancel: CancellationToken,
}

impl Jobs {
    /// No jobs yet.
    pub(crate) fn new(events: Events) -> Self {
        Self {
            inner: Arc::new(Inner {
                events,
                tasks: TaskTracker::new(),
                shutdown: CancellationToken::new(),
                board: Mutex::default(),
            }),
        }
    }

    /// Present and recent jobs, newest first.
    pub fn list(&self) -> Vec<Job> {
        self.board().jobs.iter().map(|entry| entry.job.clone()).collect()
    }

    /// One job.
    pub fn get(&self, id: JobId) -> Result<Job> {
        let board = self.board();
        let entry = board.jobs.iter().find(|entry| entry.job.id == id);
        entry.map(|entry| entry.job.clone()).ok_or(Error::UnknownJob(id))
    }

    /// Asks a job to end; it says so itself when it has.
    pub fn cancel(&self, id: JobId) -> Result<()> {
        let board = self.board();
        let entry = board.jobs.iter().find(|entry| entry.job.id == id);
        entry.ok_or(Error::UnknownJob(id))?.cancel.cancel();
        Ok(())
    }

    /// Begins a job. `work` gets its [`Progress`] and returns the closing message; an error after somebody
    /// cancelled counts as cancelled.
    pub(crate) fn spawn<F>(
        &self,
        title: String,
        instance: Option<InstanceId>,
        work: impl FnOnce(Progress) -> F,
    ) -> Job
    where
        F: Future<Output = Result<String>> + Send + 'static,
    {
        let cancel = self.inner.shutdown.child_token();
        let mut board = self.board();
        board.next += 1;
        let job = Job {
            id: JobId(board.next),
            title,
            instance,
            state: JobState::Running,
            progress: None,
            message: String::new(),
            started_at: clock::now_ms(),
        };
        board.jobs.push_front(Entry {
            job: job.clone(),
            cancel: cancel.clone(),
        });
        board.forget_old();
        self.inner.events.publish(Event::Job(job.clone()));
        drop(board);

        let progress = Progress {
            jobs: self.clone(),
            id: job.id,
            cancel: cancel.clone(),
        };
        let task = self.inner.tasks.spawn(work(progress));
        let (jobs, id) = (self.clone(), job.id);
        self.inner.tasks.spawn(async move {
            let (state, message) = match task.await {
                Ok(Ok(message)) => (JobState::Done, message),
                Ok(Err(_)) if cancel.is_cancelled() => (JobState::Cancelled, "Cancelled.".to_owned()),
                Ok(Err(error)) => (JobState::Failed, error.to_string()),
                Err(panic) => {
                    tracing::error!(job.id = id.0, %panic, "a job panicked");
                    (
                        JobState::Failed,
                        "It failed inside AiKore; its log says where.".to_owned(),
                    )
                }
            };
            jobs.change(id, |job| {
                job.state = state;
                job.message = message;
                if state == JobState::Done {
                    job.progress = Some(1.0);
                }
                true
            });
        });
        job
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
        if let Some(entry) = board.jobs.iter_mut().find(|entry| entry.job.id == id)
            && change(&mut entry.job)
        {
            self.inner.events.publish(Event::Job(entry.job.clone()));
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.inner.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn forget_old(&mut self) {
        let mut finished = 0;
        self.jobs.retain(|entry| {
            finished += usize::from(entry.job.state != JobState::Running);
            entry.job.state == JobState::Running || finished <= FINISHED_KEPT
        });
    }
}

/// A job's own view of itself.
#[derive(Clone)]
pub(crate) struct Progress {
    jobs: Jobs,
    id: JobId,
    cancel: CancellationToken,
}

impl Progress {
    /// Ends when somebody cancels the job or the panel shuts down.
    pub(crate) fn cancelled(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Says how far it is. Cheap to call often: only visible steps become events.
    pub(crate) fn report(&self, share: Option<f32>, message: &str) {
        self.jobs.change(self.id, |job| {
            let step = match (share, job.progress) {
                (Some(new), Some(old)) => (new - old).abs() >= STEP,
                (new, old) => new != old,
            };
            let visible = step || job.message != message;
            if visible {
                job.progress = share;
                message.clone_into(&mut job.message);
            }
            visible
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ended(events: &mut tokio::sync::broadcast::Receiver<Event>, id: JobId) -> Job {
        loop {
            match events.recv().await.unwrap() {
                Event::Job(job) if job.id == id && job.state != JobState::Running => return job,
                _ => {}
            }
        }
    }

    #[tokio::test]
    async fn a_job_reports_and_ends() {
        let events = Events::default();
        let mut bus = events.subscribe();
        let jobs = Jobs::new(events);
        let job = jobs.spawn("Counting".to_owned(), None, |progress| async move {
            progress.report(Some(0.5), "half");
            progress.report(Some(0.501), "half");
            Ok("counted".to_owned())
        });
        let end = ended(&mut bus, job.id).await;
        assert_eq!((end.state, end.message.as_str()), (JobState::Done, "counted"));
        assert_eq!(jobs.get(job.id).unwrap(), end);
        assert!(matches!(jobs.get(JobId(99)), Err(Error::UnknownJob(_))));
    }

    #[tokio::test]
    async fn a_cancelled_job_says_so_and_a_failed_one_says_why() {
        let events = Events::default();
        let mut bus = events.subscribe();
        let jobs = Jobs::new(events);
        let job = jobs.spawn("Waiting".to_owned(), None, |progress| async move {
            progress.cancelled().cancelled().await;
            Err(Error::ShuttingDown)
        });
        jobs.cancel(job.id).unwrap();
        assert_eq!(ended(&mut bus, job.id).await.state, JobState::Cancelled);

        let job = jobs.spawn("Failing".to_owned(), None, |_| async { Err(Error::AlreadySetUp) });
        let end = ended(&mut bus, job.id).await;
        assert_eq!(end.state, JobState::Failed);
        assert_eq!(end.message, Error::AlreadySetUp.to_string());

        let job = jobs.spawn("Panicking".to_owned(), None, |_| async { panic!("on purpose") });
        assert_eq!(ended(&mut bus, job.id).await.state, JobState::Failed);
        jobs.shutdown().await;
    }

    #[tokio::test]
    async fn only_the_last_finished_jobs_are_remembered() {
        let events = Events::default();
        let mut bus = events.subscribe();
        let jobs = Jobs::new(events);
        for _ in 0..FINISHED_KEPT + 10 {
            let job = jobs.spawn("Short".to_owned(), None, |_| async { Ok(String::new()) });
            ended(&mut bus, job.id).await;
        }
        let job = jobs.spawn("Last".to_owned(), None, |_| async { Ok(String::new()) });
        assert_eq!(jobs.list().len(), FINISHED_KEPT + 1);
        assert_eq!(jobs.list()[0].id, job.id);
    }
}
