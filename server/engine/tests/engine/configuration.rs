//! Creating, changing, ordering and deleting instances.

use std::collections::HashSet;
use std::os::unix::fs::{PermissionsExt, symlink};

use engine::Error;
use types::events::Event;
use types::instances::{DeleteMode, Instance, InstanceChange, NewInstance, Status};
use types::jobs::JobState;

use crate::bench::{Bench, new};

#[tokio::test]
async fn an_instance_is_a_row_a_directory_and_a_script_and_outlives_the_panel() {
    let bench = Bench::new().await;
    let mut events = bench.engine.events.subscribe();
    let made = bench
        .engine
        .instances
        .create(NewInstance {
            gpu_ids: Some(" 0, 1 ".to_owned()),
            env_vars: "A=1\r\nB=2\r\n".to_owned(),
            ..new("ComfyUI main")
        })
        .await
        .unwrap();
    assert_eq!(
        (made.slug.as_str(), made.status),
        ("comfyui-main", Status::Stopped)
    );
    assert_eq!(made.gpu_ids.as_deref(), Some("0,1"));
    assert_eq!(made.env_vars, "A=1\nB=2");
    assert_eq!(made.base_blueprint, "test-logs.sh");
    assert_eq!(
        events.recv().await.unwrap(),
        Event::Instance(Box::new(made.clone()))
    );

    let script = bench.path("instances").join(&made.dir).join("launch.sh");
    let permissions = std::fs::metadata(&script).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o644);
    let stock = bench.engine.blueprints.script("test-logs").await.unwrap();
    assert_eq!(std::fs::read(&script).unwrap(), stock);

    let bench = bench.reopened().await;
    assert_eq!(
        bench.engine.instances.list().await.unwrap(),
        std::slice::from_ref(&made)
    );
    assert_eq!(
        bench.engine.instances.by_slug("comfyui-main").await.unwrap(),
        Some(made)
    );
}

#[tokio::test]
async fn twenty_creates_at_once_give_twenty_rows_and_twenty_ports() {
    let bench = Bench::new().await;
    let mut creates = tokio::task::JoinSet::new();
    for number in 0..20 {
        let instances = bench.engine.instances.clone();
        creates.spawn(async move { instances.create(new(&format!("app {number}"))).await });
    }
    let made: Vec<Instance> = creates.join_all().await.into_iter().map(Result::unwrap).collect();
    let distinct = |value: fn(&Instance) -> String| made.iter().map(value).collect::<HashSet<_>>().len();
    assert_eq!(distinct(|row| row.public_port.unwrap().to_string()), 20);
    assert_eq!(distinct(|row| row.dir.clone()), 20);
    assert_eq!(distinct(|row| row.sort_order.to_string()), 20);
    assert_eq!(bench.engine.instances.list().await.unwrap().len(), 20);
}

#[tokio::test]
async fn ports_come_lowest_first_from_the_range_and_never_from_somebody_else() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let free = instances.available_ports().await.unwrap();
    let foreign = std::net::TcpListener::bind(("127.0.0.1", free[0])).unwrap();
    assert_eq!(
        instances.create(new("one")).await.unwrap().public_port,
        Some(free[1])
    );
    assert!(!instances.available_ports().await.unwrap().contains(&free[0]));
    drop(foreign);
    assert_eq!(
        instances.create(new("two")).await.unwrap().public_port,
        Some(free[0])
    );

    let shared = NewInstance {
        public_port: Some(free[0]),
        ..new("three")
    };
    let shared = instances.create(shared).await.unwrap();
    assert_eq!(shared.public_port, Some(free[0]), "several may hold one port");

    let low = NewInstance {
        public_port: Some(80),
        ..new("low")
    };
    assert!(matches!(
        instances.create(low).await,
        Err(Error::PortOutOfRange { port: 80, .. })
    ));
    let change = InstanceChange {
        public_port: Some(Some(80)),
        ..InstanceChange::default()
    };
    let answer = instances.update(shared.id, change, false).await;
    assert!(matches!(answer, Err(Error::PortOutOfRange { port: 80, .. })));
}

#[tokio::test]
async fn an_instance_goes_without_a_port_when_none_is_left() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let free = instances.available_ports().await.unwrap();
    for port in &free {
        let row = instances.create(new(&format!("app {port}"))).await.unwrap();
        assert_eq!(row.public_port, Some(*port));
    }
    let without = instances.create(new("one more")).await.unwrap();
    assert_eq!(without.public_port, None);
    let bench = bench.reopened().await;
    let row = bench.engine.instances.get(without.id).await.unwrap();
    assert_eq!(row.public_port, None);
}

