//! What the program keeps of the memory it used: a panel runs for months beside apps that need every byte.
//!
//! Hashing a password and rendering a long table take many megabytes for a moment. The allocator would keep them, and the
//! kernel every page of code and constants that was ever used.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{blocking, process};

/// Between two times that free memory is given back.
const PACE: Duration = Duration::from_secs(30);
/// After that the start is over, and what only the start needed is given back.
const STARTED: Duration = Duration::from_secs(1);

/// Sets the allocator up. To be called first in `main`, before there are threads.
pub fn keep_little() {
    process::keep_little_memory();
}

/// Gives free memory back now and then, for ever.
pub async fn give_back_regularly() {
    let mut ticks = interval_at(Instant::now() + STARTED, PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let given = blocking(|| {
            process::give_memory_back();
            process::code::let_go();
            Ok(())
        });
        if given.await.is_err() {
            return;
        }
    }
}
