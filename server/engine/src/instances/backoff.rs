//! How long to wait before an app that ended by itself is started again, and when to give up.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// So many ends within [`WINDOW`] are a crash loop.
pub(crate) const LIMIT: usize = 5;
/// See [`LIMIT`].
pub(crate) const WINDOW: Duration = Duration::from_mins(10);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// The ends of an instance since a person last started it.
#[derive(Debug, Default)]
pub(crate) struct Crashes {
    recent: VecDeque<Instant>,
}

impl Crashes {
    /// Counts an end; the time to wait, or none when it is a crash loop.
    pub(crate) fn count(&mut self, now: Instant) -> Option<Duration> {
        while self
            .recent
            .front()
            .is_some_and(|first| now.duration_since(*first) >= WINDOW)
        {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        if self.recent.len() >= LIMIT {
            return None;
        }
        let doublings = u32::try_from(self.recent.len() - 1).unwrap_or(u32::MAX).min(6);
        Some((SHORTEST * 2_u32.pow(doublings)).min(LONGEST))
    }

    /// A person starts it: everything is forgiven.
    pub(super) fn forgive(&mut self) {
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_double_and_the_fifth_end_in_ten_minutes_is_the_last() {
        let mut crashes = Crashes::default();
        let waits: Vec<Option<u64>> = (0..LIMIT)
            .map(|_| crashes.count(Instant::now()).map(|wait| wait.as_secs()))
            .collect();
        assert_eq!(waits, [Some(1), Some(2), Some(4), Some(8), None]);
        crashes.forgive();
        assert_eq!(crashes.count(Instant::now()), Some(SHORTEST));
    }

    #[tokio::test(start_paused = true)]
    async fn an_app_that_lived_long_begins_anew() {
        let mut crashes = Crashes::default();
        for _ in 0..20 {
            assert_eq!(crashes.count(Instant::now()), Some(SHORTEST));
            tokio::time::advance(WINDOW).await;
        }
    }
}
