//! The database: SQLite in WAL mode, many readers, one writer.
//!
//! SQLite lets one connection write at a time. With a single writing connection, writers wait for it in the
//! pool's queue, in order, instead of running into "database is locked".

pub(crate) mod accounts;
pub(crate) mod entities;
pub(crate) mod instances;
mod opening;
pub(crate) mod runs;
pub(crate) mod settings;
mod words;

use std::time::Duration;

use sea_orm::{ConnectOptions, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};

pub(crate) use opening::open;

/// How long a statement waits for another program that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a query waits for a connection before it fails.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
const READERS: u32 = 4;

/// Both sides of the database.
#[derive(Clone)]
pub(crate) struct Database {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Database {
    /// For queries that change nothing.
    pub(crate) fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For single statements that change something.
    pub(crate) fn write(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// For several statements that belong together. Until it is committed or dropped, nobody else writes.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.writer.begin().await
    }

    /// Closes every connection; the last one folds the write-ahead log into the file.
    pub(crate) async fn close(&self) {
        for side in [&self.reader, &self.writer] {
            if let Err(error) = side.clone().close().await {
                tracing::warn!(%error, "a database connection did not close");
            }
        }
    }
}

/// Options of a connection pool on `path`.
fn options(path: &std::path::Path, writes: bool) -> ConnectOptions {
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(if writes { 1 } else { READERS })
        .min_connections(u32::from(writes))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .in_memory(false)
                .shared_cache(false)
                .filename(&path)
                .create_if_missing(writes)
                .busy_timeout(BUSY_TIMEOUT)
                .foreign_keys(true)
                .pragma("synchronous", "FULL");
            if writes {
                options.pragma("journal_mode", "WAL")
            } else {
                options.pragma("query_only", "ON")
            }
        });
    if writes {
        options.idle_timeout(None).max_lifetime(None);
    } else {
        options.idle_timeout(Duration::from_mins(1));
    }
    options
}
