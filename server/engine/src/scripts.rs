//! The files of an instance that people edit: reading, saving without losing anybody's text, what they were before.
//!
//! # How it works
//! Whoever saves says which version they began with; if that is not what is there any more, nothing is written and
//! they get what is there. `launch.sh` and `requirements.txt` are files, reached through `folder.rs`. The
//! launch arguments are the instance's field, whose rules apply: `launch_args.txt` is written from it at each start.

mod arguments;
pub(crate) mod check;
pub(crate) mod differences;
pub(crate) mod files;
pub(crate) mod folder;
mod history;

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use types::blueprints::BlueprintName;
use types::instances::InstanceId;
use types::scripts::{Against, Diff, Saving, Script, ScriptCheck, ScriptFile, ScriptVersion, VersionOrigin};

use self::folder::Folder;
use self::history::History;
use crate::blueprints::Blueprints;
use crate::instances::Instances;
use crate::instances::home::Home;
use crate::{Error, Result, blocking};

/// The largest file that is edited; the largest script that starts, too.
const MAX_BYTES: u64 = crate::blueprints::metadata::MAX_BYTES;

/// Handle to the files.
#[derive(Clone)]
pub struct Scripts {
    instances: Instances,
    blueprints: Blueprints,
}

/// A text on its way into a file.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The whole text.
    pub content: String,
    /// The version it began with; none = whatever is there.
    pub version: Option<String>,
}

impl Scripts {
    pub(crate) fn new(instances: Instances, blueprints: Blueprints) -> Self {
        Self {
            instances,
            blueprints,
        }
    }

    /// A file as it is now.
    pub async fn open(&self, id: InstanceId, file: ScriptFile) -> Result<Script> {
        let home = self.instances.home(id)?;
        if file == ScriptFile::LaunchArgs {
            return Ok(arguments::script(&home.instance));
        }
        let bytes = files::read(&home, file).await?;
        self.show(&home, file, bytes).await
    }

    /// Saves a text. What was there is kept as a version.
    pub async fn save(&self, id: InstanceId, file: ScriptFile, edit: Edit) -> Result<Saving> {
        self.write(id, file, edit, VersionOrigin::Saved).await
    }

    /// Goes back to a version that was kept; `version` is the one the person sees now.
    pub async fn restore(
        &self,
        id: InstanceId,
        file: ScriptFile,
        number: u32,
        version: Option<String>,
    ) -> Result<Saving> {
        let content = self.version(id, file, number).await?;
        let edit = Edit { content, version };
        self.write(id, file, edit, VersionOrigin::Restored).await
    }

    /// Puts what the blueprint says in the file's place; `version` is the one the person sees now.
    pub async fn reset(&self, id: InstanceId, file: ScriptFile, version: Option<String>) -> Result<Saving> {
        let content = self.blueprint(&self.instances.home(id)?, file).await?;
        let edit = Edit { content, version };
        self.write(id, file, edit, VersionOrigin::Reset).await
    }

    /// Keeps a text that is not saved: a person takes somebody else's instead.
    pub async fn put_aside(&self, id: InstanceId, file: ScriptFile, content: String) -> Result<()> {
        check_text(&content)?;
        let _still = self.instances.keep_still().await;
        let path = self.directory(id, file)?;
        blocking(move || {
            let mut history = History::begin(&Folder::open(&path)?, file.file_name())?;
            history.keep(content.as_bytes(), VersionOrigin::Aside)
        })
        .await
    }

    /// The versions that were kept, newest first.
    pub async fn versions(&self, id: InstanceId, file: ScriptFile) -> Result<Vec<ScriptVersion>> {
        let home = self.instances.home(id)?;
        let present = match file {
            ScriptFile::LaunchArgs => Some(home.instance.launch_args.into_bytes()),
            _ => files::read(&home, file).await?,
        };
        let path = self.directory(id, file)?;
        blocking(move || match Folder::open(&path) {
            Ok(folder) => History::open(&folder, file.file_name())?.list(present.as_deref()),
            // A satellite has no directory before its first run.
            Err(error) if error.is_missing_file() => Ok(Vec::new()),
            Err(error) => Err(error),
        })
        .await
    }

    /// The text of a version.
    pub async fn version(&self, id: InstanceId, file: ScriptFile, number: u32) -> Result<String> {
        let path = self.directory(id, file)?;
        let bytes = blocking(move || {
            let folder = match Folder::open(&path) {
                Err(error) if error.is_missing_file() => return Err(Error::UnknownVersion(number)),
                folder => folder?,
            };
            History::open(&folder, file.file_name())?.get(number)
        });
        text(file, bytes.await?)
    }

