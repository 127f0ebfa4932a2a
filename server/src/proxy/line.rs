//! One connection to an app.
//!
//! Whoever waits for an answer moves the connection along: it is polled by the request's own task, so that neither
//! the request nor its answer goes from task to task. Only a request with a body gives its connection a task of its
//! own: the app may answer before it has read everything, and a client that reads nothing until it has sent
//! everything must not hold its own upload up.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::http::{Request, Response};
use hyper::body::{Body as _, Bytes, Frame, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use crate::relay::Side;
use crate::site::Upload;

/// How long a connection with a task of its own may take to be ready again.
const READY_TIME: Duration = Duration::from_millis(20);

pub(super) type Wire = Connection<TokioIo<Side>, Upload>;

/// How many headers an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Room {
    /// Hyper's own limit, 100. Up to there it needs no memory of the heap to read them.
    Usual,
    /// For apps that set a cookie for every preference.
    Ample,
}

/// As many as [`Room::Ample`] has.
const HEADERS_MAX: usize = 256;

/// What is read from an app at once, bytes. Each read wakes both sides, so more is better, up to where the allocator
/// takes each piece from the kernel anew (128 KiB): a body of 1 MB costs 320 µs with half of this, 400 with four times
/// as much, 216 so.
const READ_MAX: usize = 120 * 1024;

/// The two ends of a new connection; nothing moves on it unless the second is polled.
pub(super) async fn open(side: Side, room: Room) -> hyper::Result<(SendRequest<Upload>, Wire)> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(READ_MAX);
    if room == Room::Ample {
        builder.max_headers(HEADERS_MAX);
    }
    builder.handshake(TokioIo::new(side)).await
}

pub(super) struct Line {
    sender: SendRequest<Upload>,
    /// None when a task moves it, or when it has ended.
    wire: Option<Box<Wire>>,
}

impl Line {
    pub(super) async fn new(side: Side, room: Room) -> hyper::Result<Self> {
        let (sender, wire) = open(side, room).await?;
        Ok(Self {
            sender,
            wire: Some(Box::new(wire)),
        })
    }

    /// Sends a request that fits on the line, and waits for the head of its answer.
    pub(super) async fn ask(
        &mut self,
        request: Request<Upload>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Upload>>> {
        if !request.body().is_end_stream() {
            self.detach();
        }
        let mut answering = pin!(self.sender.try_send_request(request));
        poll_fn(|context| {
            self.advance(context);
            self.beside(context, |context| answering.as_mut().poll(context))
        })
        .await
    }

    /// The next piece of an answer that came over this line.
    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
        body: &mut Incoming,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut next =
            |context: &mut Context<'_>| -> Poll<Option<_>> { Pin::new(&mut *body).poll_frame(context) };
        let there = self.beside(context, &mut next);
        if there.is_ready() || self.wire.is_none() {
            return there;
        }
        self.advance(context);
        self.beside(context, next)
    }

    /// Whether it can take a request; waits a little where the end of the last answer was seen before the
    /// connection itself noticed it.
    pub(super) async fn is_ready(&mut self) -> bool {
        // Sees also whether the app has hung up.
        self.advance(&mut Context::from_waker(Waker::noop()));
        if self.sender.is_ready() || self.wire.is_some() {
            return self.sender.is_ready();
        }
        matches!(
            tokio::time::timeout(READY_TIME, self.sender.ready()).await,
            Ok(Ok(()))
        )
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Polls what only the connection can make ready. When it is moved from here, nobody else needs to be woken.
    fn beside<T>(
        &self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if self.wire.is_some() {
            return poll(&mut Context::from_waker(Waker::noop()));
        }
        poll(context)
    }

    fn advance(&mut self, context: &mut Context<'_>) {
        if let Some(wire) = &mut self.wire
            && let Poll::Ready(ended) = Pin::new(wire).poll(context)
        {
            self.wire = None;
            note(ended);
        }
    }

    /// Gives it a task of its own.
    fn detach(&mut self) {
        if let Some(wire) = self.wire.take() {
            tokio::spawn(async move { note(wire.await) });
        }
    }
}

fn note(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "the connection to an app ended early");
    }
}
