//! Runs on this machine, each below its shim.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::watch;
use types::desktops::{DesktopStatus, Input};
use types::instances::Exit;

use super::leftovers::{self, look, sweep, without_shim};
use super::{
    Duplex, EngineId, GpuHolding, Handle, Meter, RunKey, RunSpec, RunState, Runner, Stats, Stream,
    connection, meter, watching,
};
use crate::desktops;
use crate::gpus::{self, Gpus};
use crate::process::{self, ports, table};
use crate::shim::protocol::{self, Command, Open};
use crate::shim::record::{self, Running, Spec};

/// Clock ticks per second as `/proc` counts them; the same on every Linux that Rust knows.
pub(super) const TICKS_PER_SECOND: u64 = 100;
/// A driver that takes longer to say who uses the GPUs is not waited for.
const GPU_LIMIT: Duration = Duration::from_secs(2);
/// What every process that uses an NVIDIA GPU has open.
const GPU_DEVICES: &str = "/dev/nvidia";

/// Starts shims on this machine.
pub struct LocalRunner {
    pub(super) shim_program: PathBuf,
    pub(super) index: PathBuf,
    gpus: Arc<Gpus>,
}

/// What a [`Handle`] of this runner holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LocalHandle {
    pub(super) key: RunKey,
    pub(super) token: String,
    pub(super) run_dir: PathBuf,
    /// What the app was given.
    pub(super) gpus: Option<String>,
}

impl LocalHandle {
    /// The first line of a connection.
    pub(super) fn opening(&self, stream: protocol::Stream) -> Open {
        Open {
            token: self.token.clone(),
            uuid: self.key.uuid.clone(),
            generation: self.key.generation,
            stream,
        }
    }
}

fn local(handle: &Handle) -> io::Result<LocalHandle> {
    Ok(serde_json::from_value(handle.0.clone())?)
}

impl LocalRunner {
    /// `shim_program` is started with `shim <run directory>`; `index` is a directory that points at every run.
    pub fn new(shim_program: PathBuf, index: PathBuf) -> Self {
        Self {
            shim_program,
            index,
            gpus: Arc::default(),
        }
    }

    /// Asks this NVIDIA library instead of the one the system finds.
    #[must_use]
    pub fn with_nvml(mut self, library: Option<PathBuf>) -> Self {
        self.gpus = Arc::new(Gpus::new(library));
        self
    }
}

/// The living processes of a run below its shim.
fn tree(handle: &LocalHandle) -> io::Result<Vec<table::Stat>> {
    match leftovers::found(record::read::<Running>(&handle.run_dir, record::SHIM))? {
        Some(running) if running.shim.is_alive()? => table::descendants(&[running.shim.pid]),
        _ => Ok(Vec::new()),
    }
}

/// The same but for those that use no GPU: in a container, NVML's numbers may be those of strangers.
fn on_gpus(handle: &LocalHandle) -> io::Result<Vec<table::Stat>> {
    let mut tree = tree(handle)?;
    tree.retain(|process| process::has_open(process.pid, GPU_DEVICES));
    Ok(tree)
}

/// A shim that does not answer may have been stopped by somebody: it goes on, and takes TERM as a request to stop.
fn rouse(handle: &LocalHandle) -> io::Result<()> {
    let running: Running = record::read(&handle.run_dir, record::SHIM)?;
    if running.shim.is_alive()? {
        process::terminate(running.shim.pid);
    }
    Ok(())
}

