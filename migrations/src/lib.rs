//! The history of the database schema. Append-only: a published migration is never edited.

use sea_orm_migration::prelude::*;

mod m20261121_000001_instances;
mod m20261121_000002_runs;
mod m20261121_000003_settings;
mod m20261121_000004_sessions;
mod m20261121_000005_api_tokens;
mod m20261121_000010_autopsies;
mod m20261121_000022_jobs;
mod m20261121_000030_alerts;
mod m20261130_000006_desktops;
mod m20261201_000007_desktop_shares;

/// Every migration, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_instances::Migration),
            Box::new(m20261121_000002_runs::Migration),
            Box::new(m20261121_000003_settings::Migration),
            Box::new(m20261121_000004_sessions::Migration),
            Box::new(m20261121_000005_api_tokens::Migration),
            Box::new(m20261121_000010_autopsies::Migration),
            Box::new(m20261121_000022_jobs::Migration),
            Box::new(m20261121_000030_alerts::Migration),
            Box::new(m20261130_000006_desktops::Migration),
            Box::new(m20261201_000007_desktop_shares::Migration),
        ]
    }
}
