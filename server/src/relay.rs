//! Copies bytes both ways between two connections: upgraded ones, and raw forwards.
//!
//! # How it works
//! A connection that waits owns no buffer: all relays of a thread read into one shared piece of memory, and what
//! is read is sent on at once. Only what the other side does not take is kept, until it does. When a read fills
//! the whole buffer there is more to come, and between two sockets the bytes then go through a pipe (`splice`)
//! without being copied, until the source runs dry. A pipe is borrowed for that time only, because the kernel
//! gives ordinary users few large ones.
//!
//! One direction may end before the other (half-close): its end is passed on, the other goes on.

mod direction;
mod pipe;
mod side;

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use axum::body::Bytes;

pub(crate) use side::Side;

use direction::Direction;

/// One end of a relay.
pub(crate) struct End {
    /// The connection.
    pub(crate) side: Side,
    /// What was read from it already.
    pub(crate) early: Bytes,
}

impl End {
    /// A connection nothing was read from yet.
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            early: Bytes::new(),
        }
    }
}

/// Copies until both directions have ended, or one has failed.
///
/// # Errors
/// What reading or writing one of the connections said.
pub(crate) async fn relay(mut one: End, mut other: End) -> io::Result<()> {
    let mut there = Direction::new(std::mem::take(&mut one.early));
    let mut back = Direction::new(std::mem::take(&mut other.early));
    poll_fn(|context| {
        let there = there.poll(context, &mut one.side, &mut other.side)?;
        let back = back.poll(context, &mut other.side, &mut one.side)?;
        if there.is_ready() && back.is_ready() {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests;
