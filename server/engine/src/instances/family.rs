//! An instance and its satellites share one directory: who changes what lies in it looks at all of them first.

use types::instances::Instance;

use super::Inner;
use crate::{Error, Result};
use types::instances::InstanceId;

impl Inner {
    /// Refuses a change of what satellites share while one of them runs.
    pub(super) fn check_satellites_rest(&self, row: &Instance) -> Result<()> {
        let running = self.satellites(row.id).into_iter();
        let satellites: Vec<String> = running
            .filter(|satellite| satellite.status.is_active())
            .map(|satellite| satellite.name)
            .collect();
        if satellites.is_empty() {
            return Ok(());
        }
        Err(Error::SatellitesRun {
            name: row.name.clone(),
            satellites,
        })
    }

    /// Refuses what only an instance with files of its own can be asked for.
    pub(super) fn refuse_satellite(&self, row: &Instance) -> Result<()> {
        let Some(parent) = row.parent_instance_id else {
            return Ok(());
        };
        Err(Error::IsSatellite {
            name: row.name.clone(),
            parent: self
                .rows
                .get(parent)
                .map(|parent| parent.name)
                .unwrap_or_default(),
        })
    }

    pub(super) fn satellites(&self, id: InstanceId) -> Vec<Instance> {
        let rows = self.rows.list().into_iter();
        rows.filter(|row| row.parent_instance_id == Some(id)).collect()
    }
}
