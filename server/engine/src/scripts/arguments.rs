//! The launch arguments: a field of the instance that is edited like a file.

use types::instances::{Instance, InstanceChange, InstanceId};
use types::scripts::{Saving, Script, ScriptFile, VersionOrigin};

use super::folder::Folder;
use super::history::History;
use super::{Edit, Scripts, version_of};
use crate::{Error, Result, blocking};

/// The field as people see it.
pub(super) fn script(instance: &Instance) -> Script {
    Script {
        file: ScriptFile::LaunchArgs,
        version: version_of(Some(instance.launch_args.as_bytes())),
        content: instance.launch_args.clone(),
        exists: true,
        blueprint: None,
        read_only: None,
    }
}

impl Scripts {
    /// Saves the field by the rules that hold for its form.
    pub(super) async fn save_arguments(
        &self,
        id: InstanceId,
        edit: Edit,
        origin: VersionOrigin,
    ) -> Result<Saving> {
        loop {
            let before = self.instances.get(id).await?;
            let present = script(&before);
            if edit
                .version
                .as_ref()
                .is_some_and(|began| *began != present.version)
            {
                return Ok(Saving::Stale(present));
            }
            self.keep_arguments(&before, VersionOrigin::Found).await?;
            let change = InstanceChange {
                row_version: Some(before.row_version),
                launch_args: Some(edit.content.clone()),
                ..InstanceChange::default()
            };
            let after = match self.instances.update(id, change, false).await {
                // Perhaps another field: look again.
                Err(Error::StaleRow { .. }) => continue,
                after => after?,
            };
            if let Err(error) = self.keep_arguments(&after, origin).await {
                tracing::warn!(instance.id = %id, %error, "a version of the launch arguments was not kept");
            }
            return Ok(Saving::Saved(script(&after)));
        }
    }

    async fn keep_arguments(&self, instance: &Instance, origin: VersionOrigin) -> Result<()> {
        let _still = self.instances.keep_still().await;
        // Gone in the meantime: then nothing may be made in its place.
        self.instances.get(instance.id).await?;
        let path = self.instances.own_directory(instance);
        let text = instance.launch_args.clone();
        blocking(move || {
            // A satellite has no directory before its first run.
            match std::fs::create_dir(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(Error::file(&path)(error));
                }
                _ => {}
            }
            let mut history = History::begin(&Folder::open(&path)?, ScriptFile::LaunchArgs.file_name())?;
            history.keep(text.as_bytes(), origin)
        })
        .await
    }
}
