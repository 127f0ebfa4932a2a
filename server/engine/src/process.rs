//! The only code that starts, signals and looks at processes.
//!
//! Numeric pids are reused, so a process is named by its [`Identity`]: pid, kernel start time and boot. A
//! zombie is not alive: it holds nothing but its number.

pub(crate) mod code;
pub(crate) mod command;
mod listeners;
pub(crate) mod memory;
pub(crate) mod ports;
pub(crate) mod pty;
pub(crate) mod table;
pub(crate) mod usage;

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// Environment variable that marks every process of a run with the run's uuid, so that a stray one is
/// recognised after its parents are gone.
pub(crate) const RUN_MARK: &str = "AIKORE_RUN";

/// One process for all time, not just its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    /// Clock ticks since boot.
    pub(crate) start_time: u64,
    pub(crate) boot_id: String,
}

impl Identity {
    /// The process that has this number now.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let stat = table::stat(pid)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(Self {
            pid,
            start_time: stat.start_time,
            boot_id: boot_id()?,
        })
    }

    /// Whether it runs now; an error when nobody can tell.
    pub(crate) fn is_alive(&self) -> io::Result<bool> {
        let now = table::stat(self.pid)?;
        let same = now.is_some_and(|now| now.start_time == self.start_time && now.is_alive());
        Ok(same && boot_id()? == self.boot_id)
    }
}

/// Names the time since the machine started.
pub(crate) fn boot_id() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim()
        .to_owned())
}

/// Names the machine, as far as it has a name.
pub(crate) fn node_name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// What a shim is started with.
pub(crate) struct ShimCommand<'a> {
    pub(crate) program: &'a Path,
    pub(crate) run_dir: &'a Path,
    pub(crate) uuid: &'a str,
}

/// Starts a shim in a session of its own. Its first line of output says whether the app was started.
pub(crate) fn spawn_shim(shim: &ShimCommand<'_>) -> io::Result<tokio::process::Child> {
    let errors = std::fs::File::create(shim.run_dir.join("shim.err"))?;
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that starts processes"
    )]
    let mut command = Command::new(shim.program);
    command
        .arg("shim")
        .arg(shim.run_dir)
        .env_clear()
        .env(RUN_MARK, shim.uuid)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors);
    // SAFETY: runs between fork and exec; setsid is async-signal-safe and touches no memory of ours.
    #[expect(
        unsafe_code,
        reason = "the only way to leave the panel's session before the program starts"
    )]
    unsafe {
        command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(io::Error::from));
    }
    // Tokio reaps the child whenever it ends, also after the handle is dropped.
    tokio::process::Command::from(command).spawn()
}

/// What an app is started with.
pub(crate) struct AppCommand<'a> {
    pub(crate) argv: &'a [String],
    pub(crate) env: &'a [(String, String)],
    pub(crate) cwd: &'a Path,
    pub(crate) uuid: &'a str,
}

/// Starts an app in a process group of its own, output and errors into one pipe so that their order stays.
pub(crate) fn spawn_app(app: &AppCommand<'_>, output: io::PipeWriter) -> io::Result<u32> {
    let (program, args) = app.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that starts processes"
    )]
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .envs(app.env.iter().map(|(name, value)| (name, value)))
        .env(RUN_MARK, app.uuid)
        .current_dir(app.cwd)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0);
    // SAFETY: runs between fork and exec; setting the signal mask is async-signal-safe and allocates nothing.
    #[expect(
        unsafe_code,
        reason = "a child inherits the blocked signals of the shim and would never see TERM"
    )]
    unsafe {
        command.pre_exec(|| SigSet::empty().thread_set_mask().map_err(io::Error::from));
    }
    Ok(command.spawn()?.id())
}

/// Makes orphaned descendants children of this process, so that none can get away.
pub(crate) fn become_subreaper() -> io::Result<()> {
    Ok(nix::sys::prctl::set_child_subreaper(true)?)
}

/// Turns the signals a shim cares about into something `poll` can wait for, and ignores those of a terminal.
pub(crate) fn signals() -> io::Result<SignalFd> {
    let mut taken = SigSet::empty();
    for signal in [
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        taken.add(signal);
    }
    taken.thread_block()?;
    Ok(SignalFd::with_flags(
        &taken,
        SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC,
    )?)
}

/// What became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaped {
    /// It returned a code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
}

/// One dead child, or how many are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reap {
    Dead(u32, Reaped),
    /// Some live.
    Alive,
    /// No child is left. For a subreaper this is the kernel's word that no descendant is left either.
    None,
}