    /// How `content`, or without it the file as it is, differs from something else, which is the left side.
    pub async fn diff(
        &self,
        id: InstanceId,
        file: ScriptFile,
        against: Against,
        content: Option<String>,
    ) -> Result<Diff> {
        let left = match against {
            Against::Present => self.open(id, file).await?.content,
            Against::Version(number) => self.version(id, file, number).await?,
            Against::Blueprint => self.blueprint(&self.instances.home(id)?, file).await?,
        };
        let right = match content {
            Some(content) => content,
            None => self.open(id, file).await?.content,
        };
        blocking(move || Ok(differences::between(&left, &right))).await
    }

    /// What bash, shellcheck and the panel itself say about a text; nothing of it is run.
    pub async fn check(&self, id: InstanceId, file: ScriptFile, content: String) -> Result<ScriptCheck> {
        let instance = self.instances.home(id)?.instance;
        check_text(&content)?;
        Ok(check::check(file, &instance.base_blueprint, content).await)
    }

    /// Makes a blueprint of an instance's launch script as it is saved now.
    pub async fn make_blueprint(&self, id: InstanceId, name: &BlueprintName) -> Result<()> {
        let script = self.open(id, ScriptFile::Script).await?;
        let origin = script.blueprint.unwrap_or_default();
        self.blueprints.add_derived(name, &script.content, &origin).await
    }

    async fn write(
        &self,
        id: InstanceId,
        file: ScriptFile,
        edit: Edit,
        origin: VersionOrigin,
    ) -> Result<Saving> {
        check_text(&edit.content)?;
        if file == ScriptFile::LaunchArgs {
            return self.save_arguments(id, edit, origin).await;
        }
        let held = self.instances.keep_still().await;
        let home = self.instances.home(id)?;
        home.check_writable()?;
        let written = files::write(&home, file, edit, origin).await?;
        drop(held);
        Ok(match written {
            files::Written::Done(bytes) => Saving::Saved(self.show(&home, file, Some(bytes)).await?),
            files::Written::Stale(present) => Saving::Stale(self.show(&home, file, present).await?),
        })
    }

    /// A file as people see it. A launch script that is missing begins with what the blueprint says.
    async fn show(&self, home: &Home, file: ScriptFile, bytes: Option<Vec<u8>>) -> Result<Script> {
        let exists = bytes.is_some();
        let version = version_of(bytes.as_deref());
        let content = match bytes {
            Some(bytes) => text(file, bytes)?,
            None => self.blueprint(home, file).await.unwrap_or_default(),
        };
        Ok(Script {
            file,
            content,
            version,
            exists,
            blueprint: (file == ScriptFile::Script).then(|| home.instance.base_blueprint.clone()),
            read_only: home.check_writable().err().map(|error| error.to_string()),
        })
    }

    async fn blueprint(&self, home: &Home, file: ScriptFile) -> Result<String> {
        if file != ScriptFile::Script {
            return Err(Error::InvalidField {
                field: "file",
                problem: format!("{} does not come from the blueprint.", file.file_name()),
            });
        }
        text(file, self.blueprints.script(&home.instance.base_blueprint).await?)
    }

    /// Where the history of a file lies: the arguments are an instance's own, the others may be its parent's.
    fn directory(&self, id: InstanceId, file: ScriptFile) -> Result<PathBuf> {
        let home = self.instances.home(id)?;
        Ok(match file {
            ScriptFile::LaunchArgs => self.instances.own_directory(&home.instance),
            _ => home.path,
        })
    }
}

/// Refuses what no file here can hold.
fn check_text(content: &str) -> Result<()> {
    let problem = if content.len() as u64 > MAX_BYTES {
        "The text is longer than 1 MiB; shorten it."
    } else if content.contains('\0') {
        "The text holds a zero byte; take it out."
    } else {
        return Ok(());
    };
    Err(Error::InvalidField {
        field: "content",
        problem: problem.to_owned(),
    })
}

fn text(file: ScriptFile, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::UnfitFile {
        path: file.file_name().into(),
        problem: "is not UTF-8 text",
    })
}

/// Another one for every other text; and one for "there is no file".
fn version_of(bytes: Option<&[u8]>) -> String {
    use std::fmt::Write as _;
    let Some(bytes) = bytes else {
        return "none".to_owned();
    };
    let mut version = String::with_capacity(32);
    for byte in &Sha256::digest(bytes)[..16] {
        // Writing to a text cannot fail.
        let _ = write!(version, "{byte:02x}");
    }
    version
}
