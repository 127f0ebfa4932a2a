//! How often a password may be tried: the waits double, per client and for all clients together.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Wrong passwords before a client has to wait.
const FREE: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// Wrong passwords of all clients before everybody has to wait: many addresses guess as fast as one.
const FREE_ALL: u32 = 100;
/// Short, because it also keeps out the person who knows the password.
const LONGEST_WAIT_ALL: Duration = Duration::from_secs(30);
/// After so long without an attempt, a client begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
/// Clients that are remembered at most; the one quiet for longest is forgotten first.
const CLIENTS_MAX: usize = 4096;

/// The count of wrong passwords.
#[derive(Default)]
pub(super) struct Limits {
    clients: HashMap<String, Count>,
    all: Option<Count>,
}

#[derive(Clone, Copy)]
struct Count {
    wrong: u32,
    last: Instant,
}

impl Limits {
    /// Counts an attempt as wrong until [`Limits::succeeded`] says otherwise, or says how long to wait; an
    /// attempt that has to wait is not counted.
    pub(super) fn attempt(&mut self, client: &str, now: Instant) -> Option<Duration> {
        let own = self
            .clients
            .get(client)
            .and_then(|count| count.wait(FREE, LONGEST_WAIT, now));
        let all = self
            .all
            .and_then(|count| count.wait(FREE_ALL, LONGEST_WAIT_ALL, now));
        let wait = own.max(all);
        if wait.is_none() {
            self.make_room(now);
            let own = self
                .clients
                .entry(client.to_owned())
                .or_insert(Count { wrong: 0, last: now });
            own.add(now);
            self.all.get_or_insert(Count { wrong: 0, last: now }).add(now);
        }
        wait
    }

    /// Forgets what a client did wrong before it found the password.
    pub(super) fn succeeded(&mut self, client: &str) {
        let own = self.clients.remove(client).map_or(0, |count| count.wrong);
        if let Some(all) = &mut self.all {
            all.wrong = all.wrong.saturating_sub(own);
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.clients.len() < CLIENTS_MAX {
            return;
        }
        self.clients.retain(|_, count| !count.is_forgotten(now));
        if self.clients.len() >= CLIENTS_MAX {
            let quiet = self.clients.iter().min_by_key(|(_, count)| count.last);
            if let Some(client) = quiet.map(|(client, _)| client.clone()) {
                self.clients.remove(&client);
            }
        }
    }
}

impl Count {
    fn is_forgotten(self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > FORGOTTEN_AFTER
    }

    fn add(&mut self, now: Instant) {
        self.wrong = if self.is_forgotten(now) { 1 } else { self.wrong + 1 };
        self.last = now;
    }

    /// What is left of 1 s, 2 s, 4 s, … since the last attempt.
    fn wait(self, free: u32, longest: Duration, now: Instant) -> Option<Duration> {
        let beyond = self.wrong.checked_sub(free)?;
        if self.is_forgotten(now) {
            return None;
        }
        let whole = Duration::from_secs(1 << beyond.min(20)).min(longest);
        let left = whole.saturating_sub(now.saturating_duration_since(self.last));
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn waits_double_for_the_client_that_guesses_and_for_nobody_else() {
        let (mut limits, mut now) = (Limits::default(), Instant::now());
        for _ in 0..FREE {
            assert_eq!(limits.attempt("a", now), None);
        }
        for expected in [1, 2, 4, 8] {
            assert_eq!(limits.attempt("a", now), Some(seconds(expected)));
            now += seconds(expected);
            assert_eq!(limits.attempt("a", now), None);
        }
        assert_eq!(limits.attempt("b", now), None);
        limits.succeeded("a");
        assert_eq!(limits.attempt("a", now), None);
    }

    #[test]
    fn many_addresses_together_have_to_wait_too_but_not_long() {
        let (mut limits, mut now) = (Limits::default(), Instant::now());
        for number in 0..FREE_ALL {
            assert_eq!(limits.attempt(&number.to_string(), now), None);
        }
        assert!(limits.attempt("fresh", now).is_some());
        for number in 0..20 {
            now += LONGEST_WAIT_ALL;
            assert_eq!(limits.attempt(&format!("later {number}"), now), None);
        }
        now += FORGOTTEN_AFTER + seconds(1);
        assert_eq!(limits.attempt("next day", now), None);
        assert_eq!(limits.attempt("next day 2", now), None);
    }

    #[test]
    fn memory_stays_bounded() {
        let (mut limits, mut now) = (Limits::default(), Instant::now());
        for number in 0..CLIENTS_MAX + 100 {
            now += LONGEST_WAIT_ALL;
            limits.attempt(&number.to_string(), now);
        }
        assert!(limits.clients.len() <= CLIENTS_MAX);
    }
}
