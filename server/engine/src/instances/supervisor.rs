//! Starting and stopping: the verbs, and who keeps which instance.
//!
//! # How it works
//! Each instance that was ever started has one [`Keeper`](super::keeper::Keeper) task, the sole owner of its run.
//! A verb changes the status and hands its command to the keeper in one step, under the lock of the rows, so
//! two requests can never both win. The runs themselves are parented by their shims: when the panel goes, the
//! keepers go, and the runs stay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use types::desktops::{DesktopStatus, Input};
use types::instances::{Instance, InstanceId, Status};

use super::keeper::Keeper;
use super::launch::{self, ActiveRun};
use super::transitions::{self, Change};
use super::{Duplex, Inner, Instances};
use crate::runner::{Handle, Meter, Runner, Stream};
use crate::{Error, Result, db};

/// What a person wants of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Start,
    Stop,
    Restart,
}

/// Where the present run of an instance is.
#[derive(Clone, Debug)]
pub(super) struct Live {
    /// Its row in the database.
    pub(super) row: i64,
    pub(super) number: u32,
    pub(super) handle: Handle,
    pub(super) port: u16,
}

/// A run that is there now, for who measures it.
#[derive(Clone, Debug)]
pub(crate) struct LiveRun {
    pub(crate) id: InstanceId,
    pub(crate) number: u32,
    pub(crate) handle: Handle,
    /// The instance's directory below `instances/`.
    pub(crate) dir: String,
}

