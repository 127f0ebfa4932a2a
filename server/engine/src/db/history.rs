//! The file of the telemetry's history: series, single readings that are not in a block yet, and blocks.
//!
//! Single readings are written as they come, so a panel that is killed loses the one under way at most. `NORMAL` and
//! not `FULL`: after a power cut the last seconds may be missing, which is worth less than a write to the disk every
//! second. The file is never migrated: one of another version is put aside, and a new one begun.

use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TransactionTrait, Value};

/// Kept in the file.
const VERSION: i32 = 1;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    metric TEXT NOT NULL,
    UNIQUE (subject, metric)
) STRICT;
CREATE TABLE IF NOT EXISTS ticks (
    level INTEGER NOT NULL,
    at INTEGER NOT NULL,
    frame BLOB NOT NULL,
    PRIMARY KEY (level, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (
    level INTEGER NOT NULL,
    start INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (level, start)
) STRICT, WITHOUT ROWID;
";

/// The file.
#[derive(Clone)]
pub(crate) struct HistoryFile {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

/// A block as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredBlock {
    pub(crate) start: i64,
    pub(crate) samples: i64,
    pub(crate) bytes: Vec<u8>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Values in blocks.
    pub(crate) samples: i64,
    /// Bytes of the blocks.
    pub(crate) bytes: i64,
}

/// Opens the file of `path`, new or old; one that cannot be used is put aside.
pub(crate) async fn open(path: &Path) -> Result<HistoryFile, DbErr> {
    match try_open(path).await {
        Ok(file) => Ok(file),
        Err(error) => {
            let aside = put_aside(path);
            tracing::warn!(%error, aside = %aside.display(), "the telemetry's history cannot be used; a new one begins");
            try_open(path).await
        }
    }
}

fn put_aside(path: &Path) -> PathBuf {
    let beside = |file: &Path, ending: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let aside = beside(path, ".unusable");
    let _ = std::fs::rename(path, &aside);
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(path, ending));
    }
    aside
}

async fn try_open(path: &Path) -> Result<HistoryFile, DbErr> {
    super::opening::make_private(path).map_err(|error| DbErr::Custom(error.to_string()))?;
    let writer = sea_orm::Database::connect(super::history_options(path, true)).await?;
    if let Err(error) = prepare(&writer).await {
        let _ = writer.close().await;
        return Err(error);
    }
    let reader = sea_orm::Database::connect(super::history_options(path, false)).await?;
    Ok(HistoryFile { reader, writer })
}

async fn prepare(writer: &DatabaseConnection) -> Result<(), DbErr> {
    let version: i32 = match writer.query_one_raw(sql("PRAGMA user_version", [])).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    if version != 0 && version != VERSION {
        return Err(DbErr::Custom(format!("it is of version {version}")));
    }
    writer.execute_unprepared(SCHEMA).await?;
    writer
        .execute_unprepared(&format!("PRAGMA user_version = {VERSION}"))
        .await?;
    Ok(())
}

impl HistoryFile {
    /// Every series: number, subject, metric.
    pub(crate) async fn series(&self) -> Result<Vec<(i64, String, String)>, DbErr> {
        let rows = self
            .reader
            .query_all_raw(sql("SELECT id, subject, metric FROM series", []))
            .await?;
        rows.iter()
            .map(|row| {
                Ok((
                    row.try_get_by_index(0)?,
                    row.try_get_by_index(1)?,
                    row.try_get_by_index(2)?,
                ))
            })
            .collect()
    }

    /// Adds a series; returns its number.
    pub(crate) async fn add_series(&self, subject: &str, metric: &str) -> Result<i64, DbErr> {
        let added = sql(
            "INSERT INTO series (subject, metric) VALUES (?, ?) \
             ON CONFLICT DO UPDATE SET metric = excluded.metric RETURNING id",
            [subject.into(), metric.into()],
        );
        let row = self.writer.query_one_raw(added).await?;
        row.ok_or_else(|| DbErr::Custom("no number was given".to_owned()))?
            .try_get_by_index(0)
    }

    /// Writes single readings down, each of a level.
    pub(crate) async fn put_ticks(&self, ticks: Vec<(u8, i64, Vec<u8>)>) -> Result<(), DbErr> {
        for (level, at, frame) in ticks {
            let put = sql(
                "INSERT OR REPLACE INTO ticks (level, at, frame) VALUES (?, ?, ?)",
                [i32::from(level).into(), at.into(), frame.into()],
            );
            self.writer.execute_raw(put).await?;
        }
        Ok(())
    }

    /// Single readings of a level from a moment on until before another, oldest first.
    pub(crate) async fn ticks(
        &self,
        level: u8,
        from: i64,
        before: i64,
    ) -> Result<Vec<(i64, Vec<u8>)>, DbErr> {
        let wanted = sql(
            "SELECT at, frame FROM ticks WHERE level = ? AND at >= ? AND at < ? ORDER BY at",
            [i32::from(level).into(), from.into(), before.into()],
        );
        let rows = self.reader.query_all_raw(wanted).await?;
        rows.iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
            .collect()
    }

