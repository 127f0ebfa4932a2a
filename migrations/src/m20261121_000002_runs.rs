//! Runs: each start of an instance until its end.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("DROP TABLE runs")
            .await?;
        Ok(())
    }
}

const UP: &str = "
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id INTEGER NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    node TEXT NOT NULL,
    handle TEXT, -- opaque to all but the runner; none until it was started
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ready_at INTEGER,
    ended_at INTEGER,
    exit TEXT,
    reason TEXT NOT NULL DEFAULT '',
    internal_port INTEGER,
    log_bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (instance_id, number)
) STRICT;
";