/// The run that an entry of the index points at; none when its directory was deleted.
fn read_entry(link: &Path) -> io::Result<Option<LocalHandle>> {
    let run_dir = std::fs::read_link(link)?;
    let spec = match record::read::<Spec>(&run_dir, record::SPEC) {
        Ok(spec) => spec,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // As for any process, the last of two values counts.
    let gpus = spec
        .env
        .into_iter()
        .rfind(|(name, _)| name == "CUDA_VISIBLE_DEVICES");
    Ok(Some(LocalHandle {
        key: RunKey {
            uuid: spec.uuid,
            generation: spec.generation,
        },
        token: spec.token,
        run_dir,
        gpus: gpus.map(|(_, gpus)| gpus),
    }))
}

#[async_trait]
impl Runner for LocalRunner {
    fn fingerprint(&self) -> EngineId {
        EngineId {
            node: process::node_name(),
            boot_id: process::boot_id().unwrap_or_default(),
        }
    }

    async fn start(&self, spec: &RunSpec) -> io::Result<Handle> {
        let handle = self.prepare(spec).await?;
        if let Err(error) = self.launch(&handle).await {
            // Nothing may be left of a start that failed; what cannot be ended now is found by the next panel.
            if sweep(&handle, Duration::ZERO).await.is_ok() {
                let _ = std::fs::remove_file(self.index.join(&handle.key.uuid));
            }
            return Err(error);
        }
        Ok(Handle(serde_json::to_value(handle)?))
    }

    async fn recover(&self) -> io::Result<Vec<(RunKey, Handle)>> {
        let entries = match std::fs::read_dir(&self.index) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let link = entry?.path();
            match read_entry(&link) {
                Ok(Some(handle)) => found.push((handle.key.clone(), Handle(serde_json::to_value(handle)?))),
                // There is nothing to point at any more.
                Ok(None) => drop(std::fs::remove_file(&link)),
                // One that cannot be read hides no other.
                Err(error) => tracing::error!(path = %link.display(), %error, "a run could not be read"),
            }
        }
        Ok(found)
    }

    fn watch(&self, handle: &Handle) -> io::Result<watch::Receiver<RunState>> {
        let (sender, receiver) = watch::channel(RunState::Unknown);
        tokio::spawn(watching::watch(local(handle)?, sender));
        Ok(receiver)
    }

    async fn inspect(&self, handle: &Handle) -> io::Result<RunState> {
        let mut state = self.watch(handle)?;
        let known = state.wait_for(|state| *state != RunState::Unknown).await;
        known
            .map(|state| state.clone())
            .map_err(|_| io::ErrorKind::UnexpectedEof.into())
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> io::Result<()> {
        let handle = local(handle)?;
        match connection::open(&handle.run_dir, &handle.opening(protocol::Stream::Control)).await {
            Ok((mut connection, _)) => {
                let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
                connection.send(&Command::Stop { grace_ms }).await
            }
            Err(error) => match without_shim(&handle).await {
                Some(RunState::Lost) => sweep(&handle, grace).await,
                Some(_) => Ok(()),
                // Its run directory was deleted: it cannot be asked any more, only ended.
                None if error.kind() == io::ErrorKind::NotFound => sweep(&handle, grace).await,
                None if error.kind() == io::ErrorKind::TimedOut => rouse(&handle).and(Err(error)),
                None => Err(error),
            },
        }
    }

    async fn wait(&self, handle: &Handle) -> io::Result<Exit> {
        let mut state = self.watch(handle)?;
        let end = state
            .wait_for(|state| matches!(state, RunState::Over(_) | RunState::Lost))
            .await;
        match end.map(|state| state.clone()) {
            Ok(RunState::Over(exit)) => Ok(exit),
            _ => Err(io::Error::other("the run was lost")),
        }
    }

    async fn stats(&self, handle: &Handle) -> io::Result<Stats> {
        let tree = look(&local(handle)?, tree).await?;
        let page = process::page_bytes();
        Ok(Stats {
            processes: u32::try_from(tree.len()).unwrap_or(u32::MAX),
            memory_bytes: tree.iter().map(|process| process.resident_pages * page).sum(),
            cpu_ms: tree
                .iter()
                .map(|process| process.cpu_ticks * 1000 / TICKS_PER_SECOND)
                .sum(),
        })
    }

    fn meter(&self) -> Box<dyn Meter> {
        Box::new(meter::LocalMeter::new())
    }

    async fn ports(&self, handle: &Handle) -> io::Result<Vec<u16>> {
        look(&local(handle)?, |handle| {
            let pids: Vec<u32> = tree(handle)?.iter().map(|process| process.pid).collect();
            Ok(ports::listened_by(&pids, &ports::listeners()?))
        })
        .await
    }

    async fn gpu_memory(&self, handle: &Handle, before: &[GpuHolding]) -> Option<Vec<GpuHolding>> {
        let (gpus, before) = (Arc::clone(&self.gpus), before.to_vec());
        let handle = local(handle).ok()?;
        let held = look(&handle, move |handle| {
            let Some(listed) = gpus.listed() else {
                return Ok(None);
            };
            if listed.is_empty() {
                return Ok(Some(Vec::new()));
            }
            let tree = on_gpus(handle)?;
            let start_time = |pid| table::stat(pid).ok().flatten().map(|process| process.start_time);
            Ok(Some(gpus::held(&tree, &before, &listed, start_time)))
        });
        tokio::time::timeout(GPU_LIMIT, held).await.ok()?.ok()?
    }

    async fn desktop(&self, handle: &Handle) -> io::Result<Option<DesktopStatus>> {
        look(&local(handle)?, |handle| {
            desktops::session::status(&handle.run_dir)
        })
        .await
    }

    async fn desktop_input(&self, handle: &Handle, input: Input) -> io::Result<()> {
        look(&local(handle)?, move |handle| {
            desktops::session::input(&handle.run_dir, &input)
        })
        .await
    }

    async fn open(&self, handle: &Handle, stream: Stream) -> io::Result<Box<dyn Duplex>> {
        match stream {
            // The app is on this machine: no detour through the shim.
            Stream::Tcp(port) => Ok(Box::new(
                TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).await?,
            )),
            Stream::Desktop => {
                let handle = local(handle)?;
                let socket = look(&handle, |handle| desktops::session::socket(&handle.run_dir)).await?;
                Ok(Box::new(socket.connect().await?))
            }
            Stream::Log(offset) => {
                let handle = local(handle)?;
                let open = handle.opening(protocol::Stream::Log { offset });
                Ok(Box::new(connection::open(&handle.run_dir, &open).await?.0.stream))
            }
        }
    }

    async fn forget(&self, handle: &Handle) -> io::Result<()> {
        let handle = local(handle)?;
        match std::fs::remove_file(self.index.join(&handle.key.uuid)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
