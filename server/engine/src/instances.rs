//! Instances: configuration, supervision, logs.
//!
//! # How it works
//! [`Instances`] is a handle. Configuration lives in the database; each instance's keeper task owns its run.
//! Rows are kept in memory, and each change of one is published on the bus.

mod adoption;
pub(crate) mod backoff;
mod clone;
mod create;
mod delete;
mod differences;
pub(crate) mod environment;
mod family;
pub(crate) mod fields;
pub mod forwards;
mod handover;
pub(crate) mod home;
mod keeper;
mod launch;
mod logs;
mod order;
mod ports;
mod probe;
mod reasons;
mod restore;
mod rows;
mod satellites;
pub(crate) mod shell;
mod supervisor;
mod transitions;
pub(crate) mod tree;
mod update;
mod workshop;

use std::collections::HashMap;
use std::sync::Arc;

use forwards::Forwards;
use rows::Rows;
use supervisor::Supervisor;
use tokio::sync::Mutex;
use types::blueprints::Subpath;
use types::instances::{Instance, InstanceId};

use crate::blueprints::Blueprints;
use crate::data_dir::DataDir;
use crate::db::Database;
use crate::events::Events;
use crate::jobs::Jobs;
use crate::runner::LocalRunner;
use crate::{EngineConfig, Result};

pub use self::logs::LogFollower;
pub(crate) use self::logs::read as read_log;
pub(crate) use self::reasons::STOPPED;
pub(crate) use self::supervisor::LiveRun;
pub(crate) use self::workshop::{Hold, Workshop};
pub use crate::runner::Duplex;

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
    supervisor: Supervisor,
    forwards: Forwards,
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
        let rows = clone::finish(&parts.dir, &parts.db, &parts.jobs, rows).await?;
        let mut rows = delete::finish(&parts.dir, &parts.db, &parts.jobs, rows).await?;
        let known: HashMap<String, (String, Subpath)> = parts
            .blueprints
            .list()
            .await?
            .into_iter()
            .map(|blueprint| (blueprint.filename, (blueprint.name, blueprint.subpath)))
            .collect();
        for row in &mut rows {
            if let Some((name, subpath)) = known.get(&row.base_blueprint) {
                row.blueprint_name.clone_from(name);
                row.subpath = *subpath;
            }
        }
        let runner = LocalRunner::new(parts.config.shim_program.clone(), parts.dir.runs())
            .with_nvml(parts.config.nvml_library.clone());
        let instances = Self {
            inner: Arc::new(Inner {
                supervisor: Supervisor::new(Arc::new(runner)),
                forwards: Forwards::default(),
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
        adoption::adopt(&instances.inner).await?;
        forwards::follow(&instances.inner);
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
}

/// Where to read a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPosition {
    /// From this byte.
    Offset(u64),
    /// So many bytes before the end, begun at a line.
    Tail(u64),
}
