//! The list of instances as JSON, made once per change: dashboards and scripts poll it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;

/// Hosts under which the list is asked for at the same time; with more, all are forgotten.
const HOSTS_MAX: usize = 8;

/// One text per scheme and host that is asked, because links in it hold both.
#[derive(Default)]
pub(crate) struct ListCache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    generation: u64,
    by_host: HashMap<String, Bytes>,
}

impl ListCache {
    /// The text made at this generation (number of events published so far), if there is one.
    pub(crate) fn get(&self, generation: u64, host: &str) -> Option<Bytes> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (entries.generation == generation)
            .then(|| entries.by_host.get(host).cloned())
            .flatten()
    }

    /// Keeps a text. `generation` must be from *before* the rows were read.
    pub(crate) fn put(&self, generation: u64, host: &str, text: Bytes) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.generation != generation || entries.by_host.len() >= HOSTS_MAX {
            entries.by_host.clear();
        }
        entries.generation = generation;
        entries.by_host.insert(host.to_owned(), text);
    }
}
