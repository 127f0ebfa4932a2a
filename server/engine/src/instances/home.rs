//! Whose files an instance runs with, for who edits them.

use std::path::PathBuf;

use tokio::sync::MutexGuard;
use types::instances::{Instance, InstanceId};

use super::Instances;
use crate::{Error, Result};

/// An instance and the directory its script lies in: the parent's for a satellite.
pub(crate) struct Home {
    pub(crate) instance: Instance,
    pub(crate) path: PathBuf,
    /// The name of the instance the directory belongs to, when that is another one.
    parent: Option<String>,
    /// Names of satellites that run with these files now.
    busy: Vec<String>,
}

impl Home {
    /// Refuses to change files that belong to another instance, or that others run with.
    pub(crate) fn check_writable(&self) -> Result<()> {
        let name = self.instance.name.clone();
        if let Some(parent) = self.parent.clone() {
            return Err(Error::SharedScript { name, parent });
        }
        if !self.busy.is_empty() {
            let satellites = self.busy.clone();
            return Err(Error::SatellitesRun { name, satellites });
        }
        Ok(())
    }
}

impl Instances {
    /// Keeps directories and configuration as they are until it is dropped. Never held while something runs or
    /// is waited for.
    pub(crate) async fn keep_still(&self) -> MutexGuard<'_, ()> {
        self.inner.changes.lock().await
    }

    /// Where the files of an instance lie.
    pub(crate) fn home(&self, id: InstanceId) -> Result<Home> {
        let rows = &self.inner.rows;
        let instance = rows.get(id)?;
        let parent = match instance.parent_instance_id {
            Some(parent) => Some(rows.get(parent)?),
            None => None,
        };
        let runs_here = |row: &Instance| row.parent_instance_id == Some(id) && row.status.is_active();
        let busy = rows.list().into_iter().filter(runs_here).map(|row| row.name);
        let dir = parent.as_ref().map_or(&instance.dir, |parent| &parent.dir);
        Ok(Home {
            path: self.inner.dir.instance(dir),
            busy: busy.collect(),
            parent: parent.map(|parent| parent.name),
            instance,
        })
    }

    /// The directory of the instance itself, which for a satellite holds little more than its logs.
    pub(crate) fn own_directory(&self, instance: &Instance) -> PathBuf {
        self.inner.dir.instance(&instance.dir)
    }
}
