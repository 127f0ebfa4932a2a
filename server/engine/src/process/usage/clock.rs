//! Whether a process did anything, without reading what it did.
//!
//! Most processes sleep most of the time, and one that did nothing has the same numbers in its `stat` as before. The
//! kernel keeps a clock of each process's processor time (`clock_getcpuclockid(3)`): asking it takes less than a
//! tenth of what writing and reading that line takes, and any user may.

use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// Who sleeps is read all the same each so many looks: others may take memory from it.
const TURN: u8 = 10;

/// The clock of one process.
pub(super) struct ProcessorClock {
    clock: Option<ClockId>,
    /// What it said when the process was read.
    read: Option<Duration>,
    /// Looks since it was last read for its turn.
    looks: u8,
}

impl ProcessorClock {
    pub(super) fn of(pid: u32) -> Self {
        let pid = i32::try_from(pid).ok().map(Pid::from_raw);
        Self {
            clock: pid.and_then(|pid| clock_getcpuclockid(pid).ok()),
            read: None,
            // Those that were found together take turns.
            looks: pid.map_or(0, |pid| {
                u8::try_from(pid.as_raw() % i32::from(TURN)).unwrap_or_default()
            }),
        }
    }

    /// Whether it may have done anything since this was last answered with yes. A kernel that does not tell says yes.
    pub(super) fn moved(&mut self) -> bool {
        let now = self
            .clock
            .and_then(|clock| clock_gettime(clock).ok())
            .map(Duration::from);
        let slept = now.is_some() && now == self.read;
        self.looks += 1;
        if self.looks >= TURN {
            self.looks = 0;
        } else if slept {
            return false;
        }
        self.read = now;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sleeps_is_left_alone_most_of_the_time_and_who_works_never() {
        #[expect(clippy::disallowed_methods, reason = "a test looks at a process of its own")]
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let mut clock = ProcessorClock::of(child.id());
        let began = std::time::Instant::now();
        // It is still being loaded.
        while (0..5).any(|_| clock.moved()) {
            assert!(began.elapsed() < Duration::from_mins(1));
        }
        let moved = (0..100).filter(|_| clock.moved()).count();
        assert_eq!(moved, 100 / usize::from(TURN));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(clock.moved(), "gone");

        let mut own = ProcessorClock::of(std::process::id());
        assert!((0..100).all(|_| own.moved()));
    }
}
