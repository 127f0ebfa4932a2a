//! Runs on this machine, each below its shim.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use types::instances::Exit;

use super::watching::{self, orphans, without_shim};
use super::{Duplex, EngineId, Handle, RunKey, RunSpec, RunState, Runner, Stats, Stream, connection};
use crate::process::{self, ShimCommand, table};
use crate::shim::ending::Ending;
use crate::shim::protocol::{self, Command, Open};
use crate::shim::record::{self, Running, Spec};

/// A shim that does not say by then whether it started the app is given up.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Between two looks at what is left of a lost run.
const SWEEP_PACE: Duration = Duration::from_millis(50);
/// Clock ticks per second as `/proc` counts them; the same on every Linux that Rust knows.
const TICKS_PER_SECOND: u64 = 100;

/// Starts shims on this machine.
pub struct LocalRunner {
    shim_program: PathBuf,
    index: PathBuf,
}

/// What a [`Handle`] of this runner holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LocalHandle {
    pub(super) key: RunKey,
    pub(super) token: String,
    pub(super) run_dir: PathBuf,
    /// What the app was given.
    gpus: Option<String>,
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
        Self { shim_program, index }
    }

    /// Writes the run directory and points the index at it: from now on the run can be recovered.
    fn prepare(&self, spec: &RunSpec) -> io::Result<LocalHandle> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&spec.run_dir)?;
        let token = uuid::Uuid::new_v4().to_string();
        let mut env = spec.env.clone();
        env.push(("CUDA_DEVICE_ORDER".to_owned(), "PCI_BUS_ID".to_owned()));
        if let Some(gpus) = &spec.gpus {
            env.push(("CUDA_VISIBLE_DEVICES".to_owned(), gpus.clone()));
        }
        let content = Spec {
            uuid: spec.key.uuid.clone(),
            generation: spec.key.generation,
            node: process::node_name(),
            token: token.clone(),
            argv: spec.argv.clone(),
            env,
            cwd: spec.cwd.clone(),
            grace_ms: u64::try_from(spec.grace.as_millis()).unwrap_or(u64::MAX),
            log_file_bytes: spec.log_file_bytes,
            log_files_kept: spec.log_files_kept,
        };
        record::set_generation(&spec.run_dir, spec.key.generation)?;
        record::write(&spec.run_dir, record::SPEC, &content)?;
        std::fs::create_dir_all(&self.index)?;
        let link = self.index.join(&spec.key.uuid);
        std::os::unix::fs::symlink(std::path::absolute(&spec.run_dir)?, link)?;
        Ok(LocalHandle {
            key: spec.key.clone(),
            token,
            run_dir: spec.run_dir.clone(),
            gpus: spec.gpus.clone(),
        })
    }

    async fn launch(&self, handle: &LocalHandle) -> io::Result<()> {
        let command = ShimCommand {
            program: &self.shim_program,
            run_dir: &handle.run_dir,
            uuid: &handle.key.uuid,
        };
        let mut shim = process::spawn_shim(&command)?;
        let mut line = String::new();
        if let Some(output) = shim.stdout.take() {
            let mut output = BufReader::new(output);
            match tokio::time::timeout(START_LIMIT, output.read_line(&mut line)).await {
                Ok(read) => read?,
                Err(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "the supervisor did not answer",
                    ));
                }
            };
        }
        match line.trim() {
            "ready" => Ok(()),
            "" => Err(io::Error::other(last_words(&handle.run_dir))),
            reason => Err(io::Error::other(reason.to_owned())),
        }
    }

    /// Ends what is left of a run without a shim.
    async fn sweep(&self, handle: &LocalHandle, grace: Duration) -> io::Result<()> {
        // A shim that is only coming up now must not start anything.
        let _ = record::set_generation(&handle.run_dir, handle.key.generation + 1);
        let mut ending = Ending::new(grace);
        loop {
            let left = orphans(handle);
            if left.is_empty() {
                return Ok(());
            }
            let survivors = ending.step(&left);
            if !survivors.is_empty() {
                return Err(io::Error::other(format!("still alive: {}", survivors.join(", "))));
            }
            tokio::time::sleep(SWEEP_PACE).await;
        }
    }
}

/// What a shim that could not even speak wrote to its errors.
fn last_words(run_dir: &Path) -> String {
    match std::fs::read_to_string(run_dir.join("shim.err")) {
        Ok(text) if !text.trim().is_empty() => text.trim().chars().take(500).collect(),
        _ => "the supervisor ended at once".to_owned(),
    }
}

fn tree(handle: &LocalHandle) -> Vec<table::Stat> {
    record::read::<Running>(&handle.run_dir, record::SHIM)
        .ok()
        .filter(|running| running.shim.is_alive())
        .map(|running| table::descendants(&[running.shim.pid]))
        .unwrap_or_default()
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
        let handle = self.prepare(spec)?;
        if let Err(error) = self.launch(&handle).await {
            // Nothing may be left of a start that failed.
            let _ = self.sweep(&handle, Duration::ZERO).await;
            let _ = std::fs::remove_file(self.index.join(&handle.key.uuid));
            return Err(error);
        }
        Ok(Handle(serde_json::to_value(handle)?))
    }

    async fn recover(&self) -> io::Result<Vec<(RunKey, Handle)>> {
        let Ok(entries) = std::fs::read_dir(&self.index) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for link in entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
        {
            let run_dir = std::fs::read_link(link.path())?;
            let Ok(spec) = record::read::<Spec>(&run_dir, record::SPEC) else {
                // The directory was deleted; there is nothing to point at.
                let _ = std::fs::remove_file(link.path());
                continue;
            };
            let key = RunKey {
                uuid: spec.uuid,
                generation: spec.generation,
            };
            let gpus = spec
                .env
                .into_iter()
                .find(|(name, _)| name == "CUDA_VISIBLE_DEVICES")
                .map(|(_, gpus)| gpus);
            let handle = LocalHandle {
                key: key.clone(),
                token: spec.token,
                run_dir,
                gpus,
            };
            found.push((key, Handle(serde_json::to_value(handle)?)));
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
            Err(error) => match without_shim(&handle) {
                Some(RunState::Lost) => self.sweep(&handle, grace).await,
                Some(_) => Ok(()),
                // Its run directory was deleted: it cannot be asked any more, only ended.
                None if error.kind() == io::ErrorKind::NotFound => self.sweep(&handle, grace).await,
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
        let tree = tree(&local(handle)?);
        let page = 4096;
        Ok(Stats {
            processes: u32::try_from(tree.len()).unwrap_or(u32::MAX),
            memory_bytes: tree.iter().map(|process| process.resident_pages * page).sum(),
            cpu_ms: tree
                .iter()
                .map(|process| process.cpu_ticks * 1000 / TICKS_PER_SECOND)
                .sum(),
        })
    }

    async fn ports(&self, handle: &Handle) -> io::Result<Vec<u16>> {
        let pids: Vec<u32> = tree(&local(handle)?).iter().map(|process| process.pid).collect();
        Ok(process::ports::listened_by(&pids))
    }

    async fn open(&self, handle: &Handle, stream: Stream) -> io::Result<Box<dyn Duplex>> {
        match stream {
            // The app is on this machine: no detour through the shim.
            Stream::Tcp(port) => Ok(Box::new(
                TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).await?,
            )),
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