#[tokio::test]
async fn a_refused_create_leaves_nothing_behind() {
    let bench = Bench::new().await;
    bench.blueprint("binary.sh", b"\x7fELF\0");
    for (blueprint, output, fields) in [
        ("no such", None, ""),
        ("../../etc/passwd", None, ""),
        ("binary", None, ""),
        ("functions.sh", None, ""),
        ("test-logs", Some("../../x"), ""),
        ("test-logs", Some("/etc"), ""),
        ("test-logs", None, "no variable"),
    ] {
        let wanted = NewInstance {
            base_blueprint: blueprint.to_owned(),
            output_path: output.map(str::to_owned),
            env_vars: fields.to_owned(),
            ..new("app")
        };
        let answer = bench.engine.instances.create(wanted).await;
        assert!(
            matches!(
                answer,
                Err(Error::UnknownBlueprint(_) | Error::InvalidField { .. })
            ),
            "{blueprint}: {answer:?}"
        );
    }
    assert!(bench.engine.instances.list().await.unwrap().is_empty());
    assert_eq!(std::fs::read_dir(bench.path("instances")).unwrap().count(), 0);
}

#[tokio::test]
async fn output_cannot_leave_through_a_link() {
    let bench = Bench::new().await;
    symlink("/tmp", bench.path("outputs").join("link")).unwrap();
    let made = bench.engine.instances.create(new("app")).await.unwrap();
    let change = InstanceChange {
        output_path: Some(Some("link/deeper".to_owned())),
        ..InstanceChange::default()
    };
    let answer = bench.engine.instances.update(made.id, change, false).await;
    assert!(
        matches!(
            answer,
            Err(Error::InvalidField {
                field: "output_path",
                ..
            })
        ),
        "{answer:?}"
    );
}

#[tokio::test]
async fn only_a_value_that_differs_is_a_change() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("app")).await.unwrap();
    let same = InstanceChange {
        name: Some("app".to_owned()),
        base_blueprint: Some("test-logs".to_owned()),
        gpu_ids: Some(Some(String::new())),
        autostart: Some(false),
        public_port: Some(made.public_port),
        env_vars: Some(String::new()),
        python_version: Some(Some("Auto".to_owned())),
        ..InstanceChange::default()
    };
    assert_eq!(instances.update(made.id, same, true).await.unwrap(), made);

    let change = InstanceChange {
        name: Some("APP".to_owned()),
        gpu_ids: Some(Some("1".to_owned())),
        ..InstanceChange::default()
    };
    let previews = instances.preview(vec![(made.id, change.clone())]).await.unwrap();
    assert_eq!(previews[0].changed, ["name", "gpu_ids"]);
    assert!(!previews[0].restarts, "it does not run");
    assert_eq!(
        instances.get(made.id).await.unwrap(),
        made,
        "a preview changes nothing"
    );

    let saved = instances.update(made.id, change, true).await.unwrap();
    assert_eq!(
        (saved.name.as_str(), saved.gpu_ids.as_deref()),
        ("APP", Some("1"))
    );
    assert_eq!(
        (saved.dir.as_str(), saved.slug.as_str()),
        (made.dir.as_str(), "app")
    );
    assert_eq!(saved.row_version, made.row_version + 1);
    let bench = bench.reopened().await;
    assert_eq!(bench.engine.instances.list().await.unwrap(), [saved]);
}

#[tokio::test]
async fn a_stale_row_is_refused_and_nothing_of_it_is_saved() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("app")).await.unwrap();
    let change = |autostart| InstanceChange {
        row_version: Some(made.row_version),
        autostart: Some(autostart),
        ..InstanceChange::default()
    };
    let (one, two) = tokio::join!(
        instances.update(made.id, change(true), false),
        instances.update(made.id, change(true), false)
    );
    let (good, stale) = if one.is_ok() { (one, two) } else { (two, one) };
    let good = good.unwrap();
    assert!(
        matches!(stale, Err(Error::StaleRow { row_version, .. }) if row_version == good.row_version),
        "{stale:?}"
    );
    assert_eq!(instances.get(made.id).await.unwrap(), good);
}

#[tokio::test]
async fn one_bad_field_spoils_the_whole_change() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let other = instances.create(new("other")).await.unwrap();
    let made = instances.create(new("app")).await.unwrap();
    let change = InstanceChange {
        autostart: Some(true),
        name: Some("OTHER".to_owned()),
        ..InstanceChange::default()
    };
    let preview = instances.preview(vec![(made.id, change.clone())]).await.unwrap();
    assert!(preview[0].problem.as_ref().unwrap().contains("other"));
    assert!(matches!(
        instances.update(made.id, change, false).await,
        Err(Error::NameTaken(_))
    ));
    let change = InstanceChange {
        autostart: Some(true),
        launch_args: Some("--a \"open".to_owned()),
        ..InstanceChange::default()
    };
    let answer = instances.update(made.id, change, false).await;
    assert!(matches!(
        answer,
        Err(Error::InvalidField {
            field: "launch_args",
            ..
        })
    ));
    assert_eq!(instances.list().await.unwrap(), [other, made]);
}

