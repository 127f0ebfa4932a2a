//! One direction of a relay.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use super::pipe::Pipe;
use super::side::Side;

/// What all relays of a thread read into, bytes.
const BUFFER: usize = 64 * 1024;

thread_local! {
    static SHARED: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER].into_boxed_slice());
}

pub(super) struct Direction {
    state: State,
    /// Read, and not taken by the other side yet; nothing more is read before it is gone.
    pending: Bytes,
    /// Something may lie in the writing stream's own buffer.
    unflushed: bool,
}

enum State {
    Copying,
    Splicing(Pipe),
    /// The source ended.
    Ending,
    Ended,
}

impl Direction {
    pub(super) fn new(early: Bytes) -> Self {
        Self {
            state: State::Copying,
            // Also an empty piece holds on to the whole buffer it was cut from.
            pending: if early.is_empty() { Bytes::new() } else { early },
            unflushed: false,
        }
    }

    /// Ready when the source ended and the end was passed on.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut Side,
        into: &mut Side,
    ) -> Poll<io::Result<()>> {
        loop {
            match &mut self.state {
                State::Copying => {
                    ready!(self.write_pending(context, into))?;
                    ready!(self.copy(context, from, into))?;
                }
                State::Splicing(pipe) => {
                    if let Some(next) = ready!(spliced(pipe, context, from, into))?
                        && let State::Splicing(pipe) = std::mem::replace(&mut self.state, next)
                    {
                        pipe.give_back();
                    }
                }
                State::Ending => {
                    ready!(Pin::new(&mut *into).poll_shutdown(context))?;
                    self.state = State::Ended;
                }
                State::Ended => return Poll::Ready(Ok(())),
            }
        }
    }

    fn write_pending(&mut self, context: &mut Context<'_>, into: &mut Side) -> Poll<io::Result<()>> {
        if self.pending.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.pending.is_empty() {
            let written = ready!(Pin::new(&mut *into).poll_write(context, &self.pending))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.pending = self.pending.split_off(written);
        }
        // The last piece may be a view of something large.
        self.pending = Bytes::new();
        Poll::Ready(Ok(()))
    }

    /// Moves one bufferful, or says what comes next.
    fn copy(&mut self, context: &mut Context<'_>, from: &mut Side, into: &mut Side) -> Poll<io::Result<()>> {
        SHARED.with_borrow_mut(|shared| {
            let mut buffer = ReadBuf::new(shared);
            if Pin::new(&mut *from).poll_read(context, &mut buffer)?.is_pending() {
                if self.unflushed {
                    ready!(Pin::new(&mut *into).poll_flush(context))?;
                    self.unflushed = false;
                }
                return Poll::Pending;
            }
            let read = buffer.filled();
            if read.is_empty() {
                self.state = State::Ending;
                return Poll::Ready(Ok(()));
            }
            let written = match Pin::new(&mut *into).poll_write(context, read)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => written,
                Poll::Pending => 0,
            };
            self.unflushed = true;
            if written < read.len() {
                self.pending = Bytes::copy_from_slice(&read[written..]);
            } else if read.len() == BUFFER
                && from.socket().is_some()
                && into.socket().is_some()
                && let Some(pipe) = Pipe::borrow()
            {
                self.state = State::Splicing(pipe);
            }
            Poll::Ready(Ok(()))
        })
    }
}

/// Moves one pipeful; the next state when there is one.
fn spliced(
    pipe: &mut Pipe,
    context: &mut Context<'_>,
    from: &Side,
    into: &Side,
) -> Poll<io::Result<Option<State>>> {
    let (Some(from), Some(into)) = (from.socket(), into.socket()) else {
        return Poll::Ready(Ok(Some(State::Copying)));
    };
    while !pipe.is_empty() {
        ready!(into.poll_write_ready(context))?;
        match pipe.drain(into) {
            Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
    ready!(from.poll_read_ready(context))?;
    Poll::Ready(match pipe.fill(from) {
        Ok(0) => Ok(Some(State::Ending)),
        Ok(_) => Ok(None),
        // Dry: wait without a pipe.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Some(State::Copying)),
        Err(error) => Err(error),
    })
}
