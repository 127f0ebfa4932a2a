//! Waits for what seldom happens beside what happens all the time.

use futures_util::stream::FuturesUnordered;

/// Its `next()` is cheap to look at each time a connection moves: the set polls only what was woken, while a timer
/// or a cancellation token is looked up anew, the latter behind a lock that all threads share.
pub(crate) fn seldom<F: Future>(waiting: F) -> FuturesUnordered<F> {
    FuturesUnordered::from_iter([waiting])
}
