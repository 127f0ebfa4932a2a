//! An instance's own `launch.sh` and what its metadata says.

use std::path::PathBuf;

use types::blueprints::{Blueprint, BlueprintOrigin};
use types::instances::Instance;

use super::Inner;
use crate::blueprints::metadata;
use crate::{Error, Result, blocking};

impl Inner {
    /// The directory of script and environment: a satellite's are its parent's.
    pub(super) fn program_directory(&self, row: &Instance) -> Result<PathBuf> {
        let owner = match row.parent_instance_id {
            Some(parent) => self.rows.get(parent)?.dir,
            None => row.dir.clone(),
        };
        Ok(self.dir.instance(&owner))
    }

    /// The script that a start runs.
    pub(super) fn launch_script(&self, row: &Instance) -> Result<PathBuf> {
        Ok(self.program_directory(row)?.join("launch.sh"))
    }

    /// The metadata of the instance's own script, which may differ from its blueprint's by now.
    pub(super) async fn blueprint_of(&self, row: &Instance) -> Result<Blueprint> {
        let path = self.launch_script(row)?;
        let filename = row.base_blueprint.clone();
        blocking(move || {
            let bytes = std::fs::read(&path).map_err(Error::file(&path))?;
            Ok(metadata::parse(&filename, BlueprintOrigin::Custom, &bytes))
        })
        .await
    }
}
