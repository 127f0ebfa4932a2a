//! Satellites: what they share with their parent, and what is their own.

use engine::Error;
use types::copies::NewSatellite;
use types::instances::{DeleteMode, InstanceChange, InstanceId, NewInstance, RestartPolicy, Status};

use crate::bench::{Bench, new};
use crate::panel::{Panel, is_alive, killed_panel, open, until};

fn called(name: &str) -> NewSatellite {
    NewSatellite {
        new_name: Some(name.to_owned()),
        ..NewSatellite::default()
    }
}

/// Says what it was given, and stays.
const BODY: &str = r#"
source "${AIKORE_VARS_FILE:-$INSTANCE_CONF_DIR/aikore_vars.env}"
echo "conf $INSTANCE_CONF_DIR"; echo "out $INSTANCE_OUTPUT_DIR"; echo "here $PWD"; echo "port $WEBUI_PORT"
echo "mine $MINE"; echo "args $(cat "${LAUNCH_ARGS_FILE:-$INSTANCE_CONF_DIR/launch_args.txt}")"
echo said; exec sleep 600"#;

#[tokio::test]
async fn a_satellite_runs_beside_its_parent_with_what_is_its_own() {
    let panel = Panel::new().await;
    let instances = &panel.engine.instances;
    let wanted = NewInstance {
        env_vars: "MINE=parents".to_owned(),
        launch_args: "--of-the-parent".to_owned(),
        ..NewInstance::default()
    };
    let parent = panel.create_with("ready = log:said", BODY, wanted).await;
    let satellite = instances.instantiate(parent, called("second")).await.unwrap();
    assert_eq!(
        (satellite.status, satellite.parent_instance_id),
        (Status::Stopped, Some(parent))
    );
    let change = InstanceChange {
        env_vars: Some("MINE=its own".to_owned()),
        launch_args: Some("--of-the-satellite".to_owned()),
        restart_policy: Some(RestartPolicy::Always),
        ..InstanceChange::default()
    };
    let satellite = instances.update(satellite.id, change, false).await.unwrap();

    let first = panel.start(parent, Status::Started).await;
    let second = panel.start(satellite.id, Status::Started).await;
    assert!(is_alive(first.pid.unwrap()) && is_alive(second.pid.unwrap()));
    let (of_parent, of_satellite) = (panel.log(parent).await, panel.log(satellite.id).await);
    let line = |log: &str, word: &str| {
        let found = log.lines().find_map(|line| line.strip_prefix(word));
        found
            .unwrap_or_else(|| panic!("no {word} in {log}"))
            .trim()
            .to_owned()
    };
    for shared in ["conf", "here"] {
        assert_eq!(line(&of_parent, shared), line(&of_satellite, shared));
    }
    for own in ["out", "port", "mine", "args"] {
        assert_ne!(line(&of_parent, own), line(&of_satellite, own), "{own}");
    }
    assert_eq!(line(&of_satellite, "mine"), "its own");
    assert_eq!(line(&of_satellite, "args"), "--of-the-satellite");
    assert!(panel.run_dir(&second).join("log.0").exists() && first.dir != second.dir);
    assert_eq!(
        instances.get(parent).await.unwrap().restart_policy,
        RestartPolicy::Never
    );

    panel.stop(parent).await;
    let still = instances.get(satellite.id).await.unwrap();
    assert!(still.status == Status::Started && is_alive(second.pid.unwrap()));
    panel.stop(satellite.id).await;
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn both_are_found_again_after_the_panel_was_killed() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let (parent, satellite, before) = killed_panel(&path.clone(), move |engine| async move {
        let parent =
            crate::panel::create(&engine, &path, "ready = log:said", BODY, NewInstance::default()).await;
        let satellite = engine
            .instances
            .instantiate(parent, called("second"))
            .await
            .unwrap()
            .id;
        let mut pids = Vec::new();
        for id in [parent, satellite] {
            engine.instances.start(id).await.unwrap();
            pids.push(
                until(&engine, id, |row| {
                    row.status == Status::Started && row.pid.is_some()
                })
                .await
                .pid,
            );
        }
        (parent, satellite, pids)
    })
    .await;
    let engine = open(data.path()).await;
    for (id, pid) in [parent, satellite].into_iter().zip(before) {
        let row = until(&engine, id, |row| {
            row.status == Status::Started && row.pid.is_some()
        })
        .await;
        assert_eq!(row.pid, pid);
        engine.instances.stop(id).await.unwrap();
        until(&engine, id, |row| row.status == Status::Stopped).await;
    }
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_family_stands_together_and_its_locks_hold() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let parent = instances.create(new("parent")).await.unwrap();
    let other = instances.create(new("other")).await.unwrap();
    let one = instances
        .instantiate(parent.id, NewSatellite::default())
        .await
        .unwrap();
    let two = instances.instantiate(parent.id, called("two")).await.unwrap();
    assert_eq!(one.name, "parent satellite");
    assert!(one.public_port.is_some() && one.public_port != parent.public_port && !one.autostart);
    assert!(one.slug != parent.slug && one.dir != parent.dir);
    let order = async || {
        let rows = instances.list().await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<InstanceId>>()
    };
    assert_eq!(order().await, [parent.id, one.id, two.id, other.id]);
    instances
        .reorder(vec![two.id, other.id, one.id, parent.id])
        .await
        .unwrap();
    assert_eq!(order().await, [other.id, parent.id, two.id, one.id]);

    let refused = instances.instantiate(one.id, NewSatellite::default()).await;
    assert!(matches!(refused, Err(Error::IsSatellite { .. })), "{refused:?}");
    let refused = instances.delete(parent.id, DeleteMode::Trash, None).await;
    let Err(Error::HasSatellites { satellites, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(satellites, ["two", "parent satellite"]);
    for change in [
        InstanceChange {
            python_version: Some(Some("3.12".to_owned())),
            ..InstanceChange::default()
        },
        InstanceChange {
            base_blueprint: Some("Marimo".to_owned()),
            ..InstanceChange::default()
        },
    ] {
        let refused = instances.update(one.id, change.clone(), false).await;
        assert!(matches!(refused, Err(Error::InvalidField { .. })), "{refused:?}");
        instances.update(parent.id, change, false).await.unwrap();
    }
    let of_parent = instances.get(parent.id).await.unwrap();
    let of_satellite = instances.get(one.id).await.unwrap();
    assert_eq!(of_satellite.python_version.as_deref(), Some("3.12"));
    assert_eq!(of_satellite.base_blueprint, of_parent.base_blueprint);
    let bench = bench.reopened().await;
    let stored = bench.engine.instances.get(one.id).await.unwrap();
    assert_eq!(stored.base_blueprint, of_parent.base_blueprint);
}

#[tokio::test]
async fn while_a_satellite_runs_what_it_stands_on_stays() {
    let panel = Panel::new().await;
    let instances = &panel.engine.instances;
    let parent = panel.create("ready = log:said", BODY).await;
    let satellite = instances.instantiate(parent, called("second")).await.unwrap();
    panel.start(satellite.id, Status::Started).await;
    for change in [
        InstanceChange {
            torch_version: Some(Some("2.5".to_owned())),
            ..InstanceChange::default()
        },
        InstanceChange {
            base_blueprint: Some("test-logs".to_owned()),
            ..InstanceChange::default()
        },
    ] {
        let refused = instances.update(parent, change, false).await;
        assert!(matches!(refused, Err(Error::SatellitesRun { .. })), "{refused:?}");
    }
    // What is the parent's own may change.
    let change = InstanceChange {
        gpu_ids: Some(Some("0".to_owned())),
        ..InstanceChange::default()
    };
    instances.update(parent, change, false).await.unwrap();
    let refused = instances.copy(parent, types::copies::NewCopy::default()).await;
    assert!(matches!(refused, Err(Error::SatellitesRun { .. })), "{refused:?}");
    panel.stop(satellite.id).await;

    let script = panel
        .data
        .path()
        .join("instances")
        .join(&instances.get(parent).await.unwrap().dir)
        .join("launch.sh");
    instances
        .delete(satellite.id, DeleteMode::Permanent, Some("second".to_owned()))
        .await
        .unwrap();
    crate::waiting::wait_until("the satellite to be gone", async || {
        instances.list().await.unwrap().len() == 1
    })
    .await;
    assert!(
        script.exists(),
        "deleting a satellite leaves the parent's directory alone"
    );
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_family_goes_to_the_trash_at_once_and_what_runs_stays() {
    let panel = Panel::new().await;
    let instances = &panel.engine.instances;
    let parent = panel.create("ready = log:said", BODY).await;
    let first = instances.instantiate(parent, called("first")).await.unwrap();
    let second = instances.instantiate(parent, called("second")).await.unwrap();
    let running = panel.create("ready = log:said", BODY).await;
    panel.start(running, Status::Started).await;
    let unknown = InstanceId(999);
    let several = vec![parent, running, second.id, unknown, first.id];
    let refused = instances.trash_several(several).await;
    assert!(
        matches!(
            refused[..],
            [Error::WrongStatus { .. }, Error::UnknownInstance(_)]
        ),
        "{refused:?}"
    );
    crate::waiting::wait_until("the family to be gone", async || {
        instances.list().await.unwrap().len() == 1
    })
    .await;
    assert_eq!(panel.engine.trash.list().await.unwrap().entries.len(), 3);
    panel.stop(running).await;
    panel.engine.shutdown(false).await;
}
