//! The end of a run: the record of it, and what comes next.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use types::instances::{Exit, ExitKind, Health, Instance, RestartPolicy};

use super::{End, Keeper};
use crate::desktops;
use crate::instances::launch::{self, ActiveRun};
use crate::instances::reasons;
use crate::instances::supervisor::Command;
use crate::instances::transitions::Change;
use crate::shim::log;
use crate::{blocking, db, process};

/// How much of the end of a log is searched for reasons, bytes.
const TAIL: u64 = 4096;

/// What comes after a run.
pub(super) enum Next {
    Rest,
    Again,
}

/// What a run's end means for its instance.
enum Verdict {
    /// As a person wanted.
    Stopped,
    /// For this reason.
    Failed(String),
    /// It begins again, as a person wanted.
    Again,
    /// It begins again after a while, by the restart policy.
    AgainIn(Duration),
}

impl Verdict {
    /// The word for the database. A panel that ends before it begins again leaves that to the next one.
    fn word(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Failed(_) => "error",
            Self::Again | Self::AgainIn(_) => "again",
        }
    }
}

impl Keeper {
    /// Nothing of the run is left: proof, record, what comes next.
    pub(super) async fn conclude(&mut self, run: &ActiveRun, end: End) -> Next {
        let held = self.until_all_is_back(run).await;
        // A session that was killed could not do it itself.
        let root = self.inner.dir.run().join(desktops::RUN);
        let tools = self.inner.desktop_tools();
        let _ = blocking(move || {
            desktops::sweep(&root, &tools);
            Ok(())
        })
        .await;
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
        let verdict = self.verdict(&end, held.is_some(), &reason);
        self.record(run, &end.exit, verdict.word(), &reason).await;
        let code = match end.exit.kind {
            ExitKind::Code(code) => Some(code),
            _ => None,
        };
        self.show(|row| {
            row.pid = None;
            row.health = Health::Unknown;
            row.exit_code = code;
        });
        match verdict {
            Verdict::Stopped => {
                self.rest(Change::Stopped, "");
                Next::Rest
            }
            Verdict::Failed(reason) => {
                self.rest(Change::Failed, &reason);
                Next::Rest
            }
            Verdict::Again => {
                self.again(|row| row.restarts = 0);
                Next::Again
            }
            Verdict::AgainIn(wait) => self.again_in(wait, run, &reason).await,
        }
    }

    fn verdict(&mut self, end: &End, is_held: bool, reason: &str) -> Verdict {
        match end.wish {
            Some(Command::Restart) if !is_held => Verdict::Again,
            Some(Command::Stop) if !is_held && end.exit.kind != ExitKind::Lost => Verdict::Stopped,
            None if !is_held => self.by_policy(&end.exit, reason),
            _ => Verdict::Failed(reason.to_owned()),
        }
    }

    /// It ended by itself: again after a while, or not.
    fn by_policy(&mut self, exit: &Exit, reason: &str) -> Verdict {
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
            return Verdict::Failed(reason.to_owned());
        }
        match self.crashes.count(Instant::now()) {
            Some(wait) => Verdict::AgainIn(wait),
            None => Verdict::Failed(format!(
                "It ended 5 times within 10 minutes and is left alone now. {reason}"
            )),
        }
    }

    /// Waits before the next try, unless a person wants something else.
    async fn again_in(&mut self, wait: Duration, run: &ActiveRun, reason: &str) -> Next {
        self.again(|row| {
            row.restarts += 1;
            row.status_reason = format!("{reason} It is started again in {} s.", wait.as_secs());
        });
        tokio::select! {
            () = sleep(wait) => {
                self.show(|row| reason.clone_into(&mut row.status_reason));
                Next::Again
            }
            command = self.commands.recv() => match command {
                Some(Command::Stop) | None => {
                    self.settle(run, "stopped").await;
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

    /// Corrects the word for a run that has ended.
    pub(super) async fn settle(&self, run: &ActiveRun, word: &str) {
        let settled = db::runs::settle(self.inner.db.write(), run.row, word).await;
        self.logged(settled);
    }

    fn again(&self, also: impl FnOnce(&mut Instance)) {
        self.inner.apply(self.id, Change::Again, |row| {
            row.status_reason.clear();
            also(row);
        });
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
