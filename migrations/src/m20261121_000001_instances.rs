//! Instances: what people configure.

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
            .execute_unprepared("DROP TABLE instances")
            .await?;
        Ok(())
    }
}

const UP: &str = "
CREATE TABLE instances (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- so that a number is never used twice
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    slug TEXT NOT NULL UNIQUE,
    dir TEXT NOT NULL UNIQUE,
    parent_instance_id INTEGER REFERENCES instances (id) ON DELETE RESTRICT,
    base_blueprint TEXT NOT NULL,
    gpu_ids TEXT,
    autostart INTEGER NOT NULL DEFAULT FALSE,
    persistent_mode INTEGER NOT NULL DEFAULT FALSE,
    public_port INTEGER, -- not unique: several may hold one, one at a time is active
    port_active INTEGER NOT NULL DEFAULT FALSE,
    access_pattern TEXT NOT NULL DEFAULT 'port',
    public_access TEXT NOT NULL DEFAULT 'login',
    hostname TEXT NOT NULL DEFAULT '',
    use_custom_hostname INTEGER NOT NULL DEFAULT FALSE,
    output_path TEXT,
    python_version TEXT,
    cuda_version TEXT,
    torch_version TEXT,
    env_vars TEXT NOT NULL DEFAULT '',
    launch_args TEXT NOT NULL DEFAULT '',
    restart_policy TEXT NOT NULL DEFAULT 'never',
    sort_order INTEGER NOT NULL,
    row_version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX instances_parent ON instances (parent_instance_id);
";
