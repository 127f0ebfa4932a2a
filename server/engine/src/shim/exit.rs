//! How a run comes to its end: signals, the request to stop, the app's exit, the record of it.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use types::instances::{Exit, ExitKind, ExitSource};

use super::ending::{self, Ending};
use super::protocol::Phase;
use super::record::Ended;
use super::{HERE, Shim};
use crate::clock;
use crate::process::{self, Reap, Reaped};

/// What a session needs to end its desktop, after its app.
const TIDYING: Duration = Duration::from_secs(8);

impl Shim {
    pub(super) fn take_signals(&mut self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            if i32::try_from(signal.ssi_signo).is_ok_and(|number| number == Signal::SIGTERM as i32) {
                self.stop(Duration::from_millis(self.spec.grace_ms));
            }
        }
        loop {
            match process::reap() {
                Reap::Dead(pid, how) if pid == self.state.app_pid && self.state.exit.is_none() => {
                    self.app_ended(how);
                }
                Reap::Dead(..) => {}
                Reap::Alive => break,
                Reap::None => return self.end_run(),
            }
        }
        if self.state.exit.is_some() && self.ending.is_none() {
            // The app ended by itself and left processes behind: they belong to the run and end with it.
            self.stop(Duration::from_millis(self.spec.grace_ms));
        }
    }

    fn app_ended(&mut self, how: Reaped) {
        // What we ended ourselves was not ended for want of memory.
        let out_of_memory = self.ending.is_none() && self.memory_kills.are_recent();
        self.state.exit = Some(Exit {
            kind: kind(how, out_of_memory),
            source: ExitSource::Shim,
            at: clock::now_ms(),
        });
    }

    pub(super) fn stop(&mut self, grace: Duration) {
        if self.over.is_some() {
            return;
        }
        let grace = if self.spec.is_session {
            grace + TIDYING
        } else {
            grace
        };
        if let Some(ending) = &mut self.ending {
            ending.hurry(grace);
        } else {
            self.ending = Some(Ending::new(grace));
            self.set_state(|state| state.phase = Phase::Stopping);
        }
        self.end_what_is_left();
    }

    pub(super) fn end_what_is_left(&mut self) {
        let Some(ending) = self.ending.as_mut().filter(|ending| ending.is_due()) else {
            return;
        };
        let mut left = ending::own_descendants();
        if self.spec.is_session && self.state.exit.is_none() && !ending.is_over_time() {
            // It ends the app first, and only then what the app is shown with.
            left.retain(|process| process.pid == self.state.app_pid);
        }
        let survivors = ending.step(&left);
        if survivors != self.state.survivors {
            self.set_state(|state| state.survivors = survivors);
        }
    }

    /// Nobody is left: take the last output, tell everybody, write it down.
    fn end_run(&mut self) {
        if self.over.is_some() {
            return;
        }
        self.over = Some(Instant::now());
        self.take_output();
        self.output = None;
        self.log.note();
        self.set_state(|state| {
            state.phase = Phase::Over;
            state.survivors.clear();
        });
        // The news first: making the record durable waits for the disk.
        self.tell();
        self.keep_record();
    }

    pub(super) fn keep_record(&mut self) {
        let Some(exit) = self.state.exit else { return };
        let ended = Ended {
            exit,
            log_bytes: self.log.end(),
            lost_bytes: self.log.lost_in_all(),
        };
        self.kept = match self.record.write(Path::new(HERE), &ended) {
            Ok(()) => true,
            // The run directory was deleted under us: nobody wants the record.
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
    }
}

fn kind(how: Reaped, out_of_memory: bool) -> ExitKind {
    match how {
        // A shell reports a child ended by KILL as 137.
        Reaped::Signal(9) | Reaped::Code(137) if out_of_memory => ExitKind::OutOfMemory,
        Reaped::Signal(number) => ExitKind::Signal(number),
        Reaped::Code(code) => ExitKind::Code(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_killed_app_can_have_run_out_of_memory() {
        assert_eq!(kind(Reaped::Signal(9), true), ExitKind::OutOfMemory);
        assert_eq!(kind(Reaped::Code(137), true), ExitKind::OutOfMemory);
        assert_eq!(kind(Reaped::Signal(9), false), ExitKind::Signal(9));
        assert_eq!(kind(Reaped::Code(1), true), ExitKind::Code(1));
        assert_eq!(kind(Reaped::Signal(11), true), ExitKind::Signal(11));
    }
}
