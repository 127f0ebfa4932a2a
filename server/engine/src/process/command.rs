//! Running a command to its end, all its descendants included.
//!
//! # How it works
//! The command leads a session of its own, and all of it carries [`JOB_MARK`] in its environment, so that what
//! called setsid or lost its parents is found nevertheless. Whether the command ends by itself, is cancelled, or
//! nobody waits for it any more: what is left of its tree is ended, and it is over only when nothing is left.
//! When the panel dies, the kernel ends the command; what the command started is ended by [`sweep`] at the next
//! start.

mod lines;
mod mark;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::lines::Lines;
use self::mark::Mark;
use super::{Identity, table};
use crate::shim::ending::Ending;

pub(crate) use self::mark::{JOB_MARK, sweep};

/// Between two looks at what is left.
const PACE: Duration = Duration::from_millis(50);
/// How long the pipes of a tree that is gone are waited for: somebody out of sight may hold them.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Bytes read at once.
const PIECE: usize = 16 * 1024;

/// What is run.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    argv: Vec<OsString>,
    dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    input: Option<Vec<u8>>,
    /// Its output goes where ours goes.
    attached: bool,
    grace: Duration,
    /// The number of the user, and of the group, that it runs as.
    user: Option<u32>,
}

impl Command {
    /// A program with its arguments, in a directory, with an empty environment.
    pub(crate) fn new<A: Into<OsString>>(argv: impl IntoIterator<Item = A>, dir: &Path) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            dir: dir.to_owned(),
            env: Vec::new(),
            input: None,
            attached: false,
            grace: Duration::from_secs(5),
            user: None,
        }
    }

    /// Adds variables; later ones win.
    pub(crate) fn envs<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        env: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.env
            .extend(env.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// What it reads; without it, nothing.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Between TERM and KILL, where 5 seconds do not suit.
    pub(crate) fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Whom it runs as, where not as we do: a user that is in its own group only, and can never become more.
    pub(crate) fn user(mut self, user: Option<u32>) -> Self {
        self.user = user;
        self
    }
}

