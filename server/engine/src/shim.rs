//! The small parent of every run: session leader, subreaper, owner of the output, keeper of the exit status.
//!
//! # How it works
//! One thread and one `poll`: signals, the app's output, the panel's connections. Output goes to the log files
//! whatever else happens. The run is over when the kernel says that no child is left, which for a subreaper
//! means no descendant. It depends on nobody: the panel may come and go.

mod beginning;
mod connections;
pub(crate) mod ending;
mod exit;
pub(crate) mod log;
pub(crate) mod protocol;
pub(crate) mod record;
mod service;

use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;

use self::connections::Connection;
use self::ending::Ending;
use self::protocol::State;
use self::record::{ExitRecord, Spec};
use crate::process::memory::Kills;
use crate::process::{self, Identity};

/// The shim lives in its run directory, so every path is short and moving the directory hurts nothing.
const HERE: &str = ".";
/// Output is read in pieces of this size.
const PIECE: usize = 64 * 1024;
/// While processes are being ended, the tree is looked at so often.
const ENDING_STEP: Duration = Duration::from_millis(100);
/// A full disk and an unwritten record are tried again so often.
const RETRY: Duration = Duration::from_secs(1);
/// Otherwise the shim wakes up only to see whether a newer generation exists and memory ran out somewhere.
const IDLE: Duration = Duration::from_secs(30);
/// How long the last log bytes may take to reach the panel; it can read the rest from the files.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs the shim of `run_dir` (`aikore shim <run_dir>`); returns when the run is over and recorded.
///
/// No async runtime, no root, no database: only `spec.json`, the log files, `exit.json` and one unix socket.
/// Its first line of output is `ready`, or the reason why nothing was started.
pub fn main(run_dir: &Path) -> ExitCode {
    let mut shim = match Shim::begin(run_dir) {
        Ok(shim) => shim,
        Err(error) => {
            report(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    report("ready");
    // Beginning takes code that waiting never needs again; a machine full of apps has better use for the memory.
    process::code::let_go();
    match shim.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "aikore shim: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells whoever started the shim; nobody listening is fine.
fn report(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
    let _ = io::stdout().flush();
}

struct Shim {
    spec: Spec,
    identity: Identity,
    signals: SignalFd,
    listener: UnixListener,
    output: Option<PipeReader>,
    piece: Vec<u8>,
    log: log::Writer,
    record: ExitRecord,
    connections: Vec<Connection>,
    state: State,
    ending: Option<Ending>,
    memory_kills: Kills,
    /// Set when no descendant is left.
    over: Option<Instant>,
    /// The end is on the disk, or the panel has it.
    kept: bool,
    /// The state changed since everybody was told.
    news: bool,
    /// When the generation was looked at.
    looked: Instant,
}

impl Shim {
    fn run(&mut self) -> io::Result<()> {
        loop {
            let ready = self.wait()?;
            if ready.signals {
                self.take_signals();
            }
            if ready.output {
                self.take_output();
            }
            if ready.listener {
                if self.is_full() {
                    // Those that have left make room for who comes.
                    self.serve(&ready.connections);
                }
                self.accept();
            }
            self.serve(&ready.connections);
            self.step();
            self.tell();
            if self.is_finished() {
                return Ok(());
            }
        }
    }

    fn wait(&self) -> io::Result<Ready> {
        let mut fds = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.listener.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(
            self.connections
                .iter()
                .map(|one| PollFd::new(one.fd(), one.interest())),
        );
        if let Some(output) = &self.output {
            fds.push(PollFd::new(output.as_fd(), PollFlags::POLLIN));
        }
        let timeout = PollTimeout::try_from(self.patience()).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(false));
        Ok(Ready {
            signals: ready.next().unwrap_or(false),
            listener: ready.next().unwrap_or(false),
            connections: ready.by_ref().take(self.connections.len()).collect(),
            output: ready.next().unwrap_or(false),
        })
    }

    fn patience(&self) -> Duration {
        if self.over.is_some() || self.ending.is_some() {
            ENDING_STEP
        } else if self.log.owes_a_note() {
            RETRY
        } else {
            IDLE
        }
    }

    /// Reads until the pipe is empty: after the last process, nothing more can come.
    fn take_output(&mut self) {
        let Some(output) = &mut self.output else { return };
        loop {
            match output.read(&mut self.piece) {
                Ok(0) => {
                    self.output = None;
                    return;
                }
                Ok(count) => {
                    self.log.append(&self.piece[..count]);
                    // One piece at a time, so that a flood delays nobody else; at the end, all of it.
                    if self.over.is_none() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// What time brings.
    fn step(&mut self) {
        if self.over.is_some() {
            if !self.kept {
                self.keep_record();
            }
            return;
        }
        if self.log.owes_a_note() {
            self.log.note();
        }
        self.memory_kills.look(IDLE);
        if self.ending.is_some() {
            self.end_what_is_left();
        } else if self.looked.elapsed() >= IDLE {
            process::code::let_go();
            if self.is_outdated() {
                // Never two copies: the newer generation is the one that counts.
                self.stop(Duration::from_millis(self.spec.grace_ms));
            }
        }
    }

    fn is_finished(&self) -> bool {
        let Some(over) = self.over else { return false };
        let settled = self.connections.iter().all(Connection::is_settled);
        self.kept && (settled || over.elapsed() > FAREWELL)
    }
}

struct Ready {
    signals: bool,
    listener: bool,
    connections: Vec<bool>,
    output: bool,
}
