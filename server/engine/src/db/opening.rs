//! Opening the database: is it ours, is it whole, is it of this version, and what must happen before it is used.

use std::fs::Permissions;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use migrations::Migrator;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, Value};
use sea_orm_migration::MigratorTrait;

use super::{Database, options};
use crate::{Error, Result};

/// Opens the database of `path`, new or old, and brings it to this version. A file that is about to be
/// migrated is copied beside itself first.
pub(crate) async fn open(path: &Path) -> Result<Database> {
    make_private(path)?;
    let situation = |error: DbErr| situation(path, error);
    let writer = sea_orm::Database::connect(options(path, true))
        .await
        .map_err(situation)?;
    match prepare(path, &writer).await {
        Ok(()) => {}
        Err(error) => {
            let _ = writer.close().await;
            return Err(error);
        }
    }
    let reader = sea_orm::Database::connect(options(path, false))
        .await
        .map_err(situation)?;
    Ok(Database { reader, writer })
}

/// Makes the file if it is missing; it and what SQLite puts beside it are for nobody else. SQLite takes the
/// permissions of its other files from this one.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.append(true).create(true).mode(0o600).open(path);
    file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
        .map_err(Error::file(path))
}

async fn prepare(path: &Path, writer: &DatabaseConnection) -> Result<()> {
    let situation = |error: DbErr| situation(path, error);
    let verdict = text(writer, "PRAGMA quick_check(1)").await.map_err(situation)?;
    if let Some(detail) = verdict.filter(|verdict| verdict != "ok") {
        return Err(Error::DatabaseCorrupt {
            path: path.to_owned(),
            detail,
        });
    }
    let applied = applied(writer).await.map_err(situation)?;
    let known: Vec<String> = Migrator::migrations()
        .iter()
        .map(|m| m.name().to_owned())
        .collect();
    if applied.iter().any(|version| !known.contains(version)) {
        return Err(Error::DatabaseTooNew(path.to_owned()));
    }
    if applied.len() == known.len() {
        return Ok(());
    }
    if let Some(last) = applied.last() {
        back_up(path, writer, last).await?;
    }
    Migrator::up(writer, None).await.map_err(situation)
}

/// Versions the file has been brought to, oldest first; empty for a new file.
async fn applied(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let table = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'";
    if text(db, table).await?.is_none() {
        return Ok(Vec::new());
    }
    db.query_all_raw(statement(
        db,
        "SELECT version FROM seaql_migrations ORDER BY version",
        [],
    ))
    .await?
    .iter()
    .map(|row| row.try_get_by_index(0))
    .collect()
}

/// Copies the file beside itself as `aikore.db.before-<first version it lacks>`.
async fn back_up(path: &Path, writer: &DatabaseConnection, last: &str) -> Result<()> {
    let next = Migrator::migrations()
        .iter()
        .map(|m| m.name().to_owned())
        .find(|name| name.as_str() > last)
        .unwrap_or_default();
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-{next}{ending}"));
        PathBuf::from(name)
    };
    let (copy, unfinished) = (beside(""), beside(".new"));
    if copy.exists() {
        return Ok(()); // an earlier attempt got this far; its copy is the older, better one
    }
    // Half a copy, of an attempt that was killed, is none.
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::file(&unfinished)(error));
        }
        _ => {}
    }
    let target = unfinished.to_string_lossy().into_owned();
    writer
        .execute_raw(statement(writer, "VACUUM INTO ?", [target.into()]))
        .await
        .map_err(|error| situation(path, error))?;
    std::fs::File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&unfinished, &copy))
        .map_err(Error::file(&copy))?;
    tracing::info!(copy = %copy.display(), "copied the database before migrating it");
    Ok(())
}

fn statement<const N: usize>(db: &DatabaseConnection, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// The first column of the first row.
async fn text(db: &DatabaseConnection, sql: &str) -> Result<Option<String>, DbErr> {
    let row = db.query_one_raw(statement(db, sql, [])).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Tells SQLite's situations apart. The codes: 5 busy, 6 locked, 11 corrupt, 26 not a database.
fn situation(path: &Path, error: DbErr) -> Error {
    let (DbErr::Conn(sea_orm::RuntimeErr::SqlxError(cause))
    | DbErr::Exec(sea_orm::RuntimeErr::SqlxError(cause))
    | DbErr::Query(sea_orm::RuntimeErr::SqlxError(cause))) = &error
    else {
        return error.into();
    };
    let sea_orm::sqlx::Error::Database(cause) = cause.as_ref() else {
        return error.into();
    };
    let code: i32 = cause
        .code()
        .and_then(|code| code.parse().ok())
        .unwrap_or_default();
    match code & 0xff {
        5 | 6 => Error::DatabaseLocked(path.to_owned()),
        11 | 26 => Error::DatabaseCorrupt {
            path: path.to_owned(),
            detail: cause.message().to_owned(),
        },
        _ => error.into(),
    }
}
