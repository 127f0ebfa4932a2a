//! The owner of one instance's run: begins it, watches it, ends it, and begins it again where that is wanted.

mod conclusion;
mod proof;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use types::instances::{Exit, Health, Instance, InstanceId, Status};

use self::conclusion::Next;
use super::Inner;
use super::backoff::Crashes;
use super::launch::{self, ActiveRun};
use super::supervisor::Command;
use super::transitions::Change;
use crate::db;

/// Between two attempts to reach a shim that could not be told to stop, and two looks at what is still held.
const RETRY: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Keeper {
    inner: Arc<Inner>,
    id: InstanceId,
    commands: mpsc::UnboundedReceiver<Command>,
    crashes: Crashes,
}

/// How a run ended.
struct End {
    exit: Exit,
    /// What a person wanted in the meantime.
    wish: Option<Command>,
}

impl Keeper {
    pub(super) fn new(inner: Arc<Inner>, id: InstanceId, commands: mpsc::UnboundedReceiver<Command>) -> Self {
        Self {
            inner,
            id,
            commands,
            crashes: Crashes::default(),
        }
    }

    /// Serves commands as long as the panel lives.
    pub(super) async fn run(mut self, mut found: Option<(ActiveRun, Option<Command>)>) {
        loop {
            let (run, wish) = match found.take() {
                Some(found) => found,
                None => match self.commands.recv().await {
                    None => return,
                    Some(Command::Stop) => {
                        self.rest(Change::Stopped, "");
                        continue;
                    }
                    Some(command) => {
                        if !self.may_begin(command) {
                            continue;
                        }
                        self.crashes.forgive();
                        let Some(run) = self.launch().await else { continue };
                        (run, None)
                    }
                },
            };
            self.keep(run, wish).await;
        }
    }

    /// Whether a start or a restart that finds no run still holds, and the status that goes with it.
    fn may_begin(&self, command: Command) -> bool {
        let status = self.inner.rows.get(self.id).map(|row| row.status);
        let change = match status {
            Ok(Status::Starting) => return true,
            // Asked for before the start it came after was even begun: there is nothing to stop.
            Ok(Status::Stopping) if command == Command::Restart => Change::Again,
            // It came when the run had just ended by itself: it finds the instance at rest.
            _ => Change::Start,
        };
        self.inner.apply(self.id, change, |row| row.status_reason.clear())
    }

    /// From a run to the point where nothing of the instance runs and nothing is about to.
    async fn keep(&mut self, mut run: ActiveRun, mut wish: Option<Command>) {
        loop {
            let end = self.watch(&mut run, wish.take()).await;
            match self.conclude(&run, end).await {
                Next::Rest => return,
                Next::Again => match self.launch().await {
                    Some(next) => run = next,
                    None => return self.settle(&run, "error").await,
                },
            }
        }
    }

    async fn launch(&self) -> Option<ActiveRun> {
        match launch::launch(&self.inner, self.id).await {
            Ok(run) => {
                let (inner, id) = (Arc::clone(&self.inner), self.id);
                self.inner.supervisor.tasks().spawn(async move {
                    if let Err(error) = launch::prune(&inner, id).await {
                        tracing::warn!(instance.id = %id, %error, "old runs were not removed");
                    }
                });
                Some(run)
            }
            Err(error) => {
                tracing::warn!(instance.id = %self.id, %error, "a start failed");
                self.rest(Change::Failed, &error.to_string());
                None
            }
        }
    }

    async fn store_state(&self, run: &ActiveRun, state: &str) {
        let stored = db::runs::set_state(self.inner.db.write(), run.row, state).await;
        self.logged(stored);
    }

    fn logged(&self, result: Result<(), sea_orm::DbErr>) -> bool {
        if let Err(error) = &result {
            tracing::error!(instance.id = %self.id, %error, "the state of a run was not stored");
        }
        result.is_ok()
    }

    fn rest(&self, change: Change, reason: &str) {
        self.inner.apply(self.id, change, |row| {
            reason.clone_into(&mut row.status_reason);
            row.pid = None;
            row.internal_port = None;
            row.desktop_display = None;
            row.started_at = None;
            row.health = Health::Unknown;
        });
    }

    fn show(&self, change: impl FnOnce(&mut Instance)) {
        // A row that is gone needs no news.
        let _ = self.inner.rows.change(self.id, |row| {
            change(row);
            Ok(())
        });
    }
}
