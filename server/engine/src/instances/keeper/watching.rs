//! A run while it lives: what its shim and its probe say, and what a person wants of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use types::instances::{Exit, ExitKind, ExitSource, Health};

use super::{End, Keeper, RETRY};
use crate::instances::launch::ActiveRun;
use crate::instances::probe::{Finding, Probe};
use crate::instances::reasons;
use crate::instances::supervisor::{Command, Live};
use crate::instances::transitions::Change;
use crate::runner::RunState;
use crate::{clock, db};

impl Keeper {
    /// Watches a run until nothing of it is left.
    pub(super) async fn watch(&mut self, run: &mut ActiveRun, wish: Option<Command>) -> End {
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
                    if changed.is_err() {
                        // Whoever watched ended without a verdict, which proves nothing.
                        sleep(RETRY).await;
                        state = self.inner.supervisor.runner().watch(&run.handle).unwrap_or(state);
                        continue;
                    }
                    let now = state.borrow_and_update().clone();
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
                            self.note_gpu_memory(run).await;
                            self.stopping(run, exit, &survivors, wish.is_some());
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
                let desktop = self.inner.supervisor.runner().desktop(&run.handle).await;
                let display = desktop.ok().flatten().and_then(|desktop| desktop.display);
                self.show(|row| {
                    row.health = health;
                    row.desktop_display = display;
                });
                self.note_gpu_memory(run).await;
            }
        }
    }

    /// Remembers which processes hold GPU memory: after their end, nobody could tell whose it was.
    async fn note_gpu_memory(&self, run: &mut ActiveRun) {
        let runner = self.inner.supervisor.runner();
        if let Some(held) = runner.gpu_memory(&run.handle, &run.gpu_memory).await {
            run.gpu_memory = held;
        }
    }

    /// Processes are being ended: by a person's wish, or because the app ended and left some behind.
    fn stopping(&self, run: &ActiveRun, exit: Option<Exit>, survivors: &[String], wished: bool) {
        let mut reason = match exit {
            Some(exit) if !wished => {
                format!(
                    "{} What it left behind is being ended.",
                    reasons::ended(&exit, run.ready, "")
                )
            }
            _ => String::new(),
        };
        if !survivors.is_empty() {
            reason = reasons::survivors(survivors, &run.gpu_memory);
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
                self.show(|row| row.status_reason = format!("It could not be told to stop yet: {error}."));
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
