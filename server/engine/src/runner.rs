//! The seam between what an instance is and where it runs.
//!
//! A run is named by uuid and generation. Where and how it runs is known to the [`Runner`] alone, which keeps it
//! in an opaque [`Handle`]; so a cluster's scheduler can take the place of [`LocalRunner`] later.

mod connection;
mod leftovers;
mod local;
mod meter;
mod starting;
mod watching;

use std::any::Any;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::watch;
use types::desktops::{DesktopStatus, Input};
use types::instances::Exit;

pub use self::local::LocalRunner;
use crate::desktops::Plan;
pub use crate::gpus::GpuHolding;

/// What names a run everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// One start of an instance.
    pub uuid: String,
    /// Higher for every later run of the same instance.
    pub generation: u64,
}

/// Where a run is; only the runner that gave it can read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub serde_json::Value);

/// A machine or cluster, for one boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineId {
    /// Its name.
    pub node: String,
    /// Changes with each boot.
    pub boot_id: String,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// Its name.
    pub key: RunKey,
    /// Program and arguments; no shell in between.
    pub argv: Vec<String>,
    /// The whole environment but for what the runner adds (GPUs, the run's mark).
    pub env: Vec<(String, String)>,
    /// Working directory.
    pub cwd: PathBuf,
    /// `0,1` or UUIDs; none = all.
    pub gpus: Option<String>,
    /// A directory for this run alone: spec, log, exit.
    pub run_dir: PathBuf,
    /// Between TERM and KILL when the app leaves processes behind or the shim itself is told to end.
    pub grace: Duration,
    /// A log file is closed and a new one begun at this size.
    pub log_file_bytes: u64,
    /// Closed log files kept.
    pub log_files_kept: u32,
    /// The desktop it is to be shown on.
    pub desktop: Option<Plan>,
}

/// Where a run is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Not known yet: the shim was not reached so far.
    Unknown,
    /// The app's main process lives.
    Running {
        /// On its machine.
        pid: u32,
    },
    /// Processes are being ended.
    Stopping {
        /// How the main process ended, once it has.
        exit: Option<Exit>,
        /// What KILL did not end, by name and pid.
        survivors: Vec<String>,
    },
    /// Nothing of it is left.
    Over(Exit),
    /// Its supervisor is gone without a word; processes of it may be left. Never the same as stopped.
    Lost,
}

/// What a run uses now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Living processes.
    pub processes: u32,
    /// Resident memory, bytes.
    pub memory_bytes: u64,
    /// Processor time since the processes began, milliseconds.
    pub cpu_ms: u64,
}

/// What a run used since it was last measured, and what it holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Processor time since the last look, milliseconds.
    pub cpu_ms: u64,
    /// Bytes; what its processes share counts once.
    pub memory: u64,
    /// Threads of its living processes.
    pub threads: u32,
    /// Its living processes, as its machine numbers them.
    pub pids: Vec<u32>,
    /// Ports they listen on, as of the last [`Meter::look_at_ports`].
    pub ports: Vec<u16>,
}

/// Measures runs again and again; keeps what it needs from one look to the next. Blocks.
pub trait Meter: Send {
    /// One answer for each run, in their order; all zeros for one that is not there.
    fn measure(&mut self, runs: &[Handle]) -> std::io::Result<Vec<Measure>>;

    /// Looks at the open ports of the runs of the last look anew; takes longer than measuring.
    fn look_at_ports(&mut self) -> std::io::Result<()>;

    /// What a process of the last look is called.
    fn name(&self, pid: u32) -> Option<String>;
}

/// What can be opened to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// A port of the app.
    Tcp(u16),
    /// The log from a byte on as frames: offset u64, length u32 (little endian), bytes. Ends with the run.
    Log(u64),
    /// Its desktop, which speaks HTTP.
    Desktop,
}

/// The longest piece that a log stream carries at once, bytes.
const FRAME_MAX: u32 = 1024 * 1024;

/// The next piece of a log stream: the offset of its first byte, and the bytes.
pub(crate) async fn log_frame(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(u64, Vec<u8>)> {
    let offset = stream.read_u64_le().await?;
    let length = stream.read_u32_le().await?;
    if length > FRAME_MAX {
        return Err(std::io::Error::other("this is no stream of a log"));
    }
    let mut bytes = vec![0; length as usize];
    stream.read_exact(&mut bytes).await?;
    Ok((offset, bytes))
}

/// A byte stream to a run, whatever carries it.
///
/// `Any`, because who copies in bulk does it faster between two sockets than between two streams.
pub trait Duplex: AsyncRead + AsyncWrite + Any + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Any + Send + Unpin> Duplex for T {}

/// Starts, finds again, reaches and ends runs.
#[async_trait]
pub trait Runner: Send + Sync + 'static {
    /// Where its runs live.
    fn fingerprint(&self) -> EngineId;

    /// Starts a run; returns when the app's process exists.
    async fn start(&self, spec: &RunSpec) -> std::io::Result<Handle>;

    /// Every run that was started and not forgotten, ended ones included.
    async fn recover(&self) -> std::io::Result<Vec<(RunKey, Handle)>>;

    /// The state as it changes; ends at [`RunState::Over`] or [`RunState::Lost`].
    fn watch(&self, handle: &Handle) -> std::io::Result<watch::Receiver<RunState>>;

    /// The state now.
    async fn inspect(&self, handle: &Handle) -> std::io::Result<RunState>;

    /// Asks a run to end. For a lost run: ends what is left of it and returns when nothing is.
    async fn stop(&self, handle: &Handle, grace: Duration) -> std::io::Result<()>;

    /// Waits for the end.
    async fn wait(&self, handle: &Handle) -> std::io::Result<Exit>;

    /// What it uses now.
    async fn stats(&self, handle: &Handle) -> std::io::Result<Stats>;

    /// Something that measures its runs.
    fn meter(&self) -> Box<dyn Meter>;

    /// Ports its processes listen on.
    async fn ports(&self, handle: &Handle) -> std::io::Result<Vec<u16>>;

    /// GPU memory that its processes hold now, and what of `before` (an earlier answer) is held still although
    /// its process is gone. None when nobody can tell.
    async fn gpu_memory(&self, handle: &Handle, before: &[GpuHolding]) -> Option<Vec<GpuHolding>>;

    /// How its desktop is doing; none where it has none.
    async fn desktop(&self, handle: &Handle) -> std::io::Result<Option<DesktopStatus>>;

    /// Clicks, scrolls or types on its desktop.
    async fn desktop_input(&self, handle: &Handle, input: Input) -> std::io::Result<()>;

    /// A stream to it.
    async fn open(&self, handle: &Handle, stream: Stream) -> std::io::Result<Box<dyn Duplex>>;

    /// Its end was stored: it need not be recovered any more.
    async fn forget(&self, handle: &Handle) -> std::io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_is_read_whole_and_an_absurd_one_is_refused() {
        let mut good = [7_u64.to_le_bytes().as_slice(), &2_u32.to_le_bytes(), b"hi"].concat();
        assert_eq!(
            log_frame(&mut good.as_slice()).await.unwrap(),
            (7, b"hi".to_vec())
        );
        good.pop();
        assert!(log_frame(&mut good.as_slice()).await.is_err());
        let absurd = [7_u64.to_le_bytes().as_slice(), &u32::MAX.to_le_bytes(), b"hi"].concat();
        let error = log_frame(&mut absurd.as_slice()).await.unwrap_err();
        assert!(error.to_string().contains("no stream of a log"), "{error}");
    }
}
