//! Memory such that what several processes share counts once: the proportional set size (PSS).
//!
//! The kernel counts it page by page, which takes milliseconds for a process that holds gigabytes. So it is measured
//! seldom, and in between it follows the resident size, which is known at every look.

use std::fs;
use std::time::{Duration, Instant};

/// A process is not measured again earlier.
const LEAST: Duration = Duration::from_secs(10);
/// Nor earlier than so many times the time that measuring it took: a thousandth of one core at most.
const REST: u32 = 1000;
/// What all measuring of one look may take.
const BUDGET: Duration = Duration::from_millis(1);

/// What is known of one process.
#[derive(Default)]
pub(super) struct Shares {
    measured: Option<Measured>,
}

struct Measured {
    /// PSS and resident size then.
    proportional: u64,
    resident: u64,
    again: Instant,
}

impl Shares {
    /// The proportional size now, as far as that is known.
    pub(super) fn memory(&self, resident: u64) -> u64 {
        match &self.measured {
            // What was added since is its own; what is gone was its own.
            Some(measured) => (measured.proportional + resident)
                .saturating_sub(measured.resident)
                .min(resident),
            None => resident,
        }
    }

    fn is_due(&self, resident: u64, now: Instant) -> bool {
        self.measured.as_ref().is_none_or(|measured| {
            let changed = measured.resident.abs_diff(resident);
            now >= measured.again && changed * 50 > measured.resident
        })
    }
}

/// Sees to it that measuring stays cheap.
#[derive(Default)]
pub(super) struct Pacing {
    spent: Duration,
}

impl Pacing {
    /// A new look.
    pub(super) fn begin(&mut self) {
        self.spent = Duration::ZERO;
    }

    /// Measures a process, when it is its turn and there is time.
    pub(super) fn measure(&mut self, pid: u32, resident: u64, shares: &mut Shares) {
        let began = Instant::now();
        if self.spent >= BUDGET || !shares.is_due(resident, began) {
            return;
        }
        // Another user's process does not tell: then the resident size has to do.
        let proportional = proportional(pid).unwrap_or(resident);
        let took = began.elapsed();
        self.spent += took;
        shares.measured = Some(Measured {
            proportional,
            resident,
            again: began + LEAST.max(took * REST),
        });
    }
}

/// Bytes, by `/proc/<pid>/smaps_rollup`.
fn proportional(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let kilobytes = text
        .lines()
        .find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix("kB"))?;
    Some(kilobytes.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_measurements_it_follows_the_resident_size() {
        let shares = Shares {
            measured: Some(Measured {
                proportional: 600,
                resident: 1000,
                again: Instant::now(),
            }),
        };
        assert_eq!(shares.memory(1000), 600);
        assert_eq!(shares.memory(1500), 1100);
        assert_eq!(shares.memory(500), 100);
        assert_eq!(shares.memory(100), 0);
        assert_eq!(Shares::default().memory(700), 700);
    }

    #[test]
    fn a_process_that_hardly_changed_is_left_alone() {
        let mut shares = Shares::default();
        let mut pacing = Pacing::default();
        pacing.measure(std::process::id(), 1_000_000, &mut shares);
        let measured = shares.measured.as_ref().unwrap();
        assert!(measured.proportional > 0);
        let later = measured.again;
        assert!(!shares.is_due(1_010_000, later), "one per cent more");
        assert!(shares.is_due(1_100_000, later), "ten per cent more");
        assert!(
            !shares.is_due(1_100_000, later.checked_sub(Duration::from_secs(1)).unwrap()),
            "too early"
        );
    }

    #[test]
    fn this_process_has_a_share() {
        let share = proportional(std::process::id()).unwrap();
        assert!(share > 100_000, "{share}");
        assert_eq!(proportional(u32::MAX), None);
    }
}
