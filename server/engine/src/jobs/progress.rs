//! A job's own view of itself.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::log::Log;
use super::{Entry, Jobs};
use crate::process::command::{self, Command, End, Source};
use crate::{Error, Result, process};
use types::jobs::JobId;

/// Least step of the progress that is worth an event.
const STEP: f32 = 0.01;
/// So many of a failed command's last lines are told with the failure.
const LAST_LINES: usize = 3;

/// What a job tells about itself, and whether it shall go on.
#[derive(Clone)]
pub(crate) struct Progress {
    jobs: Jobs,
    id: JobId,
    cancel: CancellationToken,
    log: Arc<Log>,
}

impl Progress {
    pub(super) fn new(jobs: Jobs, entry: &Entry) -> Self {
        Self {
            jobs,
            id: entry.job.id,
            cancel: entry.cancel.clone(),
            log: Arc::clone(&entry.log),
        }
    }

    /// Which job it is.
    pub(crate) fn id(&self) -> JobId {
        self.id
    }

    /// Ends when somebody cancels the job or the panel shuts down.
    pub(crate) fn cancelled(&self) -> &CancellationToken {
        &self.cancel
    }

    /// An error once somebody cancelled the job.
    pub(crate) fn go_on(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        Ok(())
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

    /// Adds a line to the job's log.
    pub(crate) fn log(&self, line: &str) {
        self.log.append(line);
    }

    /// Runs a command to its end; what it prints goes to the job's log. Anything but success is an error.
    pub(crate) async fn run(&self, what: &str, command: Command) -> Result<()> {
        let mut last = std::collections::VecDeque::new();
        let end = self
            .run_with(what, command, |_, line| {
                if !line.trim().is_empty() {
                    last.push_back(line.to_owned());
                }
                while last.len() > LAST_LINES {
                    last.pop_front();
                }
            })
            .await?;
        let how = match end {
            End::Code(0) => return Ok(()),
            End::Cancelled => return Err(Error::Cancelled),
            End::Code(code) => format!("exit code {code}"),
            End::Signal(signal) => process::signal_name(signal).to_owned(),
        };
        let last: Vec<String> = last.into();
        Err(Error::CommandFailed {
            what: what.to_owned(),
            how,
            last: last.join("\n"),
        })
    }

    /// Runs a command to its end and tells every line, which goes to the job's log too.
    pub(crate) async fn run_with(
        &self,
        what: &str,
        command: Command,
        mut each: impl FnMut(Source, &str) + Send,
    ) -> Result<End> {
        self.log(&format!("$ {}", command.shown()));
        let running = command::run(command, &self.cancel, |source, line| {
            self.log(line);
            each(source, line);
        });
        running.await.map_err(|source| Error::CommandNotRun {
            what: what.to_owned(),
            source,
        })
    }
}
