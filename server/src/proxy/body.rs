//! An app's answer on its way to the browser; at its end the connection goes back to the pool.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use types::instances::InstanceId;

use super::pool::{Pool, Sender};

/// The connection an answer comes over.
pub(super) struct Lease {
    pub(super) pool: Pool,
    pub(super) id: InstanceId,
    pub(super) run: u32,
    pub(super) sender: Sender,
}

impl Lease {
    fn give_back(self) {
        self.pool.give_back(self.id, self.run, self.sender);
    }
}

struct Answer {
    inner: Incoming,
    lease: Option<Lease>,
    /// Ends an answer of unknown length (server-sent events) with the panel: it may never end by itself.
    ending: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

/// Wraps an app's answer.
pub(super) fn answer(inner: Incoming, lease: Lease, shutdown: &CancellationToken) -> Body {
    if inner.is_end_stream() {
        lease.give_back();
        return Body::empty();
    }
    let endless = inner.size_hint().exact().is_none();
    Body::new(
        Answer {
            inner,
            lease: Some(lease),
            ending: endless.then(|| Box::pin(shutdown.clone().cancelled_owned())),
        }
        .map_err(axum::Error::new),
    )
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(ending) = &mut self.ending
            && ending.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Some(Err(std::io::Error::other("the panel is ending"))));
        }
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.inner.is_end_stream() {
            self.finish();
        }
        polled.map_err(std::io::Error::other)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Answer {
    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

/// A server never asks again after the last byte of an answer of known length, so the end shows here.
impl Drop for Answer {
    fn drop(&mut self) {
        if self.inner.is_end_stream() {
            self.finish();
        }
    }
}
