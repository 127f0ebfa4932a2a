//! How much room the files of running instances take. Counting them takes long, so it is done seldom, one directory
//! after the other, beside everything else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use types::instances::InstanceId;

use super::lock;
use crate::data_dir::DataDir;
use crate::instances::{LiveRun, tree};

/// A directory is counted again after so long, or so many times what counting it took.
const AGAIN: Duration = Duration::from_mins(30);
const REST: u32 = 1000;

/// What was counted.
pub(super) struct Disks {
    dir: DataDir,
    known: Arc<Mutex<HashMap<InstanceId, Size>>>,
    /// One at a time.
    counting: Arc<tokio::sync::Semaphore>,
}

#[derive(Clone, Copy)]
struct Size {
    bytes: u64,
    again: Instant,
}

impl Disks {
    pub(super) fn new(dir: DataDir) -> Self {
        Self {
            dir,
            known: Arc::default(),
            counting: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }

    /// What is known now, one for each run; begins to count one that is due.
    pub(super) fn sizes(&self, runs: &[LiveRun]) -> Vec<Option<u64>> {
        let now = Instant::now();
        let (sizes, due) = {
            let mut known = lock(&self.known);
            known.retain(|id, _| runs.iter().any(|run| run.id == *id));
            let sizes = runs
                .iter()
                .map(|run| known.get(&run.id).map(|size| size.bytes))
                .collect();
            let is_due = |run: &&LiveRun| known.get(&run.id).is_none_or(|size| now >= size.again);
            (sizes, runs.iter().find(is_due).cloned())
        };
        if let Some(run) = due
            && let Ok(turn) = Arc::clone(&self.counting).try_acquire_owned()
        {
            let (path, known) = (self.dir.instance(&run.dir), Arc::clone(&self.known));
            tokio::task::spawn_blocking(move || {
                let began = Instant::now();
                // A directory that cannot be read is as good as an empty one until the next time.
                let bytes = tree::measure(&path).map_or(0, |size| size.bytes);
                let again = Instant::now() + AGAIN.max(began.elapsed() * REST);
                lock(&known).insert(run.id, Size { bytes, again });
                drop(turn);
            });
        }
        sizes
    }
}
