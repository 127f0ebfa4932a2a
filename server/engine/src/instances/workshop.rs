//! An instance's directory for those who work in it: what it holds, who else uses it, and nobody starting meanwhile.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;
use types::blueprints::Blueprint;
use types::instances::{Instance, InstanceId, Status};

use super::{Instances, environment, launch};
use crate::data_dir::DataDir;
use crate::{Error, Result};

/// An instance that owns a directory, and the satellites that share it.
pub(crate) struct Workshop {
    pub(crate) row: Instance,
    pub(crate) satellites: Vec<Instance>,
    /// Its directory.
    pub(crate) dir: PathBuf,
    /// What its own script says about itself.
    pub(crate) blueprint: Blueprint,
}

impl Workshop {
    /// Where its environment is.
    pub(crate) fn environment(&self) -> PathBuf {
        let path = self.blueprint.venv_path.trim_start_matches("./");
        self.dir.join(path)
    }

    /// Refuses while a satellite runs: it would lose what it stands on.
    pub(crate) fn refuse_running_satellites(&self) -> Result<()> {
        let running = self.satellites.iter().filter(|row| row.status.is_active());
        let satellites: Vec<String> = running.map(|row| row.name.clone()).collect();
        if satellites.is_empty() {
            return Ok(());
        }
        Err(Error::SatellitesRun {
            name: self.row.name.clone(),
            satellites,
        })
    }
}

/// Keeps instances from being started, until it is dropped.
pub(crate) struct Hold {
    instances: Instances,
    held: Vec<Instance>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        for before in &self.held {
            let _ = self.instances.inner.rows.change(before.id, |row| {
                if row.status == Status::Installing {
                    row.status = before.status;
                    row.status_reason.clone_from(&before.status_reason);
                }
                Ok(())
            });
        }
    }
}

impl Instances {
    /// The directory an instance runs in; a satellite's is its parent's.
    pub(crate) async fn workshop(&self, id: InstanceId) -> Result<Workshop> {
        let asked = self.inner.rows.get(id)?;
        let row = match asked.parent_instance_id {
            Some(parent) => self.inner.rows.get(parent)?,
            None => asked,
        };
        let rows = self.inner.rows.list().into_iter();
        Ok(Workshop {
            satellites: rows
                .filter(|other| other.parent_instance_id == Some(row.id))
                .collect(),
            dir: launch::conf_dir(&self.inner, &row)?,
            blueprint: launch::blueprint(&self.inner, &row).await?,
            row,
        })
    }

    /// The same for who changes it: refused for a satellite, which shares what it does not own.
    pub(crate) async fn own_workshop(&self, id: InstanceId) -> Result<Workshop> {
        let asked = self.inner.rows.get(id)?;
        let workshop = self.workshop(id).await?;
        if asked.parent_instance_id.is_some() {
            return Err(Error::SharesDirectory {
                name: asked.name,
                parent: workshop.row.name,
            });
        }
        Ok(workshop)
    }

    /// Keeps an instance and its satellites from being started; they must be at rest.
    pub(crate) async fn hold(&self, workshop: &Workshop, why: &str) -> Result<Hold> {
        let _changes = self.inner.changes.lock().await;
        let mut hold = Hold {
            instances: self.clone(),
            held: Vec::new(),
        };
        for id in [&workshop.row]
            .into_iter()
            .chain(&workshop.satellites)
            .map(|row| row.id)
        {
            let before = self.inner.rows.change(id, |row| {
                if !row.status.can_start() {
                    return Err(Error::WrongStatus {
                        name: row.name.clone(),
                        status: row.status,
                        verb: "this",
                    });
                }
                let before = row.clone();
                row.status = Status::Installing;
                why.clone_into(&mut row.status_reason);
                Ok(before)
            })?;
            hold.held.push(before);
        }
        Ok(hold)
    }

    /// Waits until an instance is so.
    pub(crate) async fn until(
        &self,
        id: InstanceId,
        cancel: &CancellationToken,
        is_so: impl Fn(&Instance) -> bool,
    ) -> Result<Instance> {
        let mut events = self.inner.events.subscribe();
        loop {
            let row = self.inner.rows.get(id)?;
            if is_so(&row) {
                return Ok(row);
            }
            tokio::select! {
                // Whatever was said, or missed: look again.
                _ = events.recv() => {}
                () = cancel.cancelled() => return Err(Error::Cancelled),
            }
        }
    }

    /// What an instance's script gets of the panel's own environment, and what the person chose for it.
    pub(crate) fn tool_environment(row: &Instance) -> Result<Vec<(String, String)>> {
        let mut env = environment::passed();
        env.extend(environment::wanted(row)?);
        Ok(env)
    }

    /// The data directory.
    pub(crate) fn data_dir(&self) -> &DataDir {
        &self.inner.dir
    }
}
