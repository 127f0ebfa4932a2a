//! What trees of processes use, looked at again and again.
//!
//! # How it works
//! A look at 200 processes every second must cost next to nothing. So the `stat` file of every process of interest
//! is opened once and read again: that is one system call, and as the file belongs to the process and not to its
//! number, a number that went to somebody else is never taken for it. What slept since the last look is not even read
//! (`clock.rs`). New processes are looked for only after the kernel has given out a new number (`/proc/loadavg` ends
//! with the last one), and among those only.

mod clock;
mod shares;
mod stat;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use self::clock::ProcessorClock;
use self::shares::{Pacing, Shares};
pub(crate) use self::stat::Counters;

/// Processes looked at at once; more are not counted, so that a fork bomb takes no file from the panel.
const MOST: usize = 4096;
/// Every process is looked at anew after so long, whatever was seen before: a parent may have changed.
const WHOLE: Duration = Duration::from_secs(30);

/// What one tree uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time since the last look, clock ticks.
    pub(crate) ticks: u64,
    /// Bytes; what is shared counts once, as far as it was measured.
    pub(crate) memory: u64,
    /// Living processes.
    pub(crate) pids: Vec<u32>,
    /// Their threads.
    pub(crate) threads: u32,
}

/// The processes of interest.
pub(crate) struct Watched {
    processes: HashMap<u32, Process>,
    /// Numbers of those that belong to nobody here.
    strangers: HashSet<u32>,
    last_pid: u64,
    looked: Instant,
    roots: Vec<u32>,
    pacing: Pacing,
    page: u64,
    buffer: [u8; 1024],
}

struct Process {
    stat: File,
    clock: ProcessorClock,
    root: u32,
    counters: Counters,
    ticks: u64,
    shares: Shares,
}

impl Watched {
    pub(crate) fn new() -> Self {
        Self {
            processes: HashMap::new(),
            strangers: HashSet::new(),
            last_pid: 0,
            looked: Instant::now(),
            roots: Vec::new(),
            pacing: Pacing::default(),
            page: super::page_bytes(),
            buffer: [0; 1024],
        }
    }

    /// The name of a process seen in the last look.
    pub(crate) fn name(&self, pid: u32) -> Option<&str> {
        self.processes
            .get(&pid)
            .map(|process| process.counters.name.as_str())
    }

    /// What the trees below these processes use; the processes themselves do not count.
    pub(crate) fn look(&mut self, roots: &[u32]) -> io::Result<HashMap<u32, Usage>> {
        self.read_again();
        let last_pid = last_pid()?;
        let anew = roots != self.roots || self.looked.elapsed() > WHOLE;
        if anew {
            self.strangers.clear();
            self.looked = Instant::now();
            roots.clone_into(&mut self.roots);
        }
        if anew || last_pid != self.last_pid {
            self.find(roots)?;
            self.last_pid = last_pid;
        }
        self.measure_shares();
        Ok(self.sums(roots))
    }

    /// Reads every known process again that did not sleep; those that ended are forgotten.
    fn read_again(&mut self) {
        let buffer = &mut self.buffer;
        self.processes.retain(|_, process| {
            process.ticks = 0;
            if !process.clock.moved() {
                return true;
            }
            let read = process.stat.read_at(buffer, 0).unwrap_or(0);
            let before = process.counters.cpu_ticks;
            let is_alive = process.counters.update(&buffer[..read]) && process.counters.is_alive();
            process.ticks = process.counters.cpu_ticks.saturating_sub(before);
            is_alive
        });
    }

