//! Desktops: what people chose for them, as JSON.

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
            .execute_unprepared("ALTER TABLE instances DROP COLUMN desktop")
            .await?;
        Ok(())
    }
}

const UP: &str = "ALTER TABLE instances ADD COLUMN desktop TEXT NOT NULL DEFAULT '{}'";
