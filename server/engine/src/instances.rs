//! Instances: configuration, supervision, logs.
//!
//! # How it works
//! [`Instances`] is a handle. Configuration lives in the database; the supervisor task owns the runs and
//! publishes each row on the bus whenever something of it changes.

mod create;
mod delete;
mod differences;
pub(crate) mod fields;
mod order;
mod ports;
mod rows;
mod script;
mod tree;
mod update;

use std::collections::HashMap;
use std::sync::Arc;

use rows::Rows;
use tokio::sync::Mutex;
use types::instances::{Instance, InstanceId};
use types::logs::{LogChunk, Run};

use crate::blueprints::Blueprints;
use crate::data_dir::DataDir;
use crate::db::Database;
use crate::events::Events;
use crate::jobs::Jobs;
use crate::{EngineConfig, Error, Result};

pub use crate::runner::Duplex;

/// A followed log: pieces as they are written.
pub struct LogFollower {
    _private: (),
}

impl LogFollower {
    /// The next piece: at once when bytes are there, otherwise as soon as some are written. A new run (when
    /// the newest was asked for) begins with a piece whose `run` is higher and whose `offset` is 0. Never
    /// ends by itself while the instance exists and the newest run is followed; `None` at the end of an old run.
    pub async fn next(&mut self) -> Option<LogChunk> {
        None
    }
}

/// Handle to the instances.
#[derive(Clone)]
pub struct Instances {
    inner: Arc<Inner>,
}

/// What every verb works with.
struct Inner {
    config: EngineConfig,
    dir: DataDir,
    db: Database,
    events: Events,
    jobs: Jobs,
    blueprints: Blueprints,
    rows: Rows,
    /// Held from looking to committing: one change of configuration at a time, so that memory, database and
    /// directories change in the same order. Never held while something runs or is waited for.
    changes: Mutex<()>,
}

/// What the engine hands over when it opens the instances.
pub(crate) struct Parts {
    pub(crate) config: EngineConfig,
    pub(crate) dir: DataDir,
    pub(crate) db: Database,
    pub(crate) events: Events,
    pub(crate) jobs: Jobs,
    pub(crate) blueprints: Blueprints,
}

impl Instances {
    /// Reads the configuration and finishes what an earlier panel left half done.
    pub(crate) async fn open(parts: Parts) -> Result<Self> {
        let rows = crate::db::instances::list(parts.db.read()).await?;
        let mut rows = delete::finish(&parts.dir, &parts.db, &parts.jobs, rows).await?;
        let names: HashMap<String, String> = parts
            .blueprints
            .list()
            .await?
            .into_iter()
            .map(|blueprint| (blueprint.filename, blueprint.name))
            .collect();
        for row in &mut rows {
            if let Some(name) = names.get(&row.base_blueprint) {
                row.blueprint_name.clone_from(name);
            }
        }
        let instances = Self {
            inner: Arc::new(Inner {
                rows: Rows::new(parts.events.clone(), rows),
                config: parts.config,
                dir: parts.dir,
                db: parts.db,
                events: parts.events,
                jobs: parts.jobs,
                blueprints: parts.blueprints,
                changes: Mutex::new(()),
            }),
        };
        Ok(instances)
    }

    /// Every instance in table order. `open_url` is empty; who knows the asking host fills it in.
    #[expect(clippy::unused_async, reason = "the verbs look alike to their callers")]
    pub async fn list(&self) -> Result<Vec<Instance>> {
        Ok(self.inner.rows.list())
    }

    /// One instance.
    #[expect(clippy::unused_async, reason = "the verbs look alike to their callers")]
    pub async fn get(&self, id: InstanceId) -> Result<Instance> {
        self.inner.rows.get(id)
    }

    /// One instance by its part of the address; answers from memory.
    #[expect(clippy::unused_async, reason = "the verbs look alike to their callers")]
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Instance>> {
        Ok(self.inner.rows.find(|row| row.slug == slug))
    }

    /// Starts; returns as soon as the status is `starting`.
    pub async fn start(&self, id: InstanceId) -> Result<Instance> {
        Err(Error::UnknownInstance(id))
    }

    /// Asks to stop; returns as soon as the status is `stopping`. The proof comes as an event.
    pub async fn stop(&self, id: InstanceId) -> Result<Instance> {
        Err(Error::UnknownInstance(id))
    }

    /// Stops with proof, then starts; returns at once.
    pub async fn restart(&self, id: InstanceId) -> Result<Instance> {
        Err(Error::UnknownInstance(id))
    }

    /// Runs whose records are kept, newest first.
    pub async fn runs(&self, id: InstanceId) -> Result<Vec<Run>> {
        Err(Error::UnknownInstance(id))
    }

    /// At most 1 MiB of a run's log from `offset` (`run: None` = newest). A negative view: `tail` = the last
    /// `n` bytes instead of `offset`.
    pub async fn log(&self, id: InstanceId, run: Option<u32>, position: LogPosition) -> Result<LogChunk> {
        let _ = (run, position);
        Err(Error::UnknownInstance(id))
    }

    /// A run's log as it grows (`run: None` = newest and those after it).
    pub async fn follow_log(&self, id: InstanceId, run: Option<u32>, offset: u64) -> Result<LogFollower> {
        let _ = (run, offset);
        Err(Error::UnknownInstance(id))
    }

    /// A connection to the app's internal port.
    pub async fn connect(&self, id: InstanceId) -> Result<Box<dyn Duplex>> {
        Err(Error::UnknownInstance(id))
    }
}

/// Where to read a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPosition {
    /// From this byte.
    Offset(u64),
    /// So many bytes before the end, begun at a line.
    Tail(u64),
}
