//! The owner of one instance's run: begins it, watches it, ends it, and begins it again where that is wanted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use types::instances::{Exit, ExitKind, ExitSource, Health, Instance, InstanceId, RestartPolicy};

use super::backoff::Crashes;
use super::launch::{self, ActiveRun};
use super::probe::{Finding, Probe};
use super::supervisor::{Command, Live};
use super::transitions::Change;
use super::{Inner, reasons};
use crate::runner::RunState;
use crate::shim::log;
use crate::{blocking, clock, db, process};

/// Between two attempts to reach a shim that could not be told to stop, and two looks at a port still held.
const RETRY: Duration = Duration::from_millis(500);
/// A port that is held for so long after the last process is gone belongs to somebody else.
const PORT_LIMIT: Duration = Duration::from_secs(10);
/// How much of the end of a log is searched for reasons, bytes.
const TAIL: u64 = 4096;

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

/// What comes after a run.
enum Next {
    Rest,
    Again,
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
        let mut state = match self.inner.supervisor.runner().watch(&run.handle) {
            Ok(state) => state,
            Err(_) => return lost(wish),
        };
        let (sender, mut findings) = mpsc::channel(4);
        let mut probe = wish.is_none().then(|| self.probe(run, sender));
        // A stop that an earlier panel was asked for must not be forgotten.
        let mut unsent = wish.is_some() && !self.ask_to_stop(run).await;
        loop {
            tokio::select! {
                changed = state.changed() => {
                    let now = if changed.is_ok() { state.borrow_and_update().clone() } else { RunState::Lost };
                    match now {
                        RunState::Unknown => {}
                        RunState::Running { pid } => self.show(|row| row.pid = Some(pid)),
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

    /// Nothing of the run is left: proof, record, what comes next.
    async fn conclude(&mut self, run: &ActiveRun, end: End) -> Next {
        let held = self.until_port_is_closed(run.port).await;
        let wanted = matches!(end.wish, Some(Command::Stop | Command::Restart));
        let mut reason = match end.exit.kind {
            ExitKind::Lost if process::booted_at_ms() > run.started_at => reasons::REBOOTED.to_owned(),
            ExitKind::Lost => reasons::LOST.to_owned(),
            _ if wanted => reasons::STOPPED.to_owned(),
            _ => reasons::ended(&end.exit, run.ready, &self.tail(run).await),
        };
        if let Some(holder) = &held {
            reason = format!(
                "Port {} is still held by {holder}, which does not belong to its processes.",
                run.port
            );
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

    /// Waits until nobody listens on the port; names who still does after a while.
    async fn until_port_is_closed(&self, port: u16) -> Option<String> {
        let deadline = Instant::now() + PORT_LIMIT;
        loop {
            let holder = blocking(move || Ok(process::ports::holder(port)))
                .await
                .ok()
                .flatten()?;
            if Instant::now() >= deadline {
                return Some(holder);
            }
            self.show(|row| row.status_reason = format!("Port {port} is still held by {holder}."));
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
