//! A connection as hyper reads it: what it says goes past [`Heads`] on its way.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::heads::Heads;
use super::patience::Waiting;
use super::workers::Seat;
use crate::relay::Side;

/// One connection of a client.
pub(crate) struct Wire {
    side: Side,
    heads: Option<Heads>,
    waiting: Option<Waiting>,
    seat: Seat,
}

impl Wire {
    /// `heads` is for connections whose requests are text.
    pub(super) fn new(side: Side, heads: Option<Heads>, seat: Seat) -> Self {
        Self {
            side,
            heads,
            waiting: None,
            seat,
        }
    }

    /// Tells whether the client takes what it is sent.
    pub(super) fn telling(mut self, waiting: &Waiting) -> Self {
        self.waiting = Some(waiting.clone());
        self
    }

    fn told<T>(&self, written: Poll<T>) -> Poll<T> {
        if let Some(waiting) = &self.waiting {
            waiting.takes(written.is_ready());
        }
        written
    }

    /// The connection itself, when hyper is done with it, and its place among the open ones.
    pub(crate) fn into_parts(self) -> (Side, Seat) {
        (self.side, self.seat)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut wire.side).poll_read(context, buffer);
        if let (Poll::Ready(Ok(())), Some(heads)) = (&polled, &mut wire.heads) {
            heads.pass(&buffer.filled()[before..]);
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let written = Pin::new(&mut wire.side).poll_write(context, bytes);
        wire.told(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let written = Pin::new(&mut wire.side).poll_write_vectored(context, pieces);
        wire.told(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.side.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let flushed = Pin::new(&mut wire.side).poll_flush(context);
        wire.told(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().side).poll_shutdown(context)
    }
}
