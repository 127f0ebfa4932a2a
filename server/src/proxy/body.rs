//! An app's answer on its way to the browser; at its end the connection goes back to the pool.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio_util::sync::CancellationToken;

use super::line::Line;
use super::pool::{self, Kind};

/// The connection an answer comes over, and where it is kept.
pub(super) struct Lease {
    pub(super) kind: Kind,
    pub(super) line: Line,
}

impl Lease {
    fn give_back(self) {
        pool::give_back(self.kind, self.line);
    }
}

/// The body of an app's answer.
pub struct Answer {
    inner: Option<Incoming>,
    lease: Option<Lease>,
    /// Why it ends early; said after what came before was sent, because a server that is told drops that.
    broken: Option<hyper::Error>,
    /// Ends an answer of unknown length (server-sent events) with the panel: it may never end by itself. One
    /// over a public port ends at the latest when the port leads elsewhere for good.
    ending: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Answer {
    pub(super) fn new(
        inner: Incoming,
        lease: Lease,
        shutdown: &CancellationToken,
        cut: Option<&CancellationToken>,
    ) -> Self {
        if inner.is_end_stream() {
            lease.give_back();
            return Self::empty();
        }
        let endless = inner.size_hint().exact().is_none();
        Self {
            inner: Some(inner),
            lease: Some(lease),
            broken: None,
            ending: ending(endless.then_some(shutdown), cut),
        }
    }

    /// An answer over a connection that is not used again.
    pub(super) fn last(inner: Incoming) -> Self {
        Self {
            inner: Some(inner),
            lease: None,
            broken: None,
            ending: None,
        }
    }

    pub(super) fn empty() -> Self {
        Self {
            inner: None,
            lease: None,
            broken: None,
            ending: None,
        }
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

fn ending(
    shutdown: Option<&CancellationToken>,
    cut: Option<&CancellationToken>,
) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
    match (shutdown.cloned(), cut.cloned()) {
        (None, None) => None,
        (Some(only), None) | (None, Some(only)) => Some(Box::pin(only.cancelled_owned())),
        (Some(one), Some(other)) => Some(Box::pin(async move {
            tokio::select! {
                () = one.cancelled() => {}
                () = other.cancelled() => {}
            }
        })),
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let answer = self.get_mut();
        if let Some(ending) = &mut answer.ending
            && ending.as_mut().poll(context).is_ready()
        {
            let error = io::Error::other("the panel is ending, or the port is closed");
            return Poll::Ready(Some(Err(axum::Error::new(error))));
        }
        if let Some(error) = answer.broken.take() {
            return Poll::Ready(Some(Err(axum::Error::new(error))));
        }
        let Some(inner) = &mut answer.inner else {
            return Poll::Ready(None);
        };
        let polled = match &mut answer.lease {
            Some(lease) => lease.line.poll_frame(context, inner),
            None => Pin::new(&mut *inner).poll_frame(context),
        };
        if matches!(polled, Poll::Ready(None)) || inner.is_end_stream() {
            answer.finish();
        }
        match polled {
            Poll::Ready(Some(Err(error))) => {
                answer.broken = Some(error);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            polled => polled.map(|frame| frame.map(|frame| frame.map_err(axum::Error::new))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// A server never asks again after the last byte of an answer of known length, so the end shows here.
impl Drop for Answer {
    fn drop(&mut self) {
        if self.is_end_stream() {
            self.finish();
        }
    }
}
