//! The trash: restoring, removing for good, emptying, old things, and what is not ours.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use engine::{Engine, Error};
use types::copies::NewSatellite;
use types::instances::{DeleteMode, Instance, InstanceChange, NewInstance};
use types::jobs::{Job, JobState};
use types::trash::{EMPTY_WORD, TrashEntry, TrashKind, TrashSettings};

use crate::bench::{Bench, config, new};
use crate::waiting::wait_until;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const RECORD: &str = ".aikore-instance.json";

/// Deletes into the trash and waits for the end. Returns where it lies now.
async fn trashed(bench: &Bench, row: &Instance) -> PathBuf {
    let mut events = bench.engine.events.subscribe();
    let job = bench.engine.instances.delete(row.id, DeleteMode::Trash, None);
    let job = job.await.unwrap();
    assert_eq!(bench.ended(&mut events, job.id).await.state, JobState::Done);
    bench.path("trash").join(&row.dir)
}

async fn ended(bench: &Bench, job: Job) -> Job {
    let mut events = bench.engine.events.subscribe();
    let present = bench.engine.jobs.get(job.id).unwrap();
    match present.state {
        JobState::Running => bench.ended(&mut events, job.id).await,
        _ => present,
    }
}

async fn entries(engine: &Engine) -> Vec<TrashEntry> {
    engine.trash.list().await.unwrap().entries
}

/// Makes something in the trash look as if it was deleted so many days ago.
fn age(entry: &Path, days: i64) {
    let path = entry.join(RECORD);
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record["deleted_at"] = (record["deleted_at"].as_i64().unwrap() - days * DAY_MS).into();
    std::fs::write(path, record.to_string()).unwrap();
}

/// A directory nobody may touch, with links to it inside of an instance's.
fn precious(bench: &Bench, row: &Instance) -> PathBuf {
    let outside = bench.temp.path().join("precious");
    std::fs::create_dir_all(outside.join("checkpoints")).unwrap();
    std::fs::write(outside.join("checkpoints/big.safetensors"), vec![7; 4096]).unwrap();
    let own = bench.path("instances").join(&row.dir);
    symlink(&outside, own.join("models")).unwrap();
    symlink(outside.join("checkpoints/big.safetensors"), own.join("model")).unwrap();
    outside.join("checkpoints/big.safetensors")
}

#[tokio::test]
async fn what_is_restored_is_as_it_was() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let wanted = NewInstance {
        gpu_ids: Some("1".to_owned()),
        env_vars: "A=b".to_owned(),
        launch_args: "--fast".to_owned(),
        output_path: Some("images/app".to_owned()),
        autostart: true,
        ..new("app")
    };
    let made = instances.create(wanted).await.unwrap();
    let change = InstanceChange {
        hostname: Some("app.example.org".to_owned()),
        use_custom_hostname: Some(true),
        ..InstanceChange::default()
    };
    let made = instances.update(made.id, change, false).await.unwrap();
    let own = bench.path("instances").join(&made.dir);
    std::fs::write(own.join("data"), vec![1; 1000]).unwrap();
    let entry = trashed(&bench, &made).await;
    assert!(entry.join("data").exists() && !own.exists());

    let all = entries(&bench.engine).await;
    assert_eq!(all.len(), 1);
    let listed = &all[0];
    assert_eq!((listed.kind, listed.name.as_str()), (TrashKind::Instance, "app"));
    assert_eq!((listed.free_name.as_str(), &listed.problem), ("app", &None));
    assert!(
        listed.deleted_at.is_some() && listed.bytes.unwrap() > 1000,
        "{listed:?}"
    );

    // Across a start of the panel, too.
    let bench = bench.reopened().await;
    let back = bench.engine.trash.restore(&listed.entry, None).await.unwrap();
    assert!(back.row_version > made.row_version);
    let as_before = Instance {
        row_version: made.row_version,
        updated_at: made.updated_at,
        status_since: made.status_since,
        ..back.clone()
    };
    assert_eq!(as_before, made);
    assert!(own.join("data").exists() && !own.join(RECORD).exists());
    assert!(entries(&bench.engine).await.is_empty());
    let bench = bench.reopened().await;
    assert_eq!(bench.engine.instances.get(made.id).await.unwrap().name, "app");
}

