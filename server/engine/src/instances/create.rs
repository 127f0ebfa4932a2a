//! Adding an instance: row, directory and script together, or nothing at all.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sea_orm::{DatabaseTransaction, SqlErr};
use types::blueprints::{Blueprint, Desktop};
use types::instances::{Instance, InstanceId, NewInstance};
use types::names::{InstanceName, NAME_MAX_CHARS};

use super::{Inner, Instances, fields};
use crate::{Error, Result, blocking, clock, db};

impl Instances {
    /// Adds a stopped instance: row, directory, `launch.sh`.
    pub async fn create(&self, new: NewInstance) -> Result<Instance> {
        let inner = &self.inner;
        let name = InstanceName::new(&new.name)?;
        let (blueprint, script) = inner.blueprints.read(&new.base_blueprint).await?;
        let row = row(&name, new, &blueprint)?;
        fields::check(&row)?;
        fields::contained_output(&inner.dir, &row)?;

        let _changes = inner.changes.lock().await;
        inner.add(&name, row, Files::Script(script)).await
    }
}

/// What the directory of a new instance holds.
pub(super) enum Files {
    /// Its script.
    Script(Vec<u8>),
    /// Nothing: a satellite's script is its parent's.
    None,
    /// Something that is yet to come; until then the directory has this before its name.
    Later(&'static str),
}

impl Inner {
    /// Adds a row and its directory, or neither. Slug, directory and place come from here, and so does the port
    /// where the row names none. The caller holds `changes`.
    pub(super) async fn add(&self, name: &InstanceName, mut row: Instance, files: Files) -> Result<Instance> {
        let rows = self.rows.list();
        check_name_is_free(&rows, name, None)?;
        row.slug = free_slug(&rows, name, None);
        match row.public_port {
            Some(port) => self.check_port(port).await?,
            // None left is no reason to refuse: an instance without a port is reached below the panel's address.
            None => row.public_port = self.lowest_free_port().await?,
        }
        row.sort_order = rows.last().map_or(0, |last| last.sort_order.saturating_add(1));

        let transaction = self.db.begin().await?;
        let row = insert(&transaction, row).await?;
        let (row, made) = self.make_directory(row, files).await?;
        let saved = match db::instances::update(&transaction, &row, row.row_version).await {
            Ok(_) => transaction.commit().await,
            Err(error) => Err(error),
        };
        if let Err(error) = saved {
            let _ = blocking(move || std::fs::remove_dir_all(&made).map_err(Error::file(&made))).await;
            return Err(error.into());
        }
        self.rows.insert(row.clone());
        Ok(row)
    }

    /// Makes the instance's directory. Its name holds the row's number, which is never used again, so neither
    /// is the name: what an earlier instance left in `outputs/` or `trash/` stays its own.
    async fn make_directory(&self, mut row: Instance, files: Files) -> Result<(Instance, PathBuf)> {
        let base = format!("{}-{}", row.slug, row.id);
        let instances = self.dir.instances();
        let (dir, path) = blocking(move || make_directory(&instances, &base, &files)).await?;
        row.dir = dir;
        Ok((row, path))
    }
}

/// A name that no instance has: `base` and `word`, and a number where that is taken too.
pub(super) fn free_name(rows: &[Instance], base: &str, word: &str) -> String {
    let taken = |name: &str| {
        rows.iter()
            .any(|row| row.name.to_lowercase() == name.to_lowercase())
    };
    let with = |end: &str| {
        let room = NAME_MAX_CHARS - end.chars().count();
        let start: String = base.chars().take(room).collect();
        format!("{}{end}", start.trim_end())
    };
    let mut name = if word.is_empty() {
        base.to_owned()
    } else {
        with(&format!(" {word}"))
    };
    let mut number = 2;
    while taken(&name) {
        name = with(format!(" {word} {number}").replace("  ", " ").as_str());
        number += 1;
    }
    name
}

/// Refuses a name that another instance than `own` has, in whatever case.
pub(super) fn check_name_is_free(
    rows: &[Instance],
    name: &InstanceName,
    own: Option<InstanceId>,
) -> Result<()> {
    let wanted = name.as_str().to_lowercase();
    let taken = rows
        .iter()
        .find(|row| Some(row.id) != own && row.name.to_lowercase() == wanted);
    taken.map_or(Ok(()), |row| Err(Error::NameTaken(row.name.clone())))
}

/// The name's address, with `-2`, `-3`, … when another instance than `own` has it.
pub(super) fn free_slug(rows: &[Instance], name: &InstanceName, own: Option<InstanceId>) -> String {
    let base = name.slug();
    let mut slug = base.clone();
    let mut number = 2;
    while rows.iter().any(|row| Some(row.id) != own && row.slug == slug) {
        slug = format!("{base}-{number}");
        number += 1;
    }
    slug
}

/// Adds the row under a passing directory name.
async fn insert(transaction: &DatabaseTransaction, mut row: Instance) -> Result<Instance> {
    row.dir = uuid::Uuid::new_v4().to_string();
    match db::instances::insert(transaction, &row).await {
        Ok(stored) => Ok(Instance { id: stored.id, ..row }),
        Err(error) => match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Err(Error::NameTaken(row.name)),
            _ => Err(error.into()),
        },
    }
}