impl Command {
    /// Its words, for people.
    pub(crate) fn shown(&self) -> String {
        let words: Vec<_> = self.argv.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It returned a code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// Somebody cancelled it.
    Cancelled,
}

impl End {
    fn of(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard output.
    Output,
    /// Standard error.
    Errors,
}

/// Runs a command and tells every line as it comes; one that is too long comes in pieces.
///
/// The thread that first polls this must live as long as the command: the kernel ends the command with it. The
/// threads of a runtime do.
pub(crate) async fn run(
    command: Command,
    cancel: &CancellationToken,
    mut each: impl FnMut(Source, &str) + Send,
) -> io::Result<End> {
    let (mut output, mut errors) = (Lines::default(), Lines::default());
    let end = run_raw(command, cancel, |source, bytes| match source {
        Source::Output => output.take(bytes, |line| each(source, line)),
        Source::Errors => errors.take(bytes, |line| each(source, line)),
    })
    .await?;
    output.finish(|line| each(Source::Output, line));
    errors.finish(|line| each(Source::Errors, line));
    Ok(end)
}

/// What a command said in all.
#[derive(Debug)]
pub(crate) struct Said {
    /// How it ended.
    pub(crate) end: End,
    /// Its standard output, as far as it was wanted.
    pub(crate) output: Vec<u8>,
    /// Its standard error, as far as it was wanted.
    pub(crate) errors: Vec<u8>,
}

/// Runs a command and returns what it said, at most `limit` bytes of each kind.
pub(crate) async fn output(command: Command, cancel: &CancellationToken, limit: usize) -> io::Result<Said> {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let end = run_raw(command, cancel, |source, bytes| {
        let kept = match source {
            Source::Output => &mut output,
            Source::Errors => &mut errors,
        };
        let room = limit.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(&bytes[..room]);
    })
    .await?;
    Ok(Said { end, output, errors })
}

/// Runs a command whose output goes where ours goes. Also when it was cancelled, the answer is how it ended; none
/// when it never began.
pub(crate) async fn run_attached(
    mut command: Command,
    cancel: &CancellationToken,
) -> io::Result<Option<End>> {
    command.attached = true;
    let ended = run_to_end(command, cancel, |_, _| ()).await?;
    Ok(ended.map(|(_, how)| how))
}

async fn run_raw(
    command: Command,
    cancel: &CancellationToken,
    each: impl FnMut(Source, &[u8]) + Send,
) -> io::Result<End> {
    let ended = run_to_end(command, cancel, each).await?;
    Ok(ended.map_or(End::Cancelled, |(why, _)| why))
}

/// Why it is over, and how the command itself ended; none when it was cancelled before it began.
async fn run_to_end(
    command: Command,
    cancel: &CancellationToken,
    mut each: impl FnMut(Source, &[u8]) + Send,
) -> io::Result<Option<(End, End)>> {
    if cancel.is_cancelled() {
        return Ok(None);
    }
    let mut running = Running::begin(command)?;
    let ended = loop {
        tokio::select! {
            (source, count) = running.pipes.next() => each(source, running.pipes.read(source, count)),
            status = running.child.wait() => break End::of(status?),
            () = cancel.cancelled() => break End::Cancelled,
        }
    };
    let how = running.end(&mut each).await?;
    Ok(Some((ended, how)))
}

/// A command that was started.
struct Running {
    child: Child,
    pipes: Pipes,
    tree: Tree,
    grace: Duration,
    _input: Option<AbortOnDropHandle<()>>,
}

impl Running {
    fn begin(command: Command) -> io::Result<Self> {
        let mark = Mark::new()?;
        let mut child = spawn(&command, &mark)?;
        let pid = child.id().ok_or(io::ErrorKind::NotFound)?;
        let leader = Identity::of(pid)?;
        let input = command.input.zip(child.stdin.take()).map(|(bytes, mut stdin)| {
            // A command that does not read its input must not keep its output from being read.
            AbortOnDropHandle::new(tokio::spawn(async move {
                let _ = stdin.write_all(&bytes).await;
            }))
        });
        Ok(Self {
            pipes: Pipes {
                output: Pipe::new(child.stdout.take()),
                errors: Pipe::new(child.stderr.take()),
            },
            child,
            tree: Tree {
                mark,
                leader: (leader.pid, leader.start_time),
                is_gone: false,
            },
            grace: command.grace,
            _input: input,
        })
    }

    /// Ends what is left; an error names what cannot be ended.
    async fn end(mut self, each: &mut (impl FnMut(Source, &[u8]) + Send)) -> io::Result<End> {
        let mut ending = Ending::new(self.grace);
        while !ending.look_and_step(self.tree.look()).await? {
            // A full pipe must not keep anybody from ending.
            let _ = tokio::time::timeout(PACE, self.pipes.drain(each)).await;
            let _ = self.child.try_wait();
        }
        self.tree.is_gone = true;
        let how = End::of(self.child.wait().await?);
        let _ = tokio::time::timeout(LAST_WORDS, self.pipes.drain_to_end(each)).await;
        Ok(how)
    }
}

fn spawn(command: &Command, mark: &Mark) -> io::Result<Child> {
    let (program, args) = command.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that starts processes"
    )]
    let mut process = tokio::process::Command::new(program);
    let output = || {
        if command.attached {
            Stdio::inherit()
        } else {
            Stdio::piped()
        }
    };
    process
        .args(args)
        .env_clear()
        .envs(command.env.iter().map(|(name, value)| (name, value)))
        .env(JOB_MARK, mark.text())
        .current_dir(&command.dir)
        .stdin(if command.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(output())
        .stderr(output())
        .kill_on_drop(true);
    let (panel, user) = (nix::unistd::getpid(), command.user);
    // SAFETY: runs between fork and exec; each of these is one system call and touches no memory of ours.
    #[expect(
        unsafe_code,
        reason = "the only way to have a session of its own and to die with the panel"
    )]
    unsafe {
        process.pre_exec(move || {
            nix::unistd::setsid()?;
            SigSet::empty().thread_set_mask()?;
            if let Some(user) = user {
                become_user(user)?;
            }
            // Only now: the kernel forgets it when the user changes.
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            // It may have died before the kernel was told.
            if nix::unistd::getppid() == panel {
                Ok(())
            } else {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        });
    }
    process.spawn()
}