#[tokio::test]
async fn another_blueprint_never_costs_an_edit_of_the_script() {
    let bench = Bench::new().await;
    bench.blueprint("one.sh", "echo one\n");
    bench.blueprint("two.sh", "echo two\n");
    let instances = &bench.engine.instances;
    let made = instances
        .create(NewInstance {
            base_blueprint: "one".to_owned(),
            ..new("app")
        })
        .await
        .unwrap();
    let script = bench.path("instances").join(&made.dir).join("launch.sh");
    let to = |name: &str| InstanceChange {
        base_blueprint: Some(name.to_owned()),
        ..InstanceChange::default()
    };
    assert_eq!(
        instances
            .update(made.id, to("two.sh"), false)
            .await
            .unwrap()
            .blueprint_name,
        "two"
    );
    assert_eq!(std::fs::read_to_string(&script).unwrap(), "echo two\n");
    std::fs::write(&script, "echo mine\n").unwrap();
    assert_eq!(
        instances
            .update(made.id, to("one"), false)
            .await
            .unwrap()
            .base_blueprint,
        "one.sh"
    );
    assert_eq!(std::fs::read_to_string(&script).unwrap(), "echo mine\n");
    assert!(matches!(
        instances.update(made.id, to("three"), false).await,
        Err(Error::UnknownBlueprint(_))
    ));
}

#[tokio::test]
async fn rows_keep_the_order_they_are_given() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(instances.create(new(name)).await.unwrap().id);
    }
    let mut events = bench.engine.events.subscribe();
    instances.reorder(vec![ids[3], ids[1]]).await.unwrap();
    let wanted = [ids[3], ids[1], ids[0], ids[2]];
    assert_eq!(
        events.recv().await.unwrap(),
        Event::InstancesReordered(wanted.to_vec())
    );
    let bench = bench.reopened().await;
    let rows = bench.engine.instances.list().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), wanted);
    assert!(
        rows.iter().all(|row| row.row_version == 1),
        "moving a row does not make an edit stale"
    );
}

#[tokio::test]
async fn deleting_into_the_trash_keeps_the_files_and_never_the_number() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("app")).await.unwrap();
    let mut events = bench.engine.events.subscribe();
    let job = instances.delete(made.id, DeleteMode::Trash, None).await.unwrap();
    assert_eq!(bench.ended(&mut events, job.id).await.state, JobState::Done);
    assert!(matches!(
        instances.get(made.id).await,
        Err(Error::UnknownInstance(_))
    ));
    assert!(bench.path("trash").join(&made.dir).join("launch.sh").exists());
    assert!(!bench.path("instances").join(&made.dir).exists());

    let bench = bench.reopened().await;
    let again = bench.engine.instances.create(new("app")).await.unwrap();
    assert!(again.id > made.id && again.dir != made.dir && again.slug == made.slug);
}