/// Makes `base`, or `base-2`, … when a directory of that name lies there although no row has it (a restored
/// copy, a panel that was killed in between): what is in it is not ours to overwrite.
fn make_directory(instances: &Path, base: &str, files: &Files) -> Result<(String, PathBuf)> {
    let before = match files {
        Files::Later(before) => before,
        _ => "",
    };
    let mut dir = base.to_owned();
    let mut number = 2;
    let path = loop {
        let path = instances.join(format!("{before}{dir}"));
        let made = match instances.join(&dir).symlink_metadata() {
            Ok(_) => Err(std::io::ErrorKind::AlreadyExists.into()),
            Err(_) => std::fs::create_dir(&path),
        };
        match made {
            Ok(()) => break path,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                dir = format!("{base}-{number}");
                number += 1;
            }
            Err(error) => return Err(Error::file(&path)(error)),
        }
    };
    if let Files::Script(script) = files
        && let Err(error) = write_script(&path.join("launch.sh"), script)
    {
        let _ = std::fs::remove_dir_all(&path);
        return Err(error);
    }
    Ok((dir, path))
}

/// Writes a script whole or not at all, readable by all and executable by none: it is given to bash.
pub(super) fn write_script(path: &Path, script: &[u8]) -> Result<()> {
    let fresh = path.with_extension("new");
    let written = std::fs::File::create(&fresh).and_then(|mut file| {
        file.write_all(script)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    });
    written.map_err(Error::file(path))
}

fn row(name: &InstanceName, new: NewInstance, blueprint: &Blueprint) -> Result<Instance> {
    Ok(Instance {
        name: name.as_str().to_owned(),
        base_blueprint: blueprint.filename.clone(),
        gpu_ids: fields::gpu_ids(new.gpu_ids)?,
        autostart: new.autostart,
        persistent_mode: new.persistent_mode || blueprint.desktop == Some(Desktop::Required),
        desktop: new.desktop,
        public_port: new.public_port,
        output_path: fields::optional(new.output_path),
        python_version: fields::version(new.python_version),
        cuda_version: fields::version(new.cuda_version),
        torch_version: fields::version(new.torch_version),
        env_vars: fields::lines(&new.env_vars),
        launch_args: fields::lines(&new.launch_args),
        restart_policy: new.restart_policy,
        blueprint_name: blueprint.name.clone(),
        subpath: blueprint.subpath,
        ..never_ran()
    })
}

/// A row as they all begin: nothing is chosen, and nothing has happened yet.
pub(super) fn never_ran() -> Instance {
    let now = clock::now_ms();
    Instance {
        row_version: 1,
        created_at: now,
        updated_at: now,
        status_since: now,
        ..Instance::default()
    }
}
