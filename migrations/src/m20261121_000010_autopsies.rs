//! Autopsies: the last report per instance, and what it says about a blueprint.

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
            .execute_unprepared("DROP TABLE autopsies; DROP TABLE access_hints")
            .await?;
        Ok(())
    }
}

const UP: &str = "
CREATE TABLE autopsies (
    instance_id INTEGER PRIMARY KEY REFERENCES instances (id) ON DELETE CASCADE,
    report TEXT NOT NULL
) STRICT;
CREATE TABLE access_hints (
    blueprint TEXT PRIMARY KEY NOT NULL,
    hint TEXT NOT NULL
) STRICT;
";
