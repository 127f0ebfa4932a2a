//! Who controls a desktop: one login at a time, however many connections it has; others watch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use types::instances::InstanceId;

/// So long a seat stays its holder's after the last connection ended: pages connect again by themselves.
const KEPT: Duration = Duration::from_secs(10);

/// The seats of every desktop that somebody controls.
#[derive(Default)]
pub(crate) struct Seats(Mutex<HashMap<InstanceId, Arc<Seat>>>);

struct Seat {
    /// The secret of the login that has it.
    holder: String,
    /// Told when it is taken away.
    taken: CancellationToken,
    /// When it was last sat on.
    used: Mutex<Instant>,
}

impl Seat {
    fn of(holder: &str) -> Arc<Self> {
        Arc::new(Self {
            holder: holder.to_owned(),
            taken: CancellationToken::new(),
            used: Mutex::new(Instant::now()),
        })
    }

    /// Whether somebody sits on it; what the table itself has counts for nothing.
    fn is_sat_on(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1
    }

    fn is_free(self: &Arc<Self>) -> bool {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        !self.is_sat_on() && used.elapsed() >= KEPT
    }
}

/// One connection of who controls a desktop.
pub(super) struct Sitting(Arc<Seat>);

impl Sitting {
    /// Waits until somebody else takes the seat.
    pub(super) async fn until_taken(&self) {
        self.0.taken.cancelled().await;
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        *self.0.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Seats {
    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, Arc<Seat>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody else controls a desktop.
    pub(super) fn is_others(&self, id: InstanceId, login: &str) -> bool {
        let seats = self.lock();
        seats
            .get(&id)
            .is_some_and(|seat| seat.holder != login && !seat.is_free())
    }

    /// Sits down, unless the seat is somebody else's.
    pub(super) fn sit(&self, id: InstanceId, login: &str) -> Option<Sitting> {
        let mut seats = self.lock();
        seats.retain(|_, seat| !seat.is_free());
        let seat = seats.entry(id).or_insert_with(|| Seat::of(login));
        (seat.holder == login).then(|| Sitting(Arc::clone(seat)))
    }

    /// Takes a seat from whoever has it.
    pub(super) fn take(&self, id: InstanceId, login: &str) {
        let mut seats = self.lock();
        if seats.get(&id).is_some_and(|seat| seat.holder == login) {
            return;
        }
        if let Some(before) = seats.insert(id, Seat::of(login)) {
            before.taken.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: InstanceId = InstanceId(1);

    #[tokio::test]
    async fn one_login_has_the_seat_until_another_takes_it() {
        let seats = Seats::default();
        let (one, more) = (seats.sit(ID, "a"), seats.sit(ID, "a"));
        assert!(one.is_some() && more.is_some(), "one login, two tabs");
        assert!(seats.sit(ID, "b").is_none() && seats.is_others(ID, "b"));
        assert!(
            seats.sit(InstanceId(2), "b").is_some(),
            "every desktop has its own"
        );
        seats.take(ID, "b");
        one.unwrap().until_taken().await;
        assert!(
            seats.sit(ID, "a").is_none(),
            "who lost it cannot come back by itself"
        );
        assert!(seats.sit(ID, "b").is_some());
        drop(more);
        assert!(seats.is_others(ID, "a"), "the end of the old ones frees nothing");
    }

    #[test]
    fn a_seat_left_a_moment_ago_is_still_its_holders() {
        let seats = Seats::default();
        drop(seats.sit(ID, "a"));
        assert!(seats.sit(ID, "b").is_none());
        let long_ago = Instant::now().checked_sub(KEPT).unwrap();
        *seats.lock()[&ID].used.lock().unwrap() = long_ago;
        assert!(!seats.is_others(ID, "b") && seats.sit(ID, "b").is_some());
    }
}
