//! The end of a run: proof that nothing is left, the record, and what comes next.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use types::instances::{Exit, ExitKind, Health, Instance, RestartPolicy};

use super::{End, Keeper, RETRY};
use crate::instances::launch::{self, ActiveRun};
use crate::instances::reasons;
use crate::instances::supervisor::Command;
use crate::instances::transitions::Change;
use crate::shim::log;
use crate::{blocking, db, process};

/// How long port and GPU memory may take to come back after the last process is gone. A port that is held
/// longer belongs to somebody else.
const PROOF_LIMIT: Duration = Duration::from_secs(10);
/// How much of the end of a log is searched for reasons, bytes.
const TAIL: u64 = 4096;

/// What comes after a run.
pub(super) enum Next {
    Rest,
    Again,
}

impl Keeper {
    /// Nothing of the run is left: proof, record, what comes next.
    pub(super) async fn conclude(&mut self, run: &ActiveRun, end: End) -> Next {
        let held = self.until_all_is_back(run).await;
        let wanted = matches!(end.wish, Some(Command::Stop | Command::Restart));
        let mut reason = match end.exit.kind {
            ExitKind::Lost if process::booted_at_ms() > run.started_at => reasons::REBOOTED.to_owned(),
            ExitKind::Lost => reasons::LOST.to_owned(),
            _ if wanted => reasons::STOPPED.to_owned(),
            _ => reasons::ended(&end.exit, run.ready, &self.tail(run).await),
        };
        if let Some(problem) = &held {
            reason.clone_from(problem);
        }
        let proven = wanted && held.is_none() && end.exit.kind != ExitKind::Lost;
        self.record(run, &end.exit, if proven { "stopped" } else { "error" }, &reason)
            .await;
        let code = match end.exit.kind {
            ExitKind::Code(code) => Some(code),
            _ => None,
        };
        self.show(|row| {
            row.pid = None;
            row.health = Health::Unknown;
            row.exit_code = code;
        });
        match end.wish {
            Some(Command::Restart) if held.is_none() => {
                self.again(|row| row.restarts = 0);
                Next::Again
            }
            _ if proven => {
                self.rest(Change::Stopped, "");
                Next::Rest
            }
            None if held.is_none() => self.by_policy(&end.exit, reason).await,
            _ => {
                self.rest(Change::Failed, &reason);
                Next::Rest
            }
        }
    }

    /// It ended by itself: again, after a while, or not.
    async fn by_policy(&mut self, exit: &Exit, reason: String) -> Next {
        let policy = self
            .inner
            .rows
            .get(self.id)
            .map_or(RestartPolicy::Never, |row| row.restart_policy);
        let again = match policy {
            RestartPolicy::Never => false,
            RestartPolicy::OnFailure => exit.kind != ExitKind::Code(0),
            RestartPolicy::Always => true,
        };
        if !again {
            self.rest(Change::Failed, &reason);
            return Next::Rest;
        }
        let Some(wait) = self.crashes.count(Instant::now()) else {
            self.rest(
                Change::Failed,
                &format!("It ended 5 times within 10 minutes and is left alone now. {reason}"),
            );
            return Next::Rest;
        };
        self.again(|row| {
            row.restarts += 1;
            row.status_reason = format!("{reason} It is started again in {} s.", wait.as_secs());
        });
        tokio::select! {
            () = sleep(wait) => {
                self.show(|row| row.status_reason.clone_from(&reason));
                Next::Again
            }
            command = self.commands.recv() => match command {
                Some(Command::Stop) | None => {
                    self.inner.apply(self.id, Change::Stop, |_| {});
                    self.rest(Change::Stopped, "");
                    Next::Rest
                }
                Some(Command::Start | Command::Restart) => {
                    self.crashes.forgive();
                    self.again(|row| row.restarts = 0);
                    Next::Again
                }
            },
        }
    }

    fn again(&self, also: impl FnOnce(&mut Instance)) {
        self.inner.apply(self.id, Change::Again, |row| {
            row.status_reason.clear();
            also(row);
        });
    }

    /// Waits until port and GPU memory are back; says what is not after a while.
    async fn until_all_is_back(&self, run: &ActiveRun) -> Option<String> {
        let deadline = Instant::now() + PROOF_LIMIT;
        match self.until_port_is_closed(run.port, deadline).await {
            Some(holder) => Some(format!(
                "Port {} is still held by {holder}, which does not belong to its processes.",
                run.port
            )),
            None => self.until_gpu_memory_is_back(run, deadline).await,
        }
    }

    /// Waits until nobody listens on the port; names who still does at the deadline.
    async fn until_port_is_closed(&self, port: u16, deadline: Instant) -> Option<String> {
        loop {
            let looked = blocking(move || Ok(process::ports::holder(port))).await;
            let holder = match looked {
                Ok(Ok(holder)) => holder?,
                // That nobody could look proves nothing.
                Ok(Err(error)) => format!("somebody who cannot be named ({error})"),
                Err(_) => return None,
            };
            if Instant::now() >= deadline {
                return Some(holder);
            }
            self.show(|row| row.status_reason = format!("Port {port} is still held by {holder}."));
            sleep(RETRY).await;
        }
    }

    /// Waits until the driver lists none of the run's processes any more; names those it lists at the deadline.
    async fn until_gpu_memory_is_back(&self, run: &ActiveRun, deadline: Instant) -> Option<String> {
        if run.gpu_memory.is_empty() {
            return None;
        }
        loop {
            let runner = self.inner.supervisor.runner();
            let held = runner.gpu_memory(&run.handle, &run.gpu_memory).await;
            let problem = reasons::gpu_memory(held.as_deref())?;
            if Instant::now() >= deadline {
                return Some(problem);
            }
            self.show(|row| row.status_reason.clone_from(&problem));
            sleep(RETRY).await;
        }
    }

    async fn tail(&self, run: &ActiveRun) -> String {
        let Ok(row) = self.inner.rows.get(self.id) else {
            return String::new();
        };
        let dir = launch::run_dir(&self.inner, &row, run.number);
        let read = blocking(move || {
            let (_, end) = log::extent(&dir).unwrap_or_default();
            let mut reader = log::Reader::new(&dir, end.saturating_sub(TAIL));
            let (mut bytes, mut piece) = (Vec::new(), [0; 1024]);
            while let Ok((_, count @ 1..)) = reader.read(&mut piece) {
                bytes.extend_from_slice(&piece[..count]);
            }
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        });
        read.await.unwrap_or_default()
    }

    async fn record(&self, run: &ActiveRun, exit: &Exit, state: &str, reason: &str) {
        let bytes = match self.inner.rows.get(self.id) {
            Ok(row) => {
                let dir = launch::run_dir(&self.inner, &row, run.number);
                blocking(move || Ok(log::extent(&dir).unwrap_or_default().1))
                    .await
                    .unwrap_or(0)
            }
            Err(_) => 0,
        };
        let ended = db::runs::end(self.inner.db.write(), run.row, state, *exit, reason, bytes).await;
        if self.logged(ended) {
            // Only now: a run whose end is not stored has to be found again.
            if let Err(error) = self.inner.supervisor.runner().forget(&run.handle).await {
                tracing::warn!(instance.id = %self.id, %error, "a run was not forgotten");
            }
        }
    }
}
