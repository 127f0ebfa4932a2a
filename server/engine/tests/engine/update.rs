//! Changing and ordering instances: what counts as a change, what is refused, what restarts.

use std::os::unix::fs::symlink;

use engine::Error;
use types::events::Event;
use types::instances::{DeleteMode, InstanceChange, NewInstance, Status};
use types::jobs::JobState;

use crate::bench::{Bench, new};

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
