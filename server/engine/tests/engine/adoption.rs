//! Across panels: what an earlier one began is taken over as it is, in every status.

use types::instances::{NewInstance, RestartPolicy, Status};

use crate::panel::{Panel, SERVER, create, is_alive, kill, killed_panel, open, shim_pid, until};
use crate::waiting::wait_until;

#[tokio::test]
async fn the_next_panel_adopts_what_runs_and_starts_no_second_copy() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let (started, starting, stopping, ended) = killed_panel(data.path(), async move |engine| {
        let default = NewInstance::default;
        let auto = NewInstance {
            autostart: true,
            ..default()
        };
        let started = create(&engine, &path, "ready = http", SERVER, auto).await;
        let starting = create(&engine, &path, "ready = http", "echo one; sleep 76", default()).await;
        let stopping = create(
            &engine,
            &path,
            "ready = process; stop_grace = 2",
            "trap '' TERM; while :; do sleep 0.1; done",
            default(),
        )
        .await;
        let ended = create(
            &engine,
            &path,
            "ready = process",
            "until [ -e go ]; do sleep 0.05; done; exit 6",
            default(),
        )
        .await;
        for id in [started, starting, stopping, ended] {
            engine.instances.start(id).await.unwrap();
        }
        let started = until(&engine, started, |row| row.status == Status::Started).await;
        let starting = until(&engine, starting, |row| row.pid.is_some()).await;
        let stopping = until(&engine, stopping, |row| {
            row.status == Status::Started && row.pid.is_some()
        })
        .await;
        let ended = until(&engine, ended, |row| row.status == Status::Started).await;
        engine.instances.stop(stopping.id).await.unwrap();
        (started, starting, stopping, ended)
    })
    .await;
    assert!(is_alive(started.pid.unwrap()) && is_alive(starting.pid.unwrap()));
    std::fs::write(data.path().join("instances").join(&ended.dir).join("go"), "").unwrap();

    let engine = open(data.path()).await;
    // The last panel may have died between showing and storing that it is ready; then it is found out anew.
    let now = until(&engine, started.id, |row| {
        row.pid.is_some() && row.status != Status::Starting
    })
    .await;
    assert_eq!(
        (now.status, now.pid, now.run),
        (Status::Started, started.pid, started.run)
    );
    assert_eq!(
        (now.internal_port, now.started_at),
        (started.internal_port, started.started_at)
    );
    let now = until(&engine, starting.id, |row| row.pid.is_some()).await;
    assert_eq!((now.status, now.pid), (Status::Starting, starting.pid));
    until(&engine, stopping.id, |row| row.status == Status::Stopped).await;
    assert!(!is_alive(stopping.pid.unwrap()));
    let now = until(&engine, ended.id, |row| row.status == Status::Error).await;
    assert_eq!(now.exit_code, Some(6));

    for row in [&started, &starting] {
        engine.instances.stop(row.id).await.unwrap();
        until(&engine, row.id, |row| row.status == Status::Stopped).await;
        assert!(!is_alive(row.pid.unwrap()));
    }
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_shim_killed_while_no_panel_runs_is_found_out() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let row = killed_panel(data.path(), async move |engine| {
        let id = create(
            &engine,
            &path,
            "ready = http; stop_grace = 1",
            SERVER,
            NewInstance::default(),
        )
        .await;
        engine.instances.start(id).await.unwrap();
        until(&engine, id, |row| row.status == Status::Started).await
    })
    .await;
    let run_dir = data.path().join("instances").join(&row.dir).join("logs/1");
    kill(shim_pid(&run_dir));
    let engine = open(data.path()).await;
    let now = until(&engine, row.id, |row| row.status == Status::Error).await;
    assert!(now.status_reason.contains("lost"), "{}", now.status_reason);
    assert!(!is_alive(row.pid.unwrap()));
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_stalled_app_is_adopted_as_it_is_and_may_still_become_ready() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let stalled = killed_panel(data.path(), async move |engine| {
        let metadata = "ready = http; start_timeout = 1";
        let body = format!("until [ -e go ]; do sleep 0.05; done; {SERVER}");
        let id = create(&engine, &path, metadata, &body, NewInstance::default()).await;
        engine.instances.start(id).await.unwrap();
        let row = until(&engine, id, |row| row.status == Status::Stalled).await;
        // Shown before it is stored: the panel must not go before the store has it.
        wait_until("the state to be stored", async || {
            is_stored(&path, "stalled").await
        })
        .await;
        row
    })
    .await;
    let engine = open(data.path()).await;
    let now = until(&engine, stalled.id, |row| row.pid.is_some()).await;
    assert_eq!(
        (now.status, now.pid, now.run),
        (Status::Stalled, stalled.pid, stalled.run)
    );
    let dir = data.path().join("instances").join(&now.dir);
    std::fs::write(dir.join("go"), "").unwrap();
    let now = until(&engine, stalled.id, |row| row.status == Status::Started).await;
    assert_eq!(now.pid, stalled.pid);
    engine.instances.stop(now.id).await.unwrap();
    until(&engine, now.id, |row| row.status == Status::Stopped).await;
    assert!(!is_alive(now.pid.unwrap()));
    engine.shutdown(false).await;
}

/// Whether a run in the database has this state.
async fn is_stored(data: &std::path::Path, state: &str) -> bool {
    use sea_orm::ConnectionTrait;
    let url = format!("sqlite://{}?mode=ro", data.join("aikore.db").display());
    let db = sea_orm::Database::connect(url).await.unwrap();
    let found = db
        .query_one_raw(sea_orm::Statement::from_string(
            db.get_database_backend(),
            format!("SELECT 1 FROM runs WHERE state = '{state}'"),
        ))
        .await
        .unwrap();
    db.close().await.unwrap();
    found.is_some()
}

