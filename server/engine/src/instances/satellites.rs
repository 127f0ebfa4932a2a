//! Satellites: instances that run the script of another one, in its directory and with its environment.
//!
//! A satellite has a row of its own, and a directory of its own that holds its logs and what its run is given.

use types::copies::NewSatellite;
use types::instances::{Instance, InstanceId, Status};
use types::names::InstanceName;

use super::create::{Files, free_name, never_ran};
use super::{Inner, Instances, fields};
use crate::{Error, Result};

/// What satellites have of their parent and cannot change: all that makes the environment.
pub(super) const SHARED: [&str; 4] = [
    "base_blueprint",
    "python_version",
    "cuda_version",
    "torch_version",
];

impl Instances {
    /// Adds a stopped satellite of `parent`.
    pub async fn instantiate(&self, parent: InstanceId, new: NewSatellite) -> Result<Instance> {
        let inner = &self.inner;
        let _changes = inner.changes.lock().await;
        let parent = inner.rows.get(parent)?;
        inner.refuse_satellite(&parent)?;
        if parent.status == Status::Installing {
            return Err(Error::WrongStatus {
                name: parent.name,
                status: parent.status,
                verb: "adding a satellite",
            });
        }
        let name = match fields::optional(new.new_name.clone()) {
            Some(name) => name,
            None => free_name(&inner.rows.list(), &parent.name, "satellite"),
        };
        let name = InstanceName::new(&name)?;
        let row = satellite(&name, &parent, new)?;
        fields::check(&row)?;
        fields::contained_output(&inner.dir, &row)?;
        let row = inner.add(&name, row, Files::None).await?;
        inner.put_after(row.id, parent.id).await?;
        inner.rows.get(row.id)
    }
}

impl Inner {
    /// Its satellites as they have to be when the parent's columns change.
    pub(super) fn satellites_beside(&self, parent: &Instance) -> Vec<Instance> {
        let like_parent = |row: Instance| Instance {
            base_blueprint: parent.base_blueprint.clone(),
            blueprint_name: parent.blueprint_name.clone(),
            subpath: parent.subpath,
            python_version: parent.python_version.clone(),
            cuda_version: parent.cuda_version.clone(),
            torch_version: parent.torch_version.clone(),
            row_version: row.row_version + 1,
            updated_at: parent.updated_at,
            ..row
        };
        self.satellites(parent.id).into_iter().map(like_parent).collect()
    }
}

fn satellite(name: &InstanceName, parent: &Instance, new: NewSatellite) -> Result<Instance> {
    let gpu_ids = match new.gpu_ids {
        Some(gpus) => fields::gpu_ids(Some(gpus))?,
        None => parent.gpu_ids.clone(),
    };
    Ok(Instance {
        name: name.as_str().to_owned(),
        parent_instance_id: Some(parent.id),
        gpu_ids,
        public_port: new.public_port,
        output_path: fields::optional(new.output_path),
        ..fresh(parent)
    })
}

/// A row with the settings of another one that has never run: what only one can have, and what would start or
/// open it without being asked, is not taken over.
pub(super) fn fresh(other: &Instance) -> Instance {
    let other = other.clone();
    Instance {
        id: other.id,
        name: other.name,
        slug: other.slug,
        dir: other.dir,
        base_blueprint: other.base_blueprint,
        blueprint_name: other.blueprint_name,
        subpath: other.subpath,
        gpu_ids: other.gpu_ids,
        persistent_mode: other.persistent_mode,
        desktop: other.desktop,
        python_version: other.python_version,
        cuda_version: other.cuda_version,
        torch_version: other.torch_version,
        env_vars: other.env_vars,
        launch_args: other.launch_args,
        sort_order: other.sort_order,
        ..never_ran()
    }
}
