//! The small parent of every run: session leader, subreaper, owner of the output, keeper of the exit status.
//!
//! # How it works
//! One thread and one `poll`: signals, the app's output, the panel's connections. Output goes to the log files
//! whatever else happens. The run is over when the kernel says that no child is left, which for a subreaper
//! means no descendant. It depends on nobody: the panel may come and go.

mod connections;
pub(crate) mod ending;
pub(crate) mod log;
pub(crate) mod protocol;
pub(crate) mod record;
mod service;

use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;
use types::instances::{Exit, ExitKind, ExitSource};

use self::connections::Connection;
use self::ending::Ending;
use self::protocol::{Phase, State};
use self::record::{Ended, ExitRecord, Running, Spec};
use crate::process::{self, AppCommand, Identity, Reap, Reaped};

/// The shim lives in its run directory, so every path is short and moving the directory hurts nothing.
const HERE: &str = ".";
/// Output is read in pieces of this size.
const PIECE: usize = 64 * 1024;
/// While processes are being ended, the tree is looked at so often.
const ENDING_STEP: Duration = Duration::from_millis(100);
/// A full disk and an unwritten record are tried again so often.
const RETRY: Duration = Duration::from_secs(1);
/// Otherwise the shim wakes up only to see whether a newer generation exists.
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
    memory_kills: u64,
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
    fn begin(run_dir: &Path) -> io::Result<Self> {
        std::env::set_current_dir(run_dir)?;
        let here = Path::new(HERE);
        let spec: Spec = record::read(here, record::SPEC)?;
        if record::generation(here) > spec.generation {
            return Err(io::Error::other("a newer generation of this run exists"));
        }
        // Usually done already by whoever started us; then this fails, which is fine.
        let _ = nix::unistd::setsid();
        process::become_subreaper()?;
        let signals = process::signals()?;
        let record = ExitRecord::reserve(here)?;
        let log = log::Writer::create(here, spec.log_file_bytes, spec.log_files_kept)?;
        let _ = std::fs::remove_file(record::SOCKET);
        let listener = UnixListener::bind(record::SOCKET)?;
        listener.set_nonblocking(true)?;
        let identity = Identity::of(std::process::id())?;
        record::write(
            here,
            record::SHIM,
            &Running {
                shim: identity.clone(),
                app: None,
            },
        )?;
        let memory_kills = process::memory::kills();
        let (output, app_pid) = start_app(&spec)?;
        // Best effort: the panel learns the pid over the socket as well.
        let app = Identity::of(app_pid).ok();
        let _ = record::write(
            here,
            record::SHIM,
            &Running {
                shim: identity.clone(),
                app,
            },
        );
        let state = State {
            phase: Phase::Running,
            app_pid,
            exit: None,
            survivors: Vec::new(),
        };
        Ok(Self {
            spec,
            identity,
            signals,
            listener,
            output: Some(output),
            piece: vec![0; PIECE],
            log,
            record,
            connections: Vec::new(),
            state,
            ending: None,
            memory_kills,
            over: None,
            kept: false,
            news: false,
            looked: Instant::now(),
        })
    }

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

    fn take_signals(&mut self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            if i32::try_from(signal.ssi_signo).is_ok_and(|number| number == Signal::SIGTERM as i32) {
                self.stop(Duration::from_millis(self.spec.grace_ms));
            }
        }
        loop {
            match process::reap() {
                Reap::Dead(pid, how) if pid == self.state.app_pid && self.state.exit.is_none() => {
                    self.app_ended(how);
                }
                Reap::Dead(..) => {}
                Reap::Alive => break,
                Reap::None => return self.end_run(),
            }
        }
        if self.state.exit.is_some() && self.ending.is_none() {
            // The app ended by itself and left processes behind: they belong to the run and end with it.
            self.stop(Duration::from_millis(self.spec.grace_ms));
        }
    }

    fn app_ended(&mut self, how: Reaped) {
        let out_of_memory = process::memory::kills() > self.memory_kills;
        let kind = match how {
            // A shell reports a child ended by KILL as 137.
            Reaped::Signal(9) | Reaped::Code(137) if out_of_memory => ExitKind::OutOfMemory,
            Reaped::Signal(number) => ExitKind::Signal(number),
            Reaped::Code(code) => ExitKind::Code(code),
        };
        self.state.exit = Some(Exit {
            kind,
            source: ExitSource::Shim,
            at: now(),
        });
    }

    fn stop(&mut self, grace: Duration) {
        if self.over.is_some() {
            return;
        }
        if let Some(ending) = &mut self.ending {
            ending.hurry(grace);
        } else {
            self.ending = Some(Ending::new(grace));
            self.set_state(|state| state.phase = Phase::Stopping);
        }
        self.end_what_is_left();
    }

    fn end_what_is_left(&mut self) {
        let Some(ending) = self.ending.as_mut().filter(|ending| ending.is_due()) else {
            return;
        };
        let survivors = ending.step(&ending::own_descendants());
        if survivors != self.state.survivors {
            self.set_state(|state| state.survivors = survivors);
        }
    }

    /// Nobody is left: take the last output, tell everybody, write it down.
    fn end_run(&mut self) {
        if self.over.is_some() {
            return;
        }
        self.over = Some(Instant::now());
        self.take_output();
        self.output = None;
        self.log.note();
        self.set_state(|state| {
            state.phase = Phase::Over;
            state.survivors.clear();
        });
        // The news first: making the record durable waits for the disk.
        self.tell();
        self.keep_record();
    }

    fn keep_record(&mut self) {
        let Some(exit) = self.state.exit else { return };
        let ended = Ended {
            exit,
            log_bytes: self.log.end(),
            lost_bytes: self.log.lost_in_all(),
        };
        self.kept = match self.record.write(Path::new(HERE), &ended) {
            Ok(()) => true,
            // The run directory was deleted under us: nobody wants the record.
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
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
        if self.ending.is_some() {
            self.end_what_is_left();
        } else if self.looked.elapsed() >= IDLE && self.is_outdated() {
            // Never two copies: the newer generation is the one that counts.
            self.stop(Duration::from_millis(self.spec.grace_ms));
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

fn start_app(spec: &Spec) -> io::Result<(PipeReader, u32)> {
    let (output, input) = io::pipe()?;
    fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let app = AppCommand {
        argv: &spec.argv,
        env: &spec.env,
        cwd: &spec.cwd,
        uuid: &spec.uuid,
    };
    Ok((output, process::spawn_app(&app, input)?))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
