//! Shells behind a pseudo-terminal.

use std::ffi::OsString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, killpg};
use nix::sys::termios::{InputFlags, LocalFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use types::terminals::TerminalSize;

use super::{Identity, RUN_MARK};

/// What a shell is started with.
pub(crate) struct ShellCommand<'a> {
    pub(crate) argv: &'a [&'a str],
    pub(crate) env: &'a [(String, String)],
    pub(crate) cwd: &'a Path,
    /// Finds what it left behind, as with a run.
    pub(crate) uuid: &'a str,
    pub(crate) size: TerminalSize,
}

/// A shell, leader of a session of its own, and our end of its terminal. Dropping it hangs up.
pub(crate) struct Pty {
    line: AsyncFd<OwnedFd>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    leader: Identity,
}

/// Starts a shell. Belongs beside the runtime's own threads; needs the runtime nevertheless.
pub(crate) fn spawn_shell(shell: &ShellCommand<'_>) -> io::Result<Pty> {
    let pair = native_pty_system()
        .openpty(pty_size(shell.size))
        .map_err(io::Error::other)?;
    let line = own_end(pair.master.as_ref())?;
    let mut modes = tcgetattr(&line)?;
    // So that erasing a character of several bytes erases all of them.
    modes.input_flags.insert(InputFlags::IUTF8);
    tcsetattr(&line, SetArg::TCSANOW, &modes)?;
    let argv = shell.argv.iter().map(OsString::from).collect();
    let mut command = CommandBuilder::from_argv(argv);
    command.env_clear();
    for (name, value) in shell.env {
        command.env(name, value);
    }
    command.env(RUN_MARK, shell.uuid);
    command.cwd(shell.cwd);
    let mut child = pair.slave.spawn_command(command).map_err(io::Error::other)?;
    let leader = child.process_id().ok_or(io::ErrorKind::NotFound);
    match leader.map_err(io::Error::from).and_then(Identity::of) {
        Ok(leader) => Ok(Pty {
            line: register(line)?,
            master: pair.master,
            child,
            leader,
        }),
        Err(error) => {
            let _ = child.kill();
            Err(error)
        }
    }
}

/// A descriptor of our own for the master, which never waits.
fn own_end(master: &(dyn MasterPty + Send)) -> io::Result<OwnedFd> {
    let number = master.as_raw_fd().ok_or(io::ErrorKind::Unsupported)?;
    // SAFETY: `master` holds it open, and is borrowed for as long as this is used.
    #[expect(unsafe_code, reason = "the library gives its descriptor as a number only")]
    let line = unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()?;
    let flags = OFlag::from_bits_retain(fcntl(&line, FcntlArg::F_GETFL)?);
    fcntl(&line, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(line)
}

fn register(line: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is the same descriptor, and open, for as long as it lives.
    #[expect(unsafe_code, reason = "the runtime cannot know that of every type")]
    let registered = unsafe { AsyncFd::register(line) };
    Ok(registered?)
}

fn pty_size(size: TerminalSize) -> PtySize {
    PtySize {
        rows: size.rows,
        cols: size.cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

impl Pty {
    /// The shell itself.
    pub(crate) fn leader(&self) -> &Identity {
        &self.leader
    }

    /// Waits until something of what is wanted may work; for ever when nothing is.
    pub(crate) async fn ready(&mut self, to_read: bool, to_write: bool) {
        let interest = match (to_read, to_write) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (true, false) => Interest::READABLE,
            (false, true) => Interest::WRITABLE,
            (false, false) => return std::future::pending().await,
        };
        // A failure shows in the next read or write.
        let _ = self.line.ready(interest).await;
    }

    /// Reads what is there; none when nothing is, 0 when nothing will be any more.
    pub(crate) fn read(&self, into: &mut [u8]) -> Option<usize> {
        let reading = self.line.try_io(Interest::READABLE, |line| {
            nix::unistd::read(line, into).map_err(io::Error::from)
        });
        match reading {
            Ok(bytes) => Some(bytes),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                None
            }
            // The kernel says EIO when the shell has gone.
            Err(_) => Some(0),
        }
    }

    /// Writes what the terminal takes now; how many bytes that were.
    pub(crate) fn write(&self, bytes: &[u8]) -> usize {
        let writing = self.line.try_io(Interest::WRITABLE, |line| {
            nix::unistd::write(line, bytes).map_err(io::Error::from)
        });
        writing.unwrap_or(0)
    }

    /// Tells the programs a new size.
    pub(crate) fn resize(&self, size: TerminalSize) {
        if let Err(error) = self.master.resize(pty_size(size)) {
            tracing::debug!(%error, "a terminal kept its size");
        }
    }

    /// Interrupts what runs in front, where Ctrl-C means that: for when the terminal takes no more input.
    pub(crate) fn interrupt(&self) {
        const CTRL_C: u8 = 3;
        let means_it = tcgetattr(self.line.get_ref()).is_ok_and(|modes| {
            let key = modes.control_chars[SpecialCharacterIndices::VINTR as usize];
            modes.local_flags.contains(LocalFlags::ISIG) && key == CTRL_C
        });
        let group = self.master.process_group_leader().filter(|group| *group > 1);
        if let (true, Some(group)) = (means_it, group) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGINT);
        }
    }

    /// The code of the shell, once it has ended.
    pub(crate) fn exit_code(&mut self) -> Option<u32> {
        let status = self.child.try_wait().ok()??;
        Some(status.exit_code())
    }

    /// Hangs up, as closing a terminal's window does; what is left is the process, to be waited for.
    pub(crate) fn hang_up(self) -> Box<dyn Child + Send + Sync> {
        self.child
    }
}