    /// Looks at processes that are not known yet, and keeps those below the roots.
    fn find(&mut self, roots: &[u32]) -> io::Result<()> {
        let mut unknown: HashMap<u32, (File, Counters)> = HashMap::new();
        let mut present = HashSet::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            present.insert(pid);
            if self.processes.contains_key(&pid) || self.strangers.contains(&pid) {
                continue;
            }
            if let Some(found) = open(pid, &mut self.buffer) {
                unknown.insert(pid, found);
            }
        }
        self.strangers.retain(|pid| present.contains(pid));
        // Where a whole look is taken, a process may have got another parent.
        let parents: HashMap<u32, u32> = unknown
            .iter()
            .map(|(pid, (_, counters))| (*pid, counters.parent))
            .chain(
                self.processes
                    .iter()
                    .map(|(pid, process)| (*pid, process.counters.parent)),
            )
            .collect();
        self.processes
            .retain(|pid, process| match root_of(*pid, &parents, roots) {
                Some(root) => {
                    process.root = root;
                    true
                }
                None => false,
            });
        for (pid, (stat, counters)) in unknown {
            match root_of(pid, &parents, roots) {
                Some(root) if counters.is_alive() && self.processes.len() < MOST => {
                    let process = Process {
                        stat,
                        clock: ProcessorClock::of(pid),
                        root,
                        // It began after the last look: all of its time belongs to this one. Not at the first
                        // look at a tree, of which nobody knows when it used it.
                        ticks: if self.last_pid == 0 { 0 } else { counters.cpu_ticks },
                        counters,
                        shares: Shares::default(),
                    };
                    self.processes.insert(pid, process);
                }
                Some(_) => {}
                None => drop(self.strangers.insert(pid)),
            }
        }
        Ok(())
    }

    fn measure_shares(&mut self) {
        let page = self.page;
        self.pacing.begin();
        for (pid, process) in &mut self.processes {
            let resident = process.counters.resident_pages * page;
            self.pacing.measure(*pid, resident, &mut process.shares);
        }
    }

    fn sums(&self, roots: &[u32]) -> HashMap<u32, Usage> {
        let mut sums: HashMap<u32, Usage> = roots.iter().map(|root| (*root, Usage::default())).collect();
        for (pid, process) in &self.processes {
            let Some(sum) = sums.get_mut(&process.root) else {
                continue;
            };
            sum.ticks += process.ticks;
            sum.memory += process.shares.memory(process.counters.resident_pages * self.page);
            sum.threads += process.counters.threads;
            sum.pids.push(*pid);
        }
        sums
    }
}

fn open(pid: u32, buffer: &mut [u8]) -> Option<(File, Counters)> {
    let stat = File::open(format!("/proc/{pid}/stat")).ok()?;
    let read = stat.read_at(buffer, 0).ok()?;
    Some((stat, Counters::parse(&buffer[..read])?))
}

/// The root a process descends from.
fn root_of(pid: u32, parents: &HashMap<u32, u32>, roots: &[u32]) -> Option<u32> {
    let mut at = pid;
    // Longer chains are no trees of ours; a circle cannot be, but numbers may have changed hands meanwhile.
    for _ in 0..256 {
        at = *parents.get(&at)?;
        if roots.contains(&at) {
            return Some(at);
        }
    }
    None
}

/// The number the kernel gave out last.
fn last_pid() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let last = text.split_whitespace().last().and_then(|last| last.parse().ok());
    last.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(script: &str) -> std::process::Child {
        #[expect(clippy::disallowed_methods, reason = "a test looks at processes of its own")]
        let mut command = std::process::Command::new("bash");
        command.args(["-c", script]).spawn().unwrap()
    }

    /// Looks until it is so.
    fn until(watched: &mut Watched, root: u32, is_so: impl Fn(&Usage) -> bool) -> Usage {
        let began = Instant::now();
        loop {
            let usage = watched.look(&[root]).unwrap().remove(&root).unwrap();
            if is_so(&usage) {
                return usage;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "{usage:?}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_tree_is_everything_below_its_root_as_it_comes_and_goes() {
        let mut root = child("sleep 1000 & (sleep 1001 & wait) & wait");
        let mut watched = Watched::new();
        let usage = until(&mut watched, root.id(), |usage| usage.pids.len() == 3);
        assert_eq!(usage.threads, 3);
        assert!(usage.memory > 100_000, "{usage:?}");
        assert_eq!(
            watched.name(usage.pids[0]).map(|name| name.len() >= 4),
            Some(true)
        );
        let gone = usage.pids[0];
        crate::process::end(gone);
        let usage = until(&mut watched, root.id(), |usage| !usage.pids.contains(&gone));
        assert!(usage.pids.len() < 3);
        for pid in usage.pids {
            crate::process::end(pid);
        }
        until(&mut watched, root.id(), |usage| usage.pids.is_empty());
        let _ = root.kill();
        root.wait().unwrap();
    }

    #[test]
    fn processor_time_is_what_was_used_between_two_looks() {
        let mut root = child("bash -c 'while :; do :; done' & wait");
        let mut watched = Watched::new();
        until(&mut watched, root.id(), |usage| usage.pids.len() == 1);
        let busy = until(&mut watched, root.id(), |usage| usage.ticks > 0);
        for pid in busy.pids {
            crate::process::end(pid);
        }
        root.wait().unwrap();
    }

    #[test]
    fn a_stranger_does_not_count() {
        let mut watched = Watched::new();
        let mut other = child("sleep 1000");
        let usage = watched.look(&[u32::MAX]).unwrap();
        assert_eq!(usage[&u32::MAX], Usage::default());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn numbers_that_point_at_each_other_end_nowhere() {
        let parents = HashMap::from([(5, 6), (6, 5), (7, 4), (4, 3)]);
        assert_eq!(root_of(5, &parents, &[3]), None);
        assert_eq!(root_of(7, &parents, &[3]), Some(3));
    }
}