#[tokio::test]
async fn deleting_for_good_needs_the_name_and_touches_nothing_outside() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("app")).await.unwrap();
    let own = bench.path("instances").join(&made.dir);
    let models = bench.path("models");
    std::fs::write(models.join("big.safetensors"), vec![0; 4096]).unwrap();
    std::fs::write(own.join("data"), vec![0; 1000]).unwrap();
    symlink(&models, own.join("models")).unwrap();
    symlink(models.join("big.safetensors"), own.join("model")).unwrap();

    let script = std::fs::metadata(own.join("launch.sh")).unwrap().len();
    let preview = instances.delete_preview(made.id).await.unwrap();
    assert_eq!((preview.bytes, preview.files), (1000 + script, 4));
    for confirm in [None, Some("App".to_owned()), Some(String::new())] {
        let answer = instances.delete(made.id, DeleteMode::Permanent, confirm).await;
        assert!(matches!(answer, Err(Error::NotConfirmed(_))));
    }
    let mut events = bench.engine.events.subscribe();
    let job = instances
        .delete(made.id, DeleteMode::Permanent, Some("app".to_owned()))
        .await
        .unwrap();
    assert_eq!(bench.ended(&mut events, job.id).await.state, JobState::Done);
    assert_eq!(std::fs::read_dir(bench.path("instances")).unwrap().count(), 0);
    assert!(models.join("big.safetensors").exists());
    assert!(instances.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deletion_that_a_crash_interrupted_is_completed_at_the_next_start() {
    let bench = Bench::new().await;
    let mut made = Vec::new();
    for name in ["trashed", "removed", "kept"] {
        made.push(bench.engine.instances.create(new(name)).await.unwrap());
    }
    // As if the panel was killed after the directory moved and before the row went.
    let from = bench.path("instances");
    std::fs::rename(from.join(&made[0].dir), bench.path("trash").join(&made[0].dir)).unwrap();
    let aside = from.join(format!(".deleting-{}", made[1].dir));
    std::fs::rename(from.join(&made[1].dir), &aside).unwrap();

    let bench = bench.reopened().await;
    assert_eq!(bench.engine.instances.list().await.unwrap(), [made.remove(2)]);
    let deadline = tokio::time::Instant::now() + crate::bench::LIMIT;
    while aside.exists() {
        assert!(tokio::time::Instant::now() < deadline, "the rest was not removed");
        tokio::task::yield_now().await;
    }
}

/// A blueprint that is ready as soon as it runs and ends when it is asked to.
const WAITER: &str = "# AIKORE-METADATA-START\n# aikore.ready = process\n# aikore.subpath = yes\n\
    # AIKORE-METADATA-END\nexec sleep 600\n";

#[tokio::test]
async fn a_running_instance_restarts_only_for_a_value_that_its_run_was_started_with() {
    let bench = Bench::new().await;
    bench.blueprint("waiter.sh", WAITER);
    let instances = &bench.engine.instances;
    let waiter = NewInstance {
        base_blueprint: "waiter".to_owned(),
        ..new("app")
    };
    let id = instances.create(waiter).await.unwrap().id;
    instances.start(id).await.unwrap();
    let running = bench.until(id, |row| row.status == Status::Started).await;

    for (change, restarts) in [
        (r#"{"autostart":true,"restart_policy":"never"}"#, false),
        (r#"{"public_port":null,"hostname":"example.org"}"#, false),
        (r#"{"gpu_ids":"","env_vars":""}"#, false),
        (r#"{"name":"APP"}"#, false),
        (r#"{"name":"other"}"#, true), // its prefix changes, and the script was told the old one
        (r#"{"gpu_ids":"0"}"#, true),
        (r#"{"env_vars":"A=1"}"#, true),
        (r#"{"output_path":"here"}"#, true),
    ] {
        let change: InstanceChange = serde_json::from_str(change).unwrap();
        let preview = instances.preview(vec![(id, change.clone())]).await.unwrap();
        assert_eq!(
            (preview[0].restarts, &preview[0].problem),
            (restarts, &None),
            "{change:?}"
        );
    }

    let bad = InstanceChange {
        gpu_ids: Some(Some("first".to_owned())),
        ..InstanceChange::default()
    };
    assert!(instances.update(id, bad, true).await.is_err());
    let change = InstanceChange {
        autostart: Some(true),
        ..InstanceChange::default()
    };
    let saved = instances.update(id, change, true).await.unwrap();
    assert_eq!(
        (saved.run, saved.pid, saved.status),
        (1, running.pid, Status::Started)
    );

    let change = InstanceChange {
        gpu_ids: Some(Some("0".to_owned())),
        ..InstanceChange::default()
    };
    let saved = instances.update(id, change.clone(), false).await.unwrap();
    assert_eq!(
        (saved.run, saved.status),
        (1, Status::Started),
        "nobody asked for a restart"
    );
    let change = InstanceChange {
        gpu_ids: Some(None),
        ..change
    };
    instances.update(id, change, true).await.unwrap();
    bench
        .until(id, |row| row.run == 2 && row.status == Status::Started)
        .await;

    let answer = instances.delete(id, DeleteMode::Trash, None).await;
    assert!(
        matches!(answer, Err(Error::WrongStatus { verb: "delete", .. })),
        "{answer:?}"
    );
    instances.stop(id).await.unwrap();
    bench.until(id, |row| row.status == Status::Stopped).await;
    let mut events = bench.engine.events.subscribe();
    let job = instances
        .delete(id, DeleteMode::Permanent, Some("app".to_owned()))
        .await
        .unwrap();
    assert!(matches!(
        instances.start(id).await,
        Err(Error::WrongStatus { .. } | Error::UnknownInstance(_))
    ));
    assert_eq!(bench.ended(&mut events, job.id).await.state, JobState::Done);
    assert_eq!(std::fs::read_dir(bench.path("instances")).unwrap().count(), 0);
}
