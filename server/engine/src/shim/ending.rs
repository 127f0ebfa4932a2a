//! Ending a tree of processes: TERM to each once, time, KILL to each until none is left.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::process;
use crate::process::table::{self, Stat};

/// After KILL for so long, what still lives is named.
const NAMED_AFTER: Duration = Duration::from_secs(2);

/// Shortest time between two looks.
const PACE: Duration = Duration::from_millis(50);

/// A tree being ended. Whoever owns it calls [`Ending::step`] until nothing is left.
pub(crate) struct Ending {
    began: Instant,
    grace: Duration,
    asked: HashSet<(u32, u64)>,
    stepped: Option<Instant>,
}

impl Ending {
    /// Begins now.
    pub(crate) fn new(grace: Duration) -> Self {
        Self {
            began: Instant::now(),
            grace,
            asked: HashSet::new(),
            stepped: None,
        }
    }

    /// Shortens the time, never lengthens it: a second request to stop may be more urgent.
    pub(crate) fn hurry(&mut self, grace: Duration) {
        self.grace = self.grace.min(grace);
    }

    /// Whether it is time for a step; looking at all processes is not free.
    pub(crate) fn is_due(&self) -> bool {
        self.stepped.is_none_or(|last| last.elapsed() >= PACE)
    }

    /// Whether the time to end by oneself is over.
    pub(crate) fn is_over_time(&self) -> bool {
        self.began.elapsed() >= self.grace
    }

    /// Signals what is left, also what was born since. Returns the names of what KILL did not end.
    pub(crate) fn step(&mut self, left: &[Stat]) -> Vec<String> {
        self.stepped = Some(Instant::now());
        let age = self.began.elapsed();
        for process in left {
            if age >= self.grace {
                process::end(process.pid);
            } else if self.asked.insert((process.pid, process.start_time)) {
                process::terminate(process.pid);
            }
        }
        if age < self.grace + NAMED_AFTER {
            Vec::new()
        } else {
            left.iter().map(Stat::label).collect()
        }
    }
}

/// Every living descendant of this process. Where they cannot be listed now, the next step signals them; that
/// none is left is said by the kernel alone.
pub(crate) fn own_descendants() -> Vec<Stat> {
    table::descendants(&[std::process::id()]).unwrap_or_default()
}
