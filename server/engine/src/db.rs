//! The database: SQLite in WAL mode, many readers, one writer.
//!
//! SQLite lets one connection write at a time. With a single writing connection, writers wait for it in the
//! pool's queue, in order, instead of running into "database is locked".

pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod autopsies;
pub(crate) mod entities;
pub(crate) mod history;
pub(crate) mod instances;
pub(crate) mod jobs;
mod opening;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod shares;
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

/// The same for the telemetry's history, which is not worth a write to the disk every second.
fn history_options(path: &std::path::Path, writes: bool) -> ConnectOptions {
    let mut options = options_with(path, writes, "NORMAL");
    if !writes {
        options.max_connections(2);
    }
    options
}

/// Options of a connection pool on `path`.
fn options(path: &std::path::Path, writes: bool) -> ConnectOptions {
    options_with(path, writes, "FULL")
}

fn options_with(path: &std::path::Path, writes: bool, synchronous: &'static str) -> ConnectOptions {
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
                .pragma("synchronous", synchronous);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn sixty_four_readers_beside_a_writer_all_get_their_answer() {
        let temp = tempfile::tempdir().unwrap();
        let db = open(&temp.path().join("aikore.db")).await.unwrap();
        settings::put(db.write(), "key", "0").await.unwrap();
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let db = db.clone();
            readers.spawn(async move {
                for _ in 0..20 {
                    assert!(settings::get(db.read(), "key").await.unwrap().is_some());
                }
            });
        }
        for number in 0..50 {
            settings::put(db.write(), "key", &number.to_string())
                .await
                .unwrap();
        }
        readers.join_all().await;
        assert_eq!(
            settings::get(db.read(), "key").await.unwrap().as_deref(),
            Some("49")
        );
        db.close().await;
    }

    #[tokio::test]
    async fn the_readers_side_cannot_write() {
        let temp = tempfile::tempdir().unwrap();
        let db = open(&temp.path().join("aikore.db")).await.unwrap();
        assert!(settings::put(db.read(), "key", "value").await.is_err());
    }
}
