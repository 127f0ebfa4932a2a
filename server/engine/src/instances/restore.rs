//! Bringing a deleted instance back from the trash: its row as it was, and its directory where it lay.

use std::path::{Path, PathBuf};

use types::instances::{Instance, InstanceId};
use types::names::InstanceName;

use super::create::{check_name_is_free, free_name, free_slug};
use super::satellites::fresh;
use super::{Inner, Instances, fields};
use crate::data_dir::DataDir;
use crate::trash::record::Record;
use crate::{Error, Result, blocking, clock, db};

impl Instances {
    /// The name a deleted instance would get, and why it cannot be brought back now.
    pub(crate) fn may_restore(&self, record: &Record) -> (String, Option<String>) {
        let name = free_name(&self.inner.rows.list(), &record.instance.name, "");
        let problem = self.inner.parent_of(record).err();
        (name, problem.map(|error| error.to_string()))
    }

    /// Brings it back from `from`. It keeps its number, and what it was set to; another place, or another port, only
    /// where its own is not to be had.
    pub(crate) async fn restore(
        &self,
        record: Record,
        from: PathBuf,
        name: Option<String>,
    ) -> Result<Instance> {
        let inner = &self.inner;
        let _changes = inner.changes.lock().await;
        let name = fields::optional(name).unwrap_or_else(|| record.instance.name.clone());
        let name = InstanceName::new(&name)?;
        let rows = inner.rows.list();
        check_name_is_free(&rows, &name, None)?;
        let parent = inner.parent_of(&record)?;
        let mut row = inner.as_it_was(&record.instance, parent.as_ref()).await?;
        row.slug = free_slug(&rows, &name, None);
        name.as_str().clone_into(&mut row.name);
        row.sort_order = rows.last().map_or(0, |last| last.sort_order.saturating_add(1));
        fields::check(&row)?;
        fields::contained_output(&inner.dir, &row)?;

        let transaction = inner.db.begin().await?;
        let number = match inner.rows.get(record.instance.id) {
            Ok(_) => None, // a database that was exchanged gave it away
            Err(_) => Some(record.instance.id),
        };
        row.id = db::instances::restore(&transaction, number, &row).await?;
        let target = inner.dir.instance(&row.dir);
        move_back(&from, &target).await?;
        if let Err(error) = transaction.commit().await {
            move_back(&target, &from).await?;
            return Err(error.into());
        }
        blocking(move || {
            Record::remove(&target);
            Ok(())
        })
        .await?;
        let (id, parent) = (row.id, row.parent_instance_id);
        inner.rows.insert(row);
        if let Some(parent) = parent {
            inner.put_after(id, parent).await?;
        }
        inner.rows.get(id)
    }
}

impl Inner {
    /// The parent of a deleted satellite, which may have been deleted and restored as well.
    fn parent_of(&self, record: &Record) -> Result<Option<Instance>> {
        let Some(id) = record.instance.parent_instance_id else {
            return Ok(None);
        };
        let is_parent = |row: &Instance| match &record.parent_dir {
            Some(dir) => row.dir == *dir,
            None => row.id == id,
        };
        let parent = self
            .rows
            .find(|row| is_parent(row) && row.parent_instance_id.is_none());
        parent
            .map(Some)
            .ok_or_else(|| Error::ParentGone(record.instance.name.clone()))
    }

    /// The row of a stopped instance with everything a person had chosen, as far as nobody else has it by now.
    async fn as_it_was(&self, old: &Instance, parent: Option<&Instance>) -> Result<Instance> {
        let instances = self.dir.instances();
        let rows = self.rows.list();
        let dir = old.dir.clone();
        let free = blocking(move || {
            Ok(free_directory(&instances, &dir, |dir| {
                rows.iter().any(|row| row.dir == dir)
            }))
        })
        .await?;
        let mut row = Instance {
            parent_instance_id: parent.map(|parent| parent.id),
            autostart: old.autostart,
            public_port: old.public_port,
            port_active: old.port_active,
            access_pattern: old.access_pattern,
            public_access: old.public_access,
            hostname: old.hostname.clone(),
            use_custom_hostname: old.use_custom_hostname,
            output_path: old.output_path.clone(),
            restart_policy: old.restart_policy,
            row_version: old.row_version + 1,
            created_at: old.created_at,
            updated_at: clock::now_ms(),
            dir: free,
            ..fresh(old)
        };
        if let Some(parent) = parent {
            row.base_blueprint.clone_from(&parent.base_blueprint);
            row.blueprint_name.clone_from(&parent.blueprint_name);
            row.python_version.clone_from(&parent.python_version);
            row.cuda_version.clone_from(&parent.cuda_version);
            row.torch_version.clone_from(&parent.torch_version);
        }
        if row.dir != old.dir && row.output_path.is_none() {
            // Its outputs stayed where they are.
            row.output_path = Some(old.dir.clone());
        }
        if row
            .public_port
            .is_some_and(|port| self.check_range(port).is_err())
        {
            row.public_port = self.lowest_free_port().await?;
            row.port_active = false;
        }
        let holds_it = |other: &Instance| row.public_port.is_some() && other.public_port == row.public_port;
        if self.rows.find(holds_it).is_some() {
            // Several may hold a port; the one that has it now keeps it.
            row.port_active = false;
        }
        Ok(row)
    }
}

/// The name, with `-2`, `-3`, … while something lies there.
fn free_directory(instances: &Path, base: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut dir = base.to_owned();
    let mut number = 2;
    while taken(&dir) || instances.join(&dir).symlink_metadata().is_ok() {
        dir = format!("{base}-{number}");
        number += 1;
    }
    dir
}

async fn move_back(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    blocking(move || std::fs::rename(&from, &to).map_err(Error::file(&from))).await
}

/// A directory that a panel was bringing back when it was killed: its row was not stored, so it goes back to the trash.
pub(super) fn undo_half(dir: &DataDir, path: &Path) -> Option<InstanceId> {
    let record = Record::read(path)?;
    let base = path.file_name()?.to_string_lossy();
    let to = dir.trash().join(free_directory(&dir.trash(), &base, |_| false));
    match std::fs::rename(path, &to) {
        Ok(()) => {
            tracing::warn!(name = %record.instance.name, path = %to.display(), "restoring it was interrupted; it is in the trash again");
            Some(record.instance.id)
        }
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "restoring it was interrupted");
            None
        }
    }
}
