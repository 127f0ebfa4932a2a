//! Alerts: rules, what they found, and who is told.

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
            .execute_unprepared("DROP TABLE alert_rules; DROP TABLE alerts; DROP TABLE webhooks")
            .await?;
        Ok(())
    }
}

// What a person will want to know without having asked. AUTOINCREMENT: a number is not used again.
const UP: &str = r#"
CREATE TABLE alert_rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL
) STRICT;
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ended_at INTEGER,
    alert TEXT NOT NULL
) STRICT;
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook TEXT NOT NULL
) STRICT;
INSERT INTO alert_rules (rule) VALUES
    ('{"name":"An instance crashed","condition":{"kind":"crashed"},"enabled":true}'),
    ('{"name":"An app does not answer","condition":{"kind":"unhealthy"},"for_s":60,"enabled":true}'),
    ('{"name":"A disk is nearly full","condition":{"kind":"below","metric":"free_percent","threshold":5.0},"for_s":60,"enabled":true}'),
    ('{"name":"A GPU is hot","condition":{"kind":"above","metric":"temperature","threshold":90.0},"for_s":60,"enabled":true}');
"#;
