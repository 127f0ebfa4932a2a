//! How long a connection may keep us waiting for the head of a request.
//!
//! Hyper has such a limit, but makes a timer for every request. This makes one per minute and connection, and looks
//! then how long the wait has been.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::body::{Body, Frame, SizeHint};

/// A request is being answered.
const BUSY: u64 = u64::MAX;

/// Since when a connection keeps us waiting.
#[derive(Clone)]
pub(super) struct Waiting(Arc<Since>);

struct Since {
    begin: Instant,
    /// Milliseconds after the beginning, or [`BUSY`].
    since: AtomicU64,
}

impl Waiting {
    pub(super) fn new() -> Self {
        Self(Arc::new(Since {
            begin: Instant::now(),
            since: AtomicU64::new(0),
        }))
    }

    /// A head came; the wait for the next begins when what is returned is dropped.
    pub(super) fn head_came(&self) -> Busy {
        self.0.since.store(BUSY, Ordering::Relaxed);
        Busy(self.clone())
    }

    /// Returns when one wait took longer than `limit`.
    pub(super) async fn took_longer_than(&self, limit: Duration) {
        let mut rest = limit;
        loop {
            tokio::time::sleep(rest).await;
            let since = self.0.since.load(Ordering::Relaxed);
            rest = limit;
            if since != BUSY {
                let waited = self.now().saturating_sub(since);
                rest = limit.saturating_sub(Duration::from_millis(waited));
            }
            if rest.is_zero() {
                return;
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.begin.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }
}

/// A request that is being answered.
pub(super) struct Busy(Waiting);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.since.store(self.0.now(), Ordering::Relaxed);
    }
}

/// The body of an answer: the request is answered when it is dropped.
pub(super) struct Held<B> {
    pub(super) body: B,
    pub(super) _busy: Busy,
}

impl<B: Body + Unpin> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_waiting_counts() {
        let limit = Duration::from_millis(40);
        let waiting = Waiting::new();
        let busy = waiting.head_came();
        let begun = Instant::now();
        tokio::select! {
            () = waiting.took_longer_than(limit) => panic!("an answer was counted as a wait"),
            () = tokio::time::sleep(limit * 5) => {}
        }
        drop(busy);
        waiting.took_longer_than(limit).await;
        assert!(begun.elapsed() >= limit * 6);
    }
}
