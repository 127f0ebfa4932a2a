//! The owner of one instance's run: begins it, watches it, ends it, and begins it again where that is wanted.

mod conclusion;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use types::instances::{Exit, ExitKind, ExitSource, Health, Instance, InstanceId, Status};

use self::conclusion::Next;
use super::backoff::Crashes;
use super::launch::{self, ActiveRun};
use super::probe::{Finding, Probe};
use super::supervisor::{Command, Live};
use super::transitions::Change;
use super::{Inner, reasons};
use crate::runner::RunState;
use crate::{clock, db};

/// Between two attempts to reach a shim that could not be told to stop, and two looks at a port still held.
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
    pub(super) async fn run(mut self, found: Option<(ActiveRun, Option<Command>)>) {
        let mut found = found;
        loop {
            let (run, wish) = match found.take() {
                Some(found) => found,
                None => match self.commands.recv().await {
                    None => return,
                    Some(Command::Stop) => {
                        self.rest(Change::Stopped, "");
                        continue;
                    }
                    Some(Command::Start | Command::Restart) => {
                        // A restart that came when the run had just ended by itself finds it at rest.
                        let starting = |row: Instance| row.status == Status::Starting;
                        if !self.inner.rows.get(self.id).is_ok_and(starting)
                            && !self
                                .inner
                                .apply(self.id, Change::Start, |row| row.status_reason.clear())
                        {
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

    /// From a run to the point where nothing of the instance runs and nothing is about to.
    async fn keep(&mut self, mut run: ActiveRun, mut wish: Option<Command>) {
        loop {
            let end = self.watch(&mut run, wish.take()).await;
            match self.conclude(&run, end).await {
                Next::Rest => return,
                Next::Again => match self.launch().await {
                    Some(next) => run = next,
                    None => return,
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

    /// Watches a run until nothing of it is left.
    async fn watch(&mut self, run: &mut ActiveRun, wish: Option<Command>) -> End {
        let live = Live {
            row: run.row,
            number: run.number,
            handle: run.handle.clone(),
            port: run.port,
        };
        self.inner.supervisor.set_live(self.id, Some(live));
        let end = self.watch_live(run, wish).await;
        self.inner.supervisor.set_live(self.id, None);
        end
    }

    async fn watch_live(&mut self, run: &mut ActiveRun, mut wish: Option<Command>) -> End {
        let Ok(mut state) = self.inner.supervisor.runner().watch(&run.handle) else {
            return lost(wish);
        };
        let (sender, mut findings) = mpsc::channel(4);
        let mut probe = None;
        // A stop that an earlier panel was asked for must not be forgotten.
        let mut unsent = wish.is_some() && !self.ask_to_stop(run).await;
        loop {
            tokio::select! {
                changed = state.changed() => {
                    let now = if changed.is_ok() { state.borrow_and_update().clone() } else { RunState::Lost };
                    match now {
                        RunState::Unknown => {}
                        RunState::Running { pid } => {
                            self.show(|row| row.pid = Some(pid));
                            // Not before: whatever is ready has a pid to show.
                            if wish.is_none() && probe.is_none() {
                                probe = Some(self.probe(run, sender.clone()));
                            }
                        }
                        RunState::Stopping { exit, survivors } => {
                            probe = None;
                            self.stopping(exit, &survivors, wish.is_some(), run.ready);
                        }
                        RunState::Over(exit) => return End { exit, wish: self.last_wish(wish) },
                        RunState::Lost => {
                            drop(probe.take());
                            self.sweep(run).await;
                            return lost(self.last_wish(wish));
                        }
                    }
                }
                Some(command) = self.commands.recv() => {
                    if command != Command::Start {
                        probe = None;
                        self.inner.apply(self.id, Change::Stop, |_| {});
                        self.store_state(run, if command == Command::Stop { "stopping" } else { "restarting" }).await;
                        wish = Some(command);
                        unsent = !self.ask_to_stop(run).await;
                    }
                }
                Some(finding) = findings.recv(), if probe.is_some() => self.found(run, finding).await,
                () = sleep(RETRY), if unsent => unsent = !self.ask_to_stop(run).await,
            }
        }
    }

    fn probe(&self, run: &ActiveRun, findings: mpsc::Sender<Finding>) -> AbortOnDropHandle<()> {
        let elapsed = u64::try_from(clock::now_ms() - run.started_at).unwrap_or(0);
        let limit = Duration::from_secs(run.blueprint.start_timeout_s.into());
        let left = limit.saturating_sub(Duration::from_millis(elapsed));
        let probe = Probe {
            runner: Arc::clone(self.inner.supervisor.runner()),
            handle: run.handle.clone(),
            blueprint: run.blueprint.clone(),
            port: run.port,
            deadline: (!run.ready).then(|| Instant::now() + left),
            interval: self.inner.config.probe_interval,
            failures: self.inner.config.probe_failures,
        };
        AbortOnDropHandle::new(tokio::spawn(probe.run(findings)))
    }

    async fn found(&self, run: &mut ActiveRun, finding: Finding) {
        match finding {
            Finding::Ready => {
                if self
                    .inner
                    .apply(self.id, Change::Ready, |row| row.status_reason.clear())
                {
                    run.ready = true;
                    self.store_state(run, "started").await;
                    let ready = db::runs::set_ready(self.inner.db.write(), run.row, clock::now_ms()).await;
                    self.logged(ready);
                }
            }
            Finding::Late(reason) => {
                if self
                    .inner
                    .apply(self.id, Change::Late, |row| row.status_reason = reason)
                {
                    self.store_state(run, "stalled").await;
                }
            }
            Finding::Alive(alive) => {
                let health = if alive { Health::Healthy } else { Health::Unhealthy };
                self.show(|row| row.health = health);
            }
        }
    }

    /// Processes are being ended: by a person's wish, or because the app ended and left some behind.
    fn stopping(&self, exit: Option<Exit>, survivors: &[String], wished: bool, ready: bool) {
        let mut reason = match exit {
            Some(exit) if !wished => {
                format!(
                    "{} What it left behind is being ended.",
                    reasons::ended(&exit, ready, "")
                )
            }
            _ => String::new(),
        };
        if !survivors.is_empty() {
            reason = format!(
                "These processes do not end even when killed: {}.",
                survivors.join(", ")
            );
        }
        self.inner.apply(self.id, Change::Stop, |_| {});
        self.show(|row| {
            row.health = Health::Unknown;
            row.status_reason = reason;
        });
    }

    /// False when the shim was not reached.
    async fn ask_to_stop(&self, run: &ActiveRun) -> bool {
        match self
            .inner
            .supervisor
            .runner()
            .stop(&run.handle, run.grace())
            .await
        {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(instance.id = %self.id, %error, "a run could not be told to stop yet");
                false
            }
        }
    }

    /// Ends what is left of a run without a shim, for as long as it takes.
    async fn sweep(&self, run: &ActiveRun) {
        self.inner.apply(self.id, Change::Stop, |row| {
            row.health = Health::Unknown;
            "Its supervisor was killed; what is left of it is being ended."
                .clone_into(&mut row.status_reason);
        });
        while let Err(error) = self
            .inner
            .supervisor
            .runner()
            .stop(&run.handle, run.grace())
            .await
        {
            self.show(|row| row.status_reason = format!("Its supervisor was killed; {error}."));
            sleep(RETRY).await;
        }
    }

    /// Commands that came while the run was ending count as well.
    fn last_wish(&mut self, mut wish: Option<Command>) -> Option<Command> {
        while let Ok(command) = self.commands.try_recv() {
            wish = Some(command);
        }
        wish
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

fn lost(wish: Option<Command>) -> End {
    End {
        exit: Exit {
            kind: ExitKind::Lost,
            source: ExitSource::Engine,
            at: clock::now_ms(),
        },
        wish,
    }
}