/// The groups first, while it may: the user takes root's powers away for good.
fn become_user(id: u32) -> nix::Result<()> {
    let (uid, gid) = (id.into(), id.into());
    nix::unistd::setgroups(&[])?;
    nix::unistd::setresgid(gid, gid, gid)?;
    nix::unistd::setresuid(uid, uid, uid)?;
    nix::sys::prctl::set_no_new_privs()
}

/// All processes of one command. Ends them when it is dropped before they are gone.
struct Tree {
    mark: Mark,
    leader: (u32, u64),
    is_gone: bool,
}

impl Tree {
    /// A look at the process table for them.
    fn look(&self) -> impl FnOnce() -> io::Result<Vec<table::Stat>> + Send + 'static {
        let (text, leader) = (self.mark.text().to_owned(), self.leader);
        move || table::strays(JOB_MARK, &text, Some(leader))
    }
}

impl Drop for Tree {
    /// A process that is just starting a program, or is just born, shows no environment yet: one look could miss it,
    /// so nothing has to be found several times in a row.
    fn drop(&mut self) {
        let mut looks_in_vain = if self.is_gone { LOOKS_IN_VAIN } else { 0 };
        for _ in 0..LOOKS_MAX {
            if looks_in_vain == LOOKS_IN_VAIN {
                return;
            }
            let left = table::strays(JOB_MARK, self.mark.text(), Some(self.leader)).unwrap_or_default();
            looks_in_vain = if left.is_empty() { looks_in_vain + 1 } else { 0 };
            for process in left {
                super::end(process.pid);
            }
            std::thread::park_timeout(BETWEEN_LOOKS);
        }
    }
}

/// So many looks in a row that find nothing are believed.
const LOOKS_IN_VAIN: u32 = 3;
/// What cannot be ended is left to the next start of the panel.
const LOOKS_MAX: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// What a command says.
struct Pipes {
    output: Pipe<ChildStdout>,
    errors: Pipe<ChildStderr>,
}

impl Pipes {
    /// So many bytes were read, 0 at the end of one; never, once both are closed.
    async fn next(&mut self) -> (Source, usize) {
        tokio::select! {
            count = self.output.next() => (Source::Output, count),
            count = self.errors.next() => (Source::Errors, count),
        }
    }

    fn read(&self, source: Source, count: usize) -> &[u8] {
        match source {
            Source::Output => &self.output.buffer[..count],
            Source::Errors => &self.errors.buffer[..count],
        }
    }

    async fn drain(&mut self, each: &mut impl FnMut(Source, &[u8])) {
        loop {
            let (source, count) = self.next().await;
            each(source, self.read(source, count));
        }
    }

    async fn drain_to_end(&mut self, each: &mut impl FnMut(Source, &[u8])) {
        while self.output.reader.is_some() || self.errors.reader.is_some() {
            let (source, count) = self.next().await;
            each(source, self.read(source, count));
        }
    }
}

struct Pipe<R> {
    reader: Option<R>,
    buffer: Box<[u8]>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(reader: Option<R>) -> Self {
        Self {
            reader,
            buffer: vec![0; PIECE].into(),
        }
    }

    /// How many bytes were read; 0 when it is closed from now on, and then never again.
    async fn next(&mut self) -> usize {
        let Some(reader) = &mut self.reader else {
            return pending().await;
        };
        let count = reader.read(&mut self.buffer).await.unwrap_or(0);
        if count == 0 {
            self.reader = None;
        }
        count
    }
}
