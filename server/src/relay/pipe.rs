//! Pipes that carry bytes from socket to socket inside the kernel; a few are kept per thread.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
use nix::unistd::pipe2;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What a pipe holds, bytes: measured, more gains nothing.
const CAPACITY: usize = 256 * 1024;

/// A pipe smaller than the relay's buffer gains nothing; the kernel hands such out when a user has many.
const CAPACITY_MIN: usize = 64 * 1024;

/// Empty pipes kept per thread; more are closed.
const KEPT_MAX: usize = 4;

thread_local! {
    static KEPT: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    /// Bytes in it.
    inside: usize,
    capacity: usize,
}

impl Pipe {
    /// An empty pipe; none when the kernel has none that is worth it.
    pub(super) fn borrow() -> Option<Self> {
        KEPT.with_borrow_mut(Vec::pop).or_else(Self::open)
    }

    fn open() -> Option<Self> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).ok()?;
        let wanted = i32::try_from(CAPACITY).unwrap_or(i32::MAX);
        // Refused when this user holds too many pages in pipes; what it has then is looked at next.
        let _ = fcntl(&write, FcntlArg::F_SETPIPE_SZ(wanted));
        let capacity = usize::try_from(fcntl(&write, FcntlArg::F_GETPIPE_SZ).ok()?).ok()?;
        (capacity >= CAPACITY_MIN).then_some(Self {
            read,
            write,
            inside: 0,
            capacity,
        })
    }

    /// For the next relay. One with bytes in it is closed instead.
    pub(super) fn give_back(self) {
        KEPT.with_borrow_mut(|kept| {
            if self.is_empty() && kept.len() < KEPT_MAX {
                kept.push(self);
            }
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inside == 0
    }

    /// Fills the empty pipe from a socket; 0 = the socket's end.
    pub(super) fn fill(&mut self, from: &TcpStream) -> io::Result<usize> {
        let filled = from.try_io(Interest::READABLE, || {
            Ok(splice(from, None, &self.write, None, self.capacity, flags())?)
        })?;
        self.inside += filled;
        Ok(filled)
    }

    /// Empties it into a socket, as far as that takes bytes.
    pub(super) fn drain(&mut self, into: &TcpStream) -> io::Result<usize> {
        let drained = into.try_io(Interest::WRITABLE, || {
            Ok(splice(&self.read, None, into, None, self.inside, flags())?)
        })?;
        self.inside -= drained;
        Ok(drained)
    }
}

fn flags() -> SpliceFFlags {
    SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK
}