#[tokio::test]
async fn names_places_and_ports_that_others_have_by_now_are_left_to_them() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("app")).await.unwrap();
    let entry = trashed(&bench, &made).await;
    let other = instances
        .create(NewInstance {
            public_port: made.public_port,
            ..new("App")
        })
        .await
        .unwrap();
    std::fs::create_dir(bench.path("instances").join(&made.dir)).unwrap();

    let listed = entries(&bench.engine).await.remove(0);
    assert_eq!(listed.free_name, "app 2");
    let trash = &bench.engine.trash;
    let refused = trash.restore(&listed.entry, None).await;
    assert!(matches!(refused, Err(Error::NameTaken(_))), "{refused:?}");
    assert!(
        entry.join("launch.sh").exists(),
        "a refusal leaves it where it is"
    );
    for bad in ["../x", "a/b", &"x".repeat(65)] {
        let refused = trash.restore(&listed.entry, Some(bad.to_owned())).await;
        assert!(matches!(refused, Err(Error::InvalidName(_))), "{bad}");
    }

    let back = trash
        .restore(&listed.entry, Some(listed.free_name))
        .await
        .unwrap();
    assert_eq!((back.id, back.name.as_str()), (made.id, "app 2"));
    assert!(back.slug != other.slug && back.dir != made.dir);
    assert_eq!(back.public_port, made.public_port, "several may hold one");
    assert!(!back.port_active);
    assert_eq!(
        back.output_path.as_deref(),
        Some(made.dir.as_str()),
        "its outputs lie there"
    );
    assert!(bench.path("instances").join(&back.dir).join("launch.sh").exists());
}