#[tokio::test]
async fn shutdown_leaves_instances_running_unless_told_to_stop_them() {
    let panel = Panel::new().await;
    let id = panel.create("ready = process", "sleep 77").await;
    panel.start(id, Status::Started).await;
    let pid = panel.until(id, |row| row.pid.is_some()).await.pid.unwrap();
    panel.engine.shutdown(false).await;
    let Panel { data, engine } = panel;
    drop(engine);
    assert!(is_alive(pid));
    let engine = open(data.path()).await;
    until(&engine, id, |row| row.pid == Some(pid)).await;
    engine.shutdown(true).await;
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn an_engine_dropped_without_a_word_acts_no_more() {
    let panel = Panel::new().await;
    let new = NewInstance {
        restart_policy: RestartPolicy::Always,
        ..NewInstance::default()
    };
    let id = panel.create_with("ready = process", "sleep 81", new).await;
    panel.start(id, Status::Started).await;
    let pid = panel.until(id, |row| row.pid.is_some()).await.pid.unwrap();
    let Panel { data, engine } = panel;
    drop(engine);
    let engine = open(data.path()).await;
    until(&engine, id, |row| row.pid == Some(pid)).await;
    kill(pid);
    let row = until(&engine, id, |row| row.run == 2 && row.status == Status::Started).await;
    assert_eq!(row.restarts, 1);
    let copies = std::fs::read_dir(data.path().join("instances").join(&row.dir).join("logs"))
        .unwrap()
        .count();
    assert_eq!(copies, 2, "one run each time");
    engine.shutdown(true).await;
}

#[tokio::test]
async fn instances_are_started_with_the_panel_in_table_order() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let ids = killed_panel(data.path(), async move |engine| {
        let mut ids = Vec::new();
        for body in [
            "sleep 0.3; touch ../../first; sleep 78",
            "[ -e ../../first ] || exit 1; sleep 78",
        ] {
            let body = format!("{body} & sleep 0.5; echo ready now; wait");
            let auto = NewInstance {
                autostart: true,
                ..NewInstance::default()
            };
            ids.push(create(&engine, &path, "ready = log:ready now", &body, auto).await);
        }
        ids
    })
    .await;
    let engine = open(data.path()).await;
    assert_eq!(engine.instances.get(ids[1]).await.unwrap().status, Status::Queued);
    until(&engine, ids[1], |row| row.status == Status::Started).await;
    assert!(data.path().join("first").exists());
    engine.shutdown(true).await;
}

#[tokio::test]
async fn an_instance_that_waited_for_its_turn_when_the_panel_died_waits_again() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let ids = killed_panel(data.path(), async move |engine| {
        let mut ids = Vec::new();
        for body in [
            "until [ -e ../../go ]; do sleep 0.05; done; echo ready now",
            "echo ready now",
        ] {
            let body = format!("{body}; sleep 82");
            let auto = NewInstance {
                autostart: true,
                ..NewInstance::default()
            };
            ids.push(create(&engine, &path, "ready = log:ready now", &body, auto).await);
        }
        ids
    })
    .await;
    let (first, second) = (ids[0], ids[1]);
    let starting = killed_panel(data.path(), async move |engine| {
        let starting = until(&engine, first, |row| row.pid.is_some()).await;
        assert_eq!(engine.instances.get(second).await.unwrap().status, Status::Queued);
        starting
    })
    .await;

    let engine = open(data.path()).await;
    let adopted = until(&engine, first, |row| row.pid.is_some()).await;
    assert_eq!((adopted.status, adopted.pid), (Status::Starting, starting.pid));
    let waiting = engine.instances.get(second).await.unwrap();
    assert_eq!((waiting.status, waiting.run), (Status::Queued, 0));
    std::fs::write(data.path().join("go"), "").unwrap();
    let row = until(&engine, second, |row| row.status == Status::Started).await;
    assert_eq!(row.run, 1);
    assert_eq!(engine.instances.get(first).await.unwrap().pid, starting.pid);
    engine.shutdown(true).await;
}

#[tokio::test]
async fn an_app_that_was_about_to_be_started_again_is_started_by_the_next_panel() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let (again, stopped) = killed_panel(data.path(), async move |engine| {
        let always = || NewInstance {
            restart_policy: RestartPolicy::Always,
            ..NewInstance::default()
        };
        let body = "[ -e ../../go ] && exec sleep 87; exit 7";
        let again = create(&engine, &path, "ready = process", body, always()).await;
        let stopped = create(&engine, &path, "ready = process", body, always()).await;
        for id in [stopped, again] {
            engine.instances.start(id).await.unwrap();
            // The third try is waited for longest.
            until(&engine, id, |row| row.restarts == 3).await;
            if id == stopped {
                engine.instances.stop(id).await.unwrap();
                until(&engine, id, |row| row.status == Status::Stopped).await;
            }
        }
        (again, stopped)
    })
    .await;
    std::fs::write(data.path().join("go"), "").unwrap();
    let engine = open(data.path()).await;
    let row = until(&engine, again, |row| row.status == Status::Started).await;
    assert_eq!(row.run, 4);
    let row = engine.instances.get(stopped).await.unwrap();
    assert_eq!((row.status, row.run), (Status::Stopped, 3));
    engine.shutdown(true).await;
}
