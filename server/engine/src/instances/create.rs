//! Adding an instance: row, directory and script together, or nothing at all.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sea_orm::{DatabaseTransaction, SqlErr};
use types::blueprints::Blueprint;
use types::instances::{AccessPattern, Health, Instance, InstanceId, NewInstance, PublicAccess, Status};
use types::names::InstanceName;

use super::{Inner, Instances, fields};
use crate::{Error, Result, blocking, clock, db};

impl Instances {
    /// Adds a stopped instance: row, directory, `launch.sh`.
    pub async fn create(&self, new: NewInstance) -> Result<Instance> {
        let inner = &self.inner;
        let name = InstanceName::new(&new.name)?;
        let (blueprint, script) = inner.blueprints.read(&new.base_blueprint).await?;
        let mut row = row(&name, new, &blueprint)?;
        fields::check(&row)?;
        fields::contained_output(&inner.dir, &row)?;

        let _changes = inner.changes.lock().await;
        let rows = inner.rows.list();
        check_name_is_free(&rows, &name, None)?;
        row.slug = free_slug(&rows, &name, None);
        match row.public_port {
            Some(port) => inner.check_port(port).await?,
            // None left is no reason to refuse: an instance without a port is reached below the panel's address.
            None => row.public_port = inner.lowest_free_port().await?,
        }
        row.sort_order = inner
            .rows
            .list()
            .last()
            .map_or(0, |last| last.sort_order.saturating_add(1));

        let transaction = inner.db.begin().await?;
        let row = insert(&transaction, row).await?;
        let (row, made) = inner.make_directory(row, script).await?;
        let saved = match db::instances::update(&transaction, &row, row.row_version).await {
            Ok(_) => transaction.commit().await,
            Err(error) => Err(error),
        };
        if let Err(error) = saved {
            let _ = blocking(move || std::fs::remove_dir_all(&made).map_err(Error::file(&made))).await;
            return Err(error.into());
        }
        inner.rows.insert(row.clone());
        Ok(row)
    }
}

impl Inner {
    /// Makes the instance's directory. Its name holds the row's number, which is never used again, so neither
    /// is the name: what an earlier instance left in `outputs/` or `trash/` stays its own.
    async fn make_directory(&self, mut row: Instance, script: Vec<u8>) -> Result<(Instance, PathBuf)> {
        let base = format!("{}-{}", row.slug, row.id);
        let instances = self.dir.instances();
        let path = blocking(move || make_directory(&instances, &base, &script)).await?;
        row.dir = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok((row, path))
    }
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
    let (named, subpath) = (row.blueprint_name.clone(), row.subpath);
    match db::instances::insert(transaction, &row).await {
        Ok(row) => Ok(Instance {
            blueprint_name: named,
            subpath,
            ..row
        }),
        Err(error) => match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Err(Error::NameTaken(row.name)),
            _ => Err(error.into()),
        },
    }
}

/// Makes `base`, or `base-2`, … when a directory of that name lies there although no row has it (a restored
/// copy, a panel that was killed in between): what is in it is not ours to overwrite.
fn make_directory(instances: &Path, base: &str, script: &[u8]) -> Result<PathBuf> {
    let mut path = instances.join(base);
    let mut number = 2;
    loop {
        match std::fs::create_dir(&path) {
            Ok(()) => break,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                path = instances.join(format!("{base}-{number}"));
                number += 1;
            }
            Err(error) => return Err(Error::file(&path)(error)),
        }
    }
    match write_script(&path.join("launch.sh"), script) {
        Ok(()) => Ok(path),
        Err(error) => {
            let _ = std::fs::remove_dir_all(&path);
            Err(error)
        }
    }
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
    let now = clock::now_ms();
    Ok(Instance {
        id: InstanceId(0),
        name: name.as_str().to_owned(),
        slug: String::new(),
        dir: String::new(),
        parent_instance_id: None,
        base_blueprint: blueprint.filename.clone(),
        gpu_ids: fields::gpu_ids(new.gpu_ids)?,
        autostart: new.autostart,
        persistent_mode: new.persistent_mode,
        public_port: new.public_port,
        port_active: false,
        access_pattern: AccessPattern::default(),
        public_access: PublicAccess::default(),
        hostname: String::new(),
        use_custom_hostname: false,
        output_path: fields::optional(new.output_path),
        python_version: fields::version(new.python_version),
        cuda_version: fields::version(new.cuda_version),
        torch_version: fields::version(new.torch_version),
        env_vars: fields::lines(&new.env_vars),
        launch_args: fields::lines(&new.launch_args),
        restart_policy: new.restart_policy,
        sort_order: 0,
        row_version: 1,
        created_at: now,
        updated_at: now,
        status: Status::Stopped,
        status_reason: String::new(),
        status_since: now,
        pid: None,
        exit_code: None,
        started_at: None,
        internal_port: None,
        desktop_display: None,
        desktop_port: None,
        health: Health::Unknown,
        restarts: 0,
        run: 0,
        forward_up: false,
        forward_reason: String::new(),
        open_url: String::new(),
        blueprint_name: blueprint.name.clone(),
        subpath: blueprint.subpath,
    })
}