#[tokio::test]
async fn nothing_that_a_link_points_at_is_touched_on_any_way_out() {
    let bench = Bench::new().await;
    let engine = &bench.engine;
    for (number, way) in ["permanent", "one", "empty", "purge"].into_iter().enumerate() {
        let made = engine.instances.create(new(way)).await.unwrap();
        let own = bench.path("instances").join(&made.dir);
        // Not even the record is written through a link.
        let diary = bench.temp.path().join("diary");
        std::fs::write(&diary, "dear diary").unwrap();
        symlink(&diary, own.join(RECORD)).unwrap();
        let model = if number == 0 {
            precious(&bench, &made)
        } else {
            symlink(bench.temp.path().join("precious"), own.join("models")).unwrap();
            bench.temp.path().join("precious/checkpoints/big.safetensors")
        };
        if way == "permanent" {
            let deletion = engine
                .instances
                .delete(made.id, DeleteMode::Permanent, Some(way.to_owned()));
            let job = deletion.await.unwrap();
            assert_eq!(ended(&bench, job).await.state, JobState::Done);
        } else {
            let entry = trashed(&bench, &made).await;
            assert!(entry.join("models").is_symlink());
            match way {
                "one" => {
                    let entry = &entries(engine).await[0].entry;
                    let preview = engine.trash.preview(Some(entry)).await.unwrap();
                    assert!(
                        preview.bytes < 4096,
                        "what a link points at does not count: {preview:?}"
                    );
                    let refused = engine.trash.delete(entry, Some("ONE".to_owned())).await;
                    assert!(matches!(refused, Err(Error::NotConfirmed(_))));
                    let job = engine.trash.delete(entry, Some(preview.confirm)).await.unwrap();
                    assert_eq!(ended(&bench, job).await.state, JobState::Done);
                }
                "empty" => {
                    assert!(matches!(
                        engine.trash.empty(None).await,
                        Err(Error::NotConfirmed(_))
                    ));
                    let job = engine.trash.empty(Some(EMPTY_WORD.to_owned())).await.unwrap();
                    assert_eq!(ended(&bench, job).await.state, JobState::Done);
                }
                _ => {
                    age(&entry, 40);
                    let settings = TrashSettings { purge_days: Some(30) };
                    engine.trash.set(settings).await.unwrap();
                }
            }
            wait_until("it to be gone", async || entries(engine).await.is_empty()).await;
        }
        assert_eq!(std::fs::read(&model).unwrap(), [7; 4096], "{way}");
        assert_eq!(std::fs::read_to_string(&diary).unwrap(), "dear diary", "{way}");
    }
    assert_eq!(std::fs::read_dir(bench.path("trash")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_others_put_there_is_shown_and_only_removed_by_name() {
    let bench = Bench::new().await;
    let trash = bench.path("trash");
    std::fs::create_dir_all(trash.join("backup/deep")).unwrap();
    std::fs::write(trash.join("backup/deep/file"), vec![0; 500]).unwrap();
    std::fs::write(trash.join("note.txt"), "x").unwrap();
    let outside = bench.temp.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file"), "x").unwrap();
    symlink(&outside, trash.join("link")).unwrap();
    let engine = &bench.engine;
    wait_until("everything to be counted", async || {
        entries(engine).await.iter().all(|entry| entry.bytes.is_some())
    })
    .await;
    let all = entries(engine).await;
    assert_eq!(all.len(), 3);
    assert!(
        all.iter()
            .all(|entry| entry.kind == TrashKind::Foreign && entry.deleted_at.is_none())
    );
    let backup = all.iter().find(|entry| entry.entry == "backup").unwrap();
    assert_eq!(backup.bytes, Some(500));
    let refused = engine.trash.restore("backup", None).await;
    assert!(matches!(refused, Err(Error::NoRecord(_))));

    let made = engine.instances.create(new("app")).await.unwrap();
    trashed(&bench, &made).await;
    let job = engine.trash.empty(Some(EMPTY_WORD.to_owned())).await.unwrap();
    assert_eq!(ended(&bench, job).await.state, JobState::Done);
    assert_eq!(entries(engine).await.len(), 3, "emptying leaves them alone");
    for entry in ["..", ".", "", "../outside", "link/file", "nothing"] {
        let refused = engine.trash.delete(entry, Some(entry.to_owned())).await;
        assert!(
            matches!(refused, Err(Error::NotInTrash(_))),
            "{entry}: {refused:?}"
        );
    }
    let job = engine
        .trash
        .delete("link", Some("link".to_owned()))
        .await
        .unwrap();
    assert_eq!(ended(&bench, job).await.state, JobState::Done);
    assert!(outside.join("file").exists() && !trash.join("link").is_symlink());
}

#[tokio::test]
async fn only_what_is_older_than_the_days_chosen_goes_by_itself() {
    let bench = Bench::new().await;
    let mut lying = Vec::new();
    for (name, days) in [("old", 31), ("young", 29)] {
        let made = bench.engine.instances.create(new(name)).await.unwrap();
        let entry = trashed(&bench, &made).await;
        age(&entry, days);
        lying.push(entry);
    }
    std::fs::create_dir(bench.path("trash").join("foreign")).unwrap();
    assert_eq!(
        bench.engine.trash.purge_days().await.unwrap(),
        None,
        "off by default"
    );
    for bad in [0, 3651] {
        let refused = bench
            .engine
            .trash
            .set(TrashSettings {
                purge_days: Some(bad),
            })
            .await;
        assert!(matches!(refused, Err(Error::InvalidField { .. })), "{bad}");
    }
    let temp = bench.closed().await;
    // The option is the default: it counts from the start of the panel.
    let mut configured = config(&temp);
    configured.trash_purge_days = Some(30);
    let engine = Engine::open(configured.clone()).await.unwrap();
    wait_until("the old one to go", async || !lying[0].exists()).await;
    assert!(lying[1].exists() && temp.path().join("data/trash/foreign").exists());
    // What a person chose goes before it, also that nothing shall go.
    engine
        .trash
        .set(TrashSettings { purge_days: None })
        .await
        .unwrap();
    engine.shutdown(false).await;
    drop(engine);
    age(&lying[1], 100);
    let engine = Engine::open(configured).await.unwrap();
    assert_eq!(engine.trash.purge_days().await.unwrap(), None);
    assert!(lying[1].exists());
    engine
        .trash
        .set(TrashSettings { purge_days: Some(1) })
        .await
        .unwrap();
    wait_until("the other one to go", async || !lying[1].exists()).await;
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_deletion_is_taken_back_even_while_it_is_under_way() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("app")).await.unwrap();
    instances.delete(made.id, DeleteMode::Trash, None).await.unwrap();
    let back = bench.engine.trash.undo(made.id).await.unwrap();
    assert_eq!((back.id, &back.dir), (made.id, &made.dir));
    let missing = bench.engine.trash.undo(made.id).await;
    assert!(matches!(missing, Err(Error::UnknownInstance(_))));
}

#[tokio::test]
async fn a_satellite_comes_back_to_its_parent_only() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let parent = instances.create(new("parent")).await.unwrap();
    let satellite = instances
        .instantiate(parent.id, NewSatellite::default())
        .await
        .unwrap();
    trashed(&bench, &satellite).await;
    trashed(&bench, &parent).await;
    let all = entries(&bench.engine).await;
    let entry = |name: &str| all.iter().find(|entry| entry.name == name).unwrap();
    assert!(entry(&satellite.name).problem.is_some() && entry("parent").problem.is_none());
    let trash = &bench.engine.trash;
    let refused = trash.restore(&entry(&satellite.name).entry, None).await;
    assert!(matches!(refused, Err(Error::ParentGone(_))), "{refused:?}");
    trash
        .restore(&entry("parent").entry, Some("renamed".to_owned()))
        .await
        .unwrap();
    let back = trash.restore(&entry(&satellite.name).entry, None).await.unwrap();
    assert_eq!(back.parent_instance_id, Some(parent.id));
    let order: Vec<_> = instances
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(order, [parent.id, satellite.id]);
}

#[tokio::test]
async fn what_a_killed_panel_left_half_done_is_put_right_at_the_next_start() {
    let bench = Bench::new().await;
    let mut made = Vec::new();
    for name in ["moving", "restoring", "emptying", "kept"] {
        made.push(bench.engine.instances.create(new(name)).await.unwrap());
    }
    let (instances, trash) = (bench.path("instances"), bench.path("trash"));
    // The directory has moved, under another name than its own, and the row has not gone.
    let moving = trashed(&bench, &made[0]).await;
    bench.engine.trash.restore(&made[0].dir, None).await.unwrap();
    trashed(&bench, &made[1]).await;
    trashed(&bench, &made[2]).await;
    let mut record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(trash.join(&made[1].dir).join(RECORD)).unwrap()).unwrap();
    let temp = bench.closed().await;
    record["id"] = made[0].id.0.into();
    record["dir"] = made[0].dir.clone().into();
    std::fs::write(instances.join(&made[0].dir).join(RECORD), record.to_string()).unwrap();
    let elsewhere = moving.with_file_name(format!("{}-17", made[0].dir));
    std::fs::rename(instances.join(&made[0].dir), &elsewhere).unwrap();
    // The directory is back, and the row was not stored.
    std::fs::rename(trash.join(&made[1].dir), instances.join(&made[1].dir)).unwrap();
    // Removing had begun.
    let removing = trash.join(format!(".removing-{}", made[2].dir));
    std::fs::rename(trash.join(&made[2].dir), &removing).unwrap();

    let engine = Engine::open(config(&temp)).await.unwrap();
    let names: Vec<_> = engine
        .instances
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(names, ["kept"]);
    wait_until("the removal to be completed", async || !removing.exists()).await;
    let mut lying: Vec<_> = entries(&engine)
        .await
        .into_iter()
        .map(|entry| entry.entry)
        .collect();
    lying.sort();
    let mut expected = [
        elsewhere.file_name().unwrap().to_str().unwrap(),
        made[1].dir.as_str(),
    ];
    expected.sort_unstable();
    assert_eq!(lying, expected);
    let back = engine.trash.restore(&made[1].dir, None).await.unwrap();
    assert_eq!((back.id, back.name.as_str()), (made[1].id, "restoring"));
    engine.shutdown(false).await;
}