/// Takes one dead child off the kernel's table.
pub(crate) fn reap() -> Reap {
    loop {
        return match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => Reap::Dead(pid.as_raw().cast_unsigned(), Reaped::Code(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                Reap::Dead(pid.as_raw().cast_unsigned(), Reaped::Signal(signal as i32))
            }
            Ok(WaitStatus::StillAlive) => Reap::Alive,
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => Reap::None,
        };
    }
}

fn raw(pid: u32) -> Option<Pid> {
    // 0 and negative numbers mean groups: never by accident.
    i32::try_from(pid).ok().filter(|pid| *pid > 1).map(Pid::from_raw)
}

/// Asks a process to end; one that is gone already counts as success.
pub(crate) fn terminate(pid: u32) {
    send(pid, Signal::SIGTERM);
    // A stopped process would not see the request.
    send(pid, Signal::SIGCONT);
}

/// Ends a process.
pub(crate) fn end(pid: u32) {
    send(pid, Signal::SIGKILL);
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = raw(pid) {
        let _ = kill(pid, signal);
    }
}

/// Ends this process as a signal would have ended it, for who looks at how it ended; returns where that fails.
pub(crate) fn end_by(signal: i32) {
    use nix::sys::resource::{Resource, setrlimit};
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, raise, sigaction};
    let Ok(signal) = Signal::try_from(signal) else {
        return;
    };
    // It is not this program that failed.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of ours, and nothing of ours is needed after it.
    #[expect(
        unsafe_code,
        reason = "there is no other way back to a signal's default action"
    )]
    let _ = unsafe { sigaction(signal, &default) };
    let _ = raise(signal);
}

/// The name of a signal by its number, such as `SIGKILL`.
pub fn signal_name(number: i32) -> &'static str {
    Signal::try_from(number).map_or("an unknown signal", Signal::as_str)
}

/// A path to `name` inside `dir` that is short enough for a unix socket's address, however deep `dir` lies;
/// good while the returned file is open.
pub(crate) fn short_path(dir: &Path, name: &str) -> io::Result<(std::fs::File, PathBuf)> {
    use std::os::fd::AsRawFd;
    let dir = std::fs::File::open(dir)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", dir.as_raw_fd()));
    Ok((dir, path))
}

/// Makes glibc's allocator return large blocks at once, whatever was freed before (left alone it learns to keep
/// them), and use few heaps. To be called before there are threads.
#[cfg(target_env = "gnu")]
pub(crate) fn keep_little_memory() {
    use nix::libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, mallopt};
    // SAFETY: both calls only set a number of the allocator and touch no memory of ours.
    #[expect(unsafe_code, reason = "the allocator's own interface, there is no other")]
    unsafe {
        mallopt(M_MMAP_THRESHOLD, 128 * 1024);
        mallopt(M_ARENA_MAX, 2);
    }
}

/// Returns what lies free between used blocks to the kernel; takes some milliseconds.
#[cfg(target_env = "gnu")]
pub(crate) fn give_memory_back() {
    // SAFETY: may be called at any time from any thread; used blocks stay where they are.
    #[expect(unsafe_code, reason = "the allocator's own interface, there is no other")]
    unsafe {
        nix::libc::malloc_trim(0);
    }
}

/// Other allocators are left as they are.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn keep_little_memory() {}

/// Other allocators are left as they are.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn give_memory_back() {}

/// Whether a process has a file open whose path begins so; no when we may not look.
pub(crate) fn has_open(pid: u32, begin: &str) -> bool {
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    files
        .flatten()
        .filter_map(|file| std::fs::read_link(file.path()).ok())
        .any(|target| target.to_str().is_some_and(|target| target.starts_with(begin)))
}

/// What a process is called.
pub(crate) fn name(pid: u32) -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

/// Whether processes have the numbers here that they have on the machine: not so in most containers. The kernel's
/// first namespace of numbers has a fixed inode (`PROC_PID_INIT_INO` of `include/linux/proc_ns.h`).
pub(crate) fn numbers_are_the_machines() -> bool {
    const FIRST: &str = "pid:[4026531836]";
    std::fs::read_link("/proc/self/ns/pid").is_ok_and(|link| link.as_os_str() == FIRST)
}

/// Bytes of a page of memory.
pub(crate) fn page_bytes() -> u64 {
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE);
    size.ok()
        .flatten()
        .and_then(|size| size.try_into().ok())
        .unwrap_or(4096)
}

/// When the machine was started, Unix milliseconds; 0 when nobody says.
pub(crate) fn booted_at_ms() -> i64 {
    std::fs::read_to_string("/proc/stat")
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("btime ")?.trim().parse::<i64>().ok())
        })
        .map_or(0, |seconds| seconds * 1000)
}