/// The keepers and what they need.
pub(super) struct Supervisor {
    runner: Arc<dyn Runner>,
    keepers: Mutex<HashMap<InstanceId, mpsc::UnboundedSender<Command>>>,
    live: Mutex<HashMap<InstanceId, Live>>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Supervisor {
    pub(super) fn new(runner: Arc<dyn Runner>) -> Self {
        Self {
            runner,
            keepers: Mutex::default(),
            live: Mutex::default(),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        }
    }

    pub(super) fn runner(&self) -> &Arc<dyn Runner> {
        &self.runner
    }

    pub(super) fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// The present run of an instance.
    pub(super) fn live(&self, id: InstanceId) -> Option<Live> {
        lock(&self.live).get(&id).cloned()
    }

    pub(super) fn set_live(&self, id: InstanceId, live: Option<Live>) {
        let mut all = lock(&self.live);
        match live {
            Some(live) => drop(all.insert(id, live)),
            None => drop(all.remove(&id)),
        }
    }

    /// Begins a keeper, with the run it finds when the panel starts.
    pub(super) fn keep(&self, inner: &Arc<Inner>, id: InstanceId, run: Option<(ActiveRun, Option<Command>)>) {
        // Unbounded, but a command is only ever sent together with a change of the status: there are few.
        let (sender, commands) = mpsc::unbounded_channel();
        lock(&self.keepers).insert(id, sender);
        let keeper = Keeper::new(Arc::clone(inner), id, commands);
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = keeper.run(run) => {}
            }
        });
    }

    /// Ends the keeper of an instance that is gone.
    pub(super) fn dismiss(&self, id: InstanceId) {
        lock(&self.keepers).remove(&id);
    }

    fn send(&self, inner: &Arc<Inner>, id: InstanceId, command: Command) {
        let sent = lock(&self.keepers)
            .get(&id)
            .is_some_and(|keeper| keeper.send(command).is_ok());
        if !sent {
            self.keep(inner, id, None);
            if let Some(keeper) = lock(&self.keepers).get(&id) {
                let _ = keeper.send(command);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    pub(super) fn desktop_tools(&self) -> std::path::PathBuf {
        let config = &self.config.desktop_dir;
        config.clone().unwrap_or_else(|| self.dir.desktop())
    }

    /// Changes the status, if the state machine allows it, and whatever goes with it.
    pub(super) fn apply(&self, id: InstanceId, change: Change, also: impl FnOnce(&mut Instance)) -> bool {
        let changed = self.rows.change(id, |row| {
            let Some(status) = transitions::next(row.status, change) else {
                return Ok(false);
            };
            row.status = status;
            also(row);
            Ok(true)
        });
        changed.unwrap_or(false)
    }

    /// A verb of a person: status and command in one step.
    fn command(
        self: &Arc<Self>,
        id: InstanceId,
        change: Change,
        command: Command,
        verb: &'static str,
    ) -> Result<()> {
        if self.supervisor.shutdown.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        self.rows.change(id, |row| {
            let wrong = Error::WrongStatus {
                name: row.name.clone(),
                status: row.status,
                verb,
            };
            row.status = transitions::next(row.status, change).ok_or(wrong)?;
            row.status_reason.clear();
            if command == Command::Start {
                row.exit_code = None;
                row.restarts = 0;
            }
            // A queued one has no run yet: it is stopped already.
            if row.status != Status::Stopped {
                self.supervisor.send(self, id, command);
            }
            Ok(())
        })
    }

    /// Before a person is answered, so that the next panel knows what was promised if this one is killed.
    async fn store_wish(&self, id: InstanceId, state: &str) -> Result<()> {
        if let Some(live) = self.supervisor.live(id) {
            db::runs::set_state(self.db.write(), live.row, state).await?;
        }
        Ok(())
    }

    /// Starts what an earlier panel was about to start again.
    pub(super) fn begin_again(self: &Arc<Self>, id: InstanceId) {
        let _ = self.command(id, Change::Start, Command::Start, "start");
    }

    /// Starts a queued instance; one that is not queued any more stays as it is.
    pub(super) fn take_turn(self: &Arc<Self>, id: InstanceId) {
        let _ = self.command(id, Change::Turn, Command::Start, "start");
    }
}

impl Instances {
    /// Starts; returns as soon as the status is `starting`.
    #[expect(clippy::unused_async, reason = "the verbs look alike to their callers")]
    pub async fn start(&self, id: InstanceId) -> Result<Instance> {
        self.inner.command(id, Change::Start, Command::Start, "start")?;
        self.inner.rows.get(id)
    }

    /// Asks to stop; returns as soon as the status is `stopping`. The proof comes as an event.
    pub async fn stop(&self, id: InstanceId) -> Result<Instance> {
        self.inner.command(id, Change::Stop, Command::Stop, "stop")?;
        self.inner.store_wish(id, "stopping").await?;
        self.inner.rows.get(id)
    }

    /// Stops with proof, then starts; returns at once.
    pub async fn restart(&self, id: InstanceId) -> Result<Instance> {
        let inner = &self.inner;
        match inner.rows.get(id)?.status {
            Status::Queued => inner.command(id, Change::Turn, Command::Start, "restart")?,
            status if status.can_start() => inner.command(id, Change::Start, Command::Start, "restart")?,
            _ => {
                inner.command(id, Change::Stop, Command::Restart, "restart")?;
                inner.store_wish(id, "restarting").await?;
            }
        }
        inner.rows.get(id)
    }

    /// Every run that is there now, by instance.
    pub(crate) fn live_runs(&self) -> Vec<LiveRun> {
        let live = lock(&self.inner.supervisor.live).clone();
        let mut runs: Vec<LiveRun> = live
            .into_iter()
            .filter_map(|(id, live)| {
                Some(LiveRun {
                    id,
                    number: live.number,
                    handle: live.handle,
                    dir: self.inner.rows.get(id).ok()?.dir,
                })
            })
            .collect();
        runs.sort_unstable_by_key(|run| run.id);
        runs
    }

    /// What an instance's script says it needs of one GPU's memory, bytes.
    pub(crate) async fn wanted_gpu_memory(&self, id: InstanceId) -> Result<Option<u64>> {
        let row = self.inner.rows.get(id)?;
        let blueprint = launch::blueprint(&self.inner, &row).await?;
        Ok(blueprint.min_vram_mb.map(|mebibytes| u64::from(mebibytes) << 20))
    }

    /// The script an instance is started with.
    pub(crate) async fn launch_script(&self, id: InstanceId) -> Result<String> {
        let row = self.inner.rows.get(id)?;
        let path = launch::conf_dir(&self.inner, &row)?.join("launch.sh");
        let read = tokio::fs::read(&path).await.map_err(Error::file(&path))?;
        Ok(String::from_utf8_lossy(&read).into_owned())
    }

    /// Something that measures them.
    pub(crate) fn meter(&self) -> Box<dyn Meter> {
        self.inner.supervisor.runner.meter()
    }

    /// A connection to the app's internal port.
    pub async fn connect(&self, id: InstanceId) -> Result<Box<dyn Duplex>> {
        let row = self.inner.rows.get(id)?;
        let Some(live) = self.inner.supervisor.live(id) else {
            return Err(Error::NotRunning(row.name));
        };
        let stream = self
            .inner
            .supervisor
            .runner
            .open(&live.handle, Stream::Tcp(live.port))
            .await;
        stream.map_err(|_| Error::NotRunning(row.name))
    }

    /// Where the streaming software of desktops is.
    pub(crate) fn desktop_tools(&self) -> std::path::PathBuf {
        self.inner.desktop_tools()
    }

    /// How the desktop of an instance is doing.
    pub(crate) async fn desktop(&self, id: InstanceId) -> Result<Option<DesktopStatus>> {
        self.inner.rows.get(id)?;
        let Some(live) = self.inner.supervisor.live(id) else {
            return Ok(None);
        };
        let status = self.inner.supervisor.runner.desktop(&live.handle).await;
        // A directory that is just being made or removed says nothing.
        Ok(status.unwrap_or_default())
    }

    /// Clicks, scrolls or types on a desktop; none where there is nothing to be seen.
    pub(crate) async fn desktop_input(&self, id: InstanceId, input: Input) -> Option<()> {
        let live = self.inner.supervisor.live(id)?;
        let runner = &self.inner.supervisor.runner;
        runner.desktop_input(&live.handle, input).await.ok()
    }

    /// A connection to what streams the desktop; none where there is nothing to be seen.
    pub(crate) async fn connect_desktop(&self, id: InstanceId) -> Option<Box<dyn Duplex>> {
        let live = self.inner.supervisor.live(id)?;
        let runner = &self.inner.supervisor.runner;
        runner.open(&live.handle, Stream::Desktop).await.ok()
    }

    /// Ends the keepers when it is dropped.
    pub(crate) fn keepers(&self) -> DropGuard {
        self.inner.supervisor.shutdown.clone().drop_guard()
    }

    /// Ends the keepers. Runs go on, unless `stop_instances`; then it returns when all are proven to be gone.
    pub(crate) async fn shutdown(&self, stop_instances: bool) {
        let supervisor = &self.inner.supervisor;
        if stop_instances {
            self.stop_all().await;
        }
        supervisor.shutdown.cancel();
        supervisor.tasks.close();
        supervisor.tasks.wait().await;
        let forwards = self.inner.forwards.tasks();
        forwards.close();
        forwards.wait().await;
    }

    async fn stop_all(&self) {
        /// Longer than nearly every grace period; after it the shims go on alone.
        const LIMIT: Duration = Duration::from_mins(2);
        let mut events = self.inner.events.subscribe();
        let stop = async {
            loop {
                let rows = self.inner.rows.list();
                for row in rows.iter().filter(|row| row.status.can_stop()) {
                    let _ = self.stop(row.id).await;
                }
                let rows = self.inner.rows.list();
                if !rows
                    .iter()
                    .any(|row| row.status.is_active() && row.status != Status::Installing)
                {
                    return;
                }
                // Whatever is said, even that something was missed: look again.
                let _ = events.recv().await;
            }
        };
        if tokio::time::timeout(LIMIT, stop).await.is_err() {
            tracing::warn!("not every instance was stopped in time; their supervisors go on ending them");
        }
    }
}
