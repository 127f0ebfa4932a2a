//! The panel's connections to a shim. None of them can hold up the output: a control connection that does not
//! read is dropped, a log connection reads from the files at its own pace.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::poll::PollFlags;

use super::log::Reader;
use super::protocol::{Answer, Command, FRAME_HEAD, LINE_LIMIT, Open, Push, Stream};

/// Log bytes per frame; what one log connection may hold in memory.
const FRAME: usize = 32 * 1024;

enum Role {
    /// Has not said yet what it is for.
    New,
    Control,
    Log(Reader),
}

/// What a connection asks of the shim.
pub(super) enum Request {
    Open(Open),
    Command(Command),
}

/// One connection.
pub(super) struct Connection {
    stream: UnixStream,
    role: Role,
    input: Vec<u8>,
    output: Vec<u8>,
    sent: usize,
    /// Nothing more comes.
    ended: bool,
    gone: bool,
}

impl Connection {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            role: Role::New,
            input: Vec::new(),
            output: Vec::new(),
            sent: 0,
            ended: false,
            gone: false,
        })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// What to wait for.
    pub(super) fn interest(&self) -> PollFlags {
        if self.is_settled() {
            PollFlags::POLLIN
        } else {
            PollFlags::POLLIN | PollFlags::POLLOUT
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether everything for the panel is on its way.
    pub(super) fn is_settled(&self) -> bool {
        self.sent == self.output.len()
    }

    /// Reads what came.
    pub(super) fn receive(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(count @ 1..) if self.input.len() + count <= LINE_LIMIT => {
                    self.input.extend_from_slice(&buffer[..count]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // The end, an error, or a line without an end.
                Ok(_) | Err(_) => self.ended = true,
            }
            return;
        }
    }

    /// The next whole request of what came. One at a time: the first decides what the bytes behind it mean.
    pub(super) fn next_request(&mut self) -> Option<Request> {
        while !self.gone {
            let Some(end) = self.input.iter().position(|byte| *byte == b'\n') else {
                self.gone = self.ended;
                return None;
            };
            let line: Vec<u8> = self.input.drain(..=end).collect();
            let request = match self.role {
                Role::New => serde_json::from_slice(&line).map(Request::Open),
                Role::Control => serde_json::from_slice(&line).map(Request::Command),
                Role::Log(_) => continue,
            };
            match request {
                Ok(request) => return Some(request),
                Err(_) => self.gone = true,
            }
        }
        None
    }

    /// Sends the first answer and turns into what was asked for. A TCP stream leaves for threads of its own.
    pub(super) fn answer(&mut self, answer: &Answer, stream: &Stream, dir: &Path) {
        self.queue(answer);
        if matches!(answer, Answer::Refused(_)) {
            self.flush();
            self.gone = true;
            return;
        }
        match stream {
            Stream::Control => self.role = Role::Control,
            Stream::Log { offset } => self.role = Role::Log(Reader::new(dir, *offset)),
            Stream::Tcp { port } => {
                self.flush();
                self.gone = true;
                if let Ok(stream) = self.stream.try_clone() {
                    splice(stream, std::mem::take(&mut self.input), *port);
                }
            }
        }
    }

    /// News for a control connection; nothing for others.
    pub(super) fn push(&mut self, push: &Push) {
        if matches!(self.role, Role::Control) {
            self.queue(push);
            self.flush();
        }
    }

    fn queue(&mut self, message: &impl serde::Serialize) {
        if self.output.len() > LINE_LIMIT {
            // Whoever does not read its news can ask for the state again.
            self.gone = true;
            return;
        }
        if let Ok(mut line) = serde_json::to_vec(message) {
            line.push(b'\n');
            self.output.append(&mut line);
        }
    }

    /// Sends what can be sent now; a log connection goes on with what the files hold up to `end`.
    pub(super) fn pump(&mut self, end: u64) {
        loop {
            self.flush();
            if self.gone || !self.is_settled() || !self.fill(end) {
                return;
            }
        }
    }

    /// Puts the next piece of the log into the output.
    fn fill(&mut self, end: u64) -> bool {
        let Role::Log(reader) = &mut self.role else {
            return false;
        };
        if reader.offset() >= end {
            return false;
        }
        self.output.resize(FRAME_HEAD + FRAME, 0);
        self.sent = 0;
        match reader.read(&mut self.output[FRAME_HEAD..]) {
            Ok((offset, count @ 1..)) => {
                let length = u32::try_from(count).unwrap_or(u32::MAX);
                self.output[..8].copy_from_slice(&offset.to_le_bytes());
                self.output[8..FRAME_HEAD].copy_from_slice(&length.to_le_bytes());
                self.output.truncate(FRAME_HEAD + count);
                true
            }
            Ok(_) => {
                self.output.clear();
                false
            }
            Err(_) => {
                self.output.clear();
                self.gone = true;
                false
            }
        }
    }

    fn flush(&mut self) {
        while self.sent < self.output.len() {
            match self.stream.write(&self.output[self.sent..]) {
                Ok(count @ 1..) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Ok(_) | Err(_) => {
                    self.gone = true;
                    return;
                }
            }
        }
        self.output.clear();
        self.output.shrink_to(4096);
        self.sent = 0;
    }
}

/// Connects a stream with a port of this machine until both sides have ended; `first` came already.
fn splice(panel: UnixStream, first: Vec<u8>, port: u16) {
    let connect = move || -> io::Result<()> {
        panel.set_nonblocking(false)?;
        let app = match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(app) => app,
            Err(error) => {
                panel.shutdown(Shutdown::Both)?;
                return Err(error);
            }
        };
        let (mut from_panel, mut to_app) = (panel.try_clone()?, app.try_clone()?);
        small_thread(move || {
            let _ = to_app
                .write_all(&first)
                .and_then(|()| io::copy(&mut from_panel, &mut to_app));
            let _ = to_app.shutdown(Shutdown::Write);
        })?;
        let _ = io::copy(&mut &app, &mut &panel);
        panel.shutdown(Shutdown::Write)
    };
    // Nobody waits for the result: both ends see the connection close.
    let _ = small_thread(move || drop(connect()));
}

fn small_thread(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(work)
        .map(drop)
}
