//! What runs on this machine use, measured for all of them in one go.

use std::collections::HashMap;
use std::io;

use super::leftovers::found;
use super::local::{LocalHandle, TICKS_PER_SECOND};
use super::{Handle, Measure, Meter, RunKey};
use crate::process::Identity;
use crate::process::ports::{self, Listeners};
use crate::process::usage::Watched;
use crate::shim::record::{self, Running};

/// Measures runs of this machine.
pub(super) struct LocalMeter {
    watched: Watched,
    /// Shims of the runs of the last look.
    shims: HashMap<RunKey, Identity>,
    /// The processes below each shim in the last look.
    trees: HashMap<u32, Vec<u32>>,
    ports: HashMap<u32, Vec<u16>>,
    /// What the open ports were found from: the sockets that listen, and the processes.
    seen: (Listeners, Vec<u32>),
}

impl LocalMeter {
    pub(super) fn new() -> Self {
        Self {
            watched: Watched::new(),
            shims: HashMap::new(),
            trees: HashMap::new(),
            ports: HashMap::new(),
            seen: (Listeners::new(), Vec::new()),
        }
    }

    /// The pid of a run's shim; none when it has ended or did not come up yet.
    fn shim(&mut self, handle: &LocalHandle) -> Option<u32> {
        if let Some(shim) = self.shims.get(&handle.key) {
            return Some(shim.pid);
        }
        let running: Running = found(record::read(&handle.run_dir, record::SHIM)).ok()??;
        // After a reboot the number means another process.
        if !running.shim.is_alive().unwrap_or(false) {
            return None;
        }
        let pid = running.shim.pid;
        self.shims.insert(handle.key.clone(), running.shim);
        Some(pid)
    }
}

impl Meter for LocalMeter {
    fn measure(&mut self, runs: &[Handle]) -> io::Result<Vec<Measure>> {
        let handles: Vec<Option<LocalHandle>> = runs
            .iter()
            .map(|handle| serde_json::from_value(handle.0.clone()).ok())
            .collect();
        self.shims
            .retain(|key, _| handles.iter().flatten().any(|handle| handle.key == *key));
        let roots: Vec<Option<u32>> = handles.iter().map(|handle| self.shim(handle.as_ref()?)).collect();
        let known: Vec<u32> = roots.iter().flatten().copied().collect();
        let mut usage = self.watched.look(&known)?;
        self.trees = usage
            .iter()
            .map(|(root, used)| (*root, used.pids.clone()))
            .collect();
        let measured = roots.into_iter().map(|root| {
            let used = root.and_then(|root| usage.remove(&root)).unwrap_or_default();
            let ports = root.and_then(|root| self.ports.get(&root).cloned());
            Measure {
                cpu_ms: used.ticks * 1000 / TICKS_PER_SECOND,
                memory: used.memory,
                threads: used.threads,
                pids: used.pids,
                ports: ports.unwrap_or_default(),
            }
        });
        Ok(measured.collect())
    }

    fn look_at_ports(&mut self) -> io::Result<()> {
        let mut pids: Vec<u32> = self.trees.values().flatten().copied().collect();
        pids.sort_unstable();
        let now = (ports::listeners()?, pids);
        // Going through the open files of every process is the expensive part.
        if now == self.seen {
            return Ok(());
        }
        let of_tree = |(root, pids): (&u32, &Vec<u32>)| (*root, ports::listened_by(pids, &now.0));
        self.ports = self.trees.iter().map(of_tree).collect();
        self.seen = now;
        Ok(())
    }

    fn name(&self, pid: u32) -> Option<String> {
        self.watched.name(pid).map(str::to_owned)
    }
}
