//! How long a connection may keep us waiting for the head of a request.
//!
//! Hyper has such a limit, but makes a timer for every request. This makes one per minute and connection, and looks
//! then how long the wait has been.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// Since when a connection keeps us waiting. What counts is a client that asks nothing, not one that is being
/// answered or has not taken its answer yet.
#[derive(Clone)]
pub(super) struct Waiting(Arc<Since>);

struct Since {
    begin: Instant,
    /// Milliseconds after the beginning.
    from: AtomicU64,
    /// Requests that are being answered.
    busy: AtomicUsize,
    /// The client does not take what it is sent.
    blocked: AtomicBool,
}

impl Waiting {
    pub(super) fn new() -> Self {
        Self(Arc::new(Since {
            begin: Instant::now(),
            from: AtomicU64::new(0),
            busy: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
        }))
    }

    /// A head came; the wait for the next begins when what is returned is dropped.
    pub(super) fn head_came(&self) -> Busy {
        self.0.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    /// The client takes what it is sent, or does not.
    pub(super) fn takes(&self, takes: bool) {
        if self.0.blocked.load(Ordering::Relaxed) == takes {
            self.0.blocked.store(!takes, Ordering::Relaxed);
            self.begin_anew();
        }
    }

    /// Returns when one wait took longer than `limit`.
    pub(super) async fn took_longer_than(&self, limit: Duration) {
        let mut rest = limit;
        loop {
            tokio::time::sleep(rest).await;
            rest = limit.saturating_sub(Duration::from_millis(self.waited()));
            if rest.is_zero() {
                return;
            }
        }
    }

    fn waited(&self) -> u64 {
        let waits = self.0.busy.load(Ordering::Relaxed) == 0 && !self.0.blocked.load(Ordering::Relaxed);
        if waits {
            return self.now().saturating_sub(self.0.from.load(Ordering::Relaxed));
        }
        0
    }

    fn begin_anew(&self) {
        self.0.from.store(self.now(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A request that is being answered.
pub(super) struct Busy(Waiting);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.fetch_sub(1, Ordering::Relaxed);
        self.0.begin_anew();
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

    const LIMIT: Duration = Duration::from_millis(40);

    /// Whether five limits pass without an end.
    async fn is_patient(waiting: &Waiting) {
        tokio::select! {
            () = waiting.took_longer_than(LIMIT) => panic!("that was no wait"),
            () = tokio::time::sleep(LIMIT * 5) => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_waiting_counts() {
        let waiting = Waiting::new();
        let (one, other) = (waiting.head_came(), waiting.head_came());
        is_patient(&waiting).await;
        drop(one);
        is_patient(&waiting).await;
        drop(other);
        waiting.took_longer_than(LIMIT).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_its_answer_slowly_is_waited_for() {
        let waiting = Waiting::new();
        drop(waiting.head_came());
        waiting.takes(false);
        is_patient(&waiting).await;
        waiting.takes(true);
        waiting.took_longer_than(LIMIT).await;
    }
}
