//! Opening a data directory that is in use, damaged, foreign or from another time.

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;

use engine::{Engine, Error};
use migrations::Migrator;
use sea_orm_migration::MigratorTrait as _;
use tempfile::TempDir;

use crate::bench::{Bench, config, new};
use crate::waiting::LIMIT;

async fn refusal(temp: &TempDir) -> Error {
    match Engine::open(config(temp)).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_second_panel_is_refused_and_told_about_the_first() {
    let bench = Bench::new().await;
    let error = refusal(&bench.temp).await;
    let Error::DataDirInUse { holder, .. } = &error else {
        panic!("{error}");
    };
    assert!(holder.contains(&std::process::id().to_string()), "{error}");
    bench.engine.instances.create(new("still works")).await.unwrap();
    let temp = bench.closed().await;
    Engine::open(config(&temp)).await.unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_called_damaged_and_left_alone() {
    let temp = TempDir::new().unwrap();
    let path = temp.path().join("data/aikore.db");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(
        &path,
        b"this is no database, whatever its name says. ".repeat(200),
    )
    .unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(refusal(&temp).await, Error::DatabaseCorrupt { .. }));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn damage_inside_the_file_is_found_too() {
    let bench = Bench::new().await;
    for number in 0..30 {
        bench
            .engine
            .instances
            .create(new(&format!("app {number}")))
            .await
            .unwrap();
    }
    let path = bench.path("aikore.db");
    let temp = bench.closed().await;
    let mut file = std::fs::File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&[0x5a; 8192]).unwrap();
    drop(file);
    let error = refusal(&temp).await;
    assert!(matches!(error, Error::DatabaseCorrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_panel_is_refused_untouched() {
    let bench = Bench::new().await;
    let path = bench.path("aikore.db");
    let temp = bench.closed().await;
    sql(
        &path,
        "INSERT INTO seaql_migrations VALUES ('m20990101_000001_future', 0)",
    )
    .await;
    let error = refusal(&temp).await;
    assert!(matches!(error, Error::DatabaseTooNew(_)), "{error}");
}

#[tokio::test]
async fn an_older_database_is_copied_beside_itself_before_it_is_migrated() {
    let bench = Bench::new().await;
    let path = bench.path("aikore.db");
    let temp = bench.closed().await;
    let last = Migrator::migrations().last().unwrap().name().to_owned();
    let older = sea_orm::Database::connect(format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    Migrator::down(&older, Some(1)).await.unwrap();
    older.close().await.unwrap();
    let copy = path.with_file_name(format!("aikore.db.before-{last}"));
    let unfinished = path.with_file_name(format!("aikore.db.before-{last}.new"));
    std::fs::write(&unfinished, "what a panel that was killed left of its copy").unwrap();
    let engine = Engine::open(config(&temp)).await.unwrap();
    assert!(engine.instances.list().await.unwrap().is_empty());
    assert!(std::fs::read(copy).unwrap().starts_with(b"SQLite format 3\0"));
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn a_database_that_another_program_holds_is_called_locked() {
    let bench = Bench::new().await;
    let path = bench.path("aikore.db");
    let temp = bench.closed().await;
    let url = format!("sqlite://{}", path.display());
    let foreign = sea_orm::Database::connect(url).await.unwrap();
    let hold = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE settings SET value = value";
    sea_orm::ConnectionTrait::execute_unprepared(&foreign, hold)
        .await
        .unwrap();
    let error = tokio::time::timeout(LIMIT, refusal(&temp)).await.unwrap();
    assert!(matches!(error, Error::DatabaseLocked(_)), "{error}");
}

#[tokio::test]
async fn the_database_is_for_its_owner_only() {
    let bench = Bench::new().await;
    bench.engine.instances.create(new("app")).await.unwrap();
    for name in ["aikore.db", "aikore.db-wal", "aikore.db-shm"] {
        let permissions = std::fs::metadata(bench.path(name)).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600, "{name}");
    }
}

async fn sql(path: &std::path::Path, statement: &str) {
    let url = format!("sqlite://{}", path.display());
    let db = sea_orm::Database::connect(url).await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&db, statement)
        .await
        .unwrap();
    db.close().await.unwrap();
}