    /// When the last single reading of a level was.
    pub(crate) async fn last_tick(&self, level: u8) -> Result<Option<i64>, DbErr> {
        let last = sql(
            "SELECT MAX(at) FROM ticks WHERE level = ?",
            [i32::from(level).into()],
        );
        match self.reader.query_one_raw(last).await? {
            Some(row) => row.try_get_by_index(0),
            None => Ok(None),
        }
    }

    /// Puts single readings before a moment into blocks, in one step.
    pub(crate) async fn fold(&self, level: u8, before: i64, blocks: Vec<StoredBlock>) -> Result<(), DbErr> {
        let together = self.writer.begin().await?;
        for block in blocks {
            let put = sql(
                "INSERT OR REPLACE INTO blocks (level, start, samples, bytes) VALUES (?, ?, ?, ?)",
                [
                    i32::from(level).into(),
                    block.start.into(),
                    block.samples.into(),
                    block.bytes.into(),
                ],
            );
            together.execute_raw(put).await?;
        }
        let done = sql(
            "DELETE FROM ticks WHERE level = ? AND at < ?",
            [i32::from(level).into(), before.into()],
        );
        together.execute_raw(done).await?;
        together.commit().await
    }

    /// Blocks of a level that begin from a moment on until before another, oldest first.
    pub(crate) async fn blocks(&self, level: u8, from: i64, before: i64) -> Result<Vec<StoredBlock>, DbErr> {
        let wanted = sql(
            "SELECT start, samples, bytes FROM blocks WHERE level = ? AND start >= ? AND start < ? ORDER BY start",
            [i32::from(level).into(), from.into(), before.into()],
        );
        let rows = self.reader.query_all_raw(wanted).await?;
        rows.iter()
            .map(|row| {
                Ok(StoredBlock {
                    start: row.try_get_by_index(0)?,
                    samples: row.try_get_by_index(1)?,
                    bytes: row.try_get_by_index(2)?,
                })
            })
            .collect()
    }

    /// Forgets blocks of a level that began before a moment.
    pub(crate) async fn forget(&self, level: u8, before: i64) -> Result<(), DbErr> {
        let old = sql(
            "DELETE FROM blocks WHERE level = ? AND start < ?",
            [i32::from(level).into(), before.into()],
        );
        self.writer.execute_raw(old).await?;
        Ok(())
    }

    /// Forgets the oldest tenth of the blocks of a level.
    pub(crate) async fn shorten(&self, level: u8) -> Result<(), DbErr> {
        let oldest = sql(
            "DELETE FROM blocks WHERE level = ? AND start IN (SELECT start FROM blocks WHERE level = ? ORDER BY start \
             LIMIT (SELECT 1 + COUNT(*) / 10 FROM blocks WHERE level = ?))",
            [level, level, level].map(|level| i32::from(level).into()),
        );
        self.writer.execute_raw(oldest).await?;
        Ok(())
    }

    /// How much is in blocks.
    pub(crate) async fn extent(&self) -> Result<Extent, DbErr> {
        let sums = sql(
            "SELECT COALESCE(SUM(samples), 0), COALESCE(SUM(LENGTH(bytes)), 0) FROM blocks",
            [],
        );
        match self.reader.query_one_raw(sums).await? {
            Some(row) => Ok(Extent {
                samples: row.try_get_by_index(0)?,
                bytes: row.try_get_by_index(1)?,
            }),
            None => Ok(Extent::default()),
        }
    }

    /// Closes the file.
    pub(crate) async fn close(&self) {
        for side in [&self.reader, &self.writer] {
            if let Err(error) = side.clone().close().await {
                tracing::warn!(%error, "the telemetry's history did not close");
            }
        }
    }
}

fn sql<const N: usize>(text: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Sqlite, text, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_cannot_be_used_is_put_aside() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("telemetry.db");
        std::fs::write(&path, vec![7; 10_000]).unwrap();
        let file = open(&path).await.unwrap();
        assert_eq!(file.series().await.unwrap(), []);
        assert!(temp.path().join("telemetry.db.unusable").exists());
        file.writer
            .execute_unprepared("PRAGMA user_version = 99")
            .await
            .unwrap();
        file.close().await;
        let file = open(&path).await.unwrap();
        let number = file.add_series("machine", "cpu_percent").await.unwrap();
        assert_eq!(file.add_series("machine", "cpu_percent").await.unwrap(), number);
        file.close().await;
        let file = open(&path).await.unwrap();
        assert_eq!(file.series().await.unwrap().len(), 1, "a good file stays");
        file.close().await;
    }

    #[tokio::test]
    async fn shortening_takes_the_oldest_blocks_of_one_level() {
        let temp = tempfile::tempdir().unwrap();
        let file = open(&temp.path().join("telemetry.db")).await.unwrap();
        for level in [0, 1] {
            let blocks = (0..20).map(|start| StoredBlock {
                start,
                samples: 3,
                bytes: vec![0; 10],
            });
            file.fold(level, 0, blocks.collect()).await.unwrap();
        }
        file.shorten(0).await.unwrap();
        assert_eq!(file.blocks(0, 0, 100).await.unwrap()[0].start, 3);
        assert_eq!(file.blocks(1, 0, 100).await.unwrap().len(), 20);
        let extent = file.extent().await.unwrap();
        assert_eq!((extent.samples, extent.bytes), (37 * 3, 370));
        file.close().await;
    }
}
