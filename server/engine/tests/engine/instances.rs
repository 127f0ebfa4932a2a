//! Instances with real scripts: from the first start to proven stop.

use std::time::{Duration, Instant};

use engine::Error;
use engine::instances::LogPosition;
use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use types::events::Event;
use types::instances::{ExitKind, Health, InstanceChange, NewInstance, RestartPolicy, Status};

use crate::panel::{Panel, SERVER, is_alive, kill, number_after, shim_pid, signal};
use crate::waiting::LIMIT;

#[tokio::test]
async fn a_web_app_becomes_ready_answers_and_is_stopped_with_proof() {
    let panel = Panel::new().await;
    let id = panel.create("ready = http", SERVER).await;
    let row = panel.start(id, Status::Started).await;
    let pid = row.pid.unwrap();
    assert!(is_alive(pid));
    panel.until(id, |row| row.health == Health::Healthy).await;

    let mut app = panel.engine.instances.connect(id).await.unwrap();
    app.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    app.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hi"), "{answer}");

    assert!(matches!(
        panel.engine.instances.start(id).await,
        Err(Error::WrongStatus { .. })
    ));
    let row = panel.stop(id).await;
    assert!(!is_alive(pid));
    assert_eq!((row.pid, row.internal_port, row.started_at), (None, None, None));
    assert!(matches!(
        panel.engine.instances.connect(id).await,
        Err(Error::NotRunning(_))
    ));
    let runs = panel.engine.instances.runs(id).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].reason, "stopped by a person");
    assert!(
        runs[0].ended_at.is_some() && runs[0].log_bytes > 0,
        "{:?}",
        runs[0]
    );
}

#[tokio::test]
async fn a_script_that_ends_at_once_is_an_error_that_says_why() {
    let panel = Panel::new().await;
    let id = panel.create("", "echo hello; exit 0").await;
    let row = panel.start(id, Status::Error).await;
    assert!(row.status_reason.contains("exit code 0"), "{}", row.status_reason);
    assert_eq!(row.exit_code, Some(0));

    let id = panel.create("", "echo 'the model is missing' >&2; exit 3").await;
    let row = panel.start(id, Status::Error).await;
    assert!(row.status_reason.contains("exit code 3"), "{}", row.status_reason);
    assert!(
        row.status_reason.contains("the model is missing"),
        "{}",
        row.status_reason
    );
    assert_eq!(row.exit_code, Some(3));
    assert_eq!(panel.log(id).await, "the model is missing\n");
}

#[tokio::test]
async fn the_script_gets_its_environment_and_not_the_panels() {
    let panel = Panel::new().await;
    let new = NewInstance {
        env_vars: "GREETING=it's $HOME \"quoted\"".to_owned(),
        gpu_ids: Some("1".to_owned()),
        ..NewInstance::default()
    };
    let body = "source ./aikore_vars.env; env; echo \"sourced $GREETING\"; pwd; exit 9";
    let id = panel.create_with("", body, new).await;
    let row = panel.start(id, Status::Error).await;
    let log = panel.log(id).await;
    let dir = panel
        .data
        .path()
        .canonicalize()
        .unwrap()
        .join("instances")
        .join(&row.dir);
    for line in [
        "WEBUI_HOST=127.0.0.1".to_owned(),
        format!("INSTANCE_CONF_DIR={}", dir.display()),
        format!("SUBFOLDER=/instance/{}/", row.slug),
        "CUDA_VISIBLE_DEVICES=1".to_owned(),
        "CUDA_DEVICE_ORDER=PCI_BUS_ID".to_owned(),
        "sourced it's $HOME \"quoted\"".to_owned(),
        dir.display().to_string(),
    ] {
        assert!(
            log.lines().any(|found| found == line),
            "no line `{line}` in {log}"
        );
    }
    assert!(
        !log.contains("CARGO_MANIFEST_DIR_OF_NOBODY") && !log.contains("RUST_BACKTRACE"),
        "{log}"
    );
}

#[tokio::test]
async fn a_start_can_be_stopped_at_any_moment() {
    let panel = Panel::new().await;
    let id = panel
        .create(
            "ready = http; stop_grace = 1",
            "trap '' TERM; while :; do sleep 72; done",
        )
        .await;
    panel.engine.instances.start(id).await.unwrap();
    // Before the process is even there.
    assert_eq!(
        panel.engine.instances.stop(id).await.unwrap().status,
        Status::Stopping
    );
    panel.until_status(id, Status::Stopped).await;
    panel.engine.instances.start(id).await.unwrap();
    let pid = panel.until(id, |row| row.pid.is_some()).await.pid.unwrap();
    panel.stop(id).await;
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_restart_right_behind_a_start_ends_in_one_run() {
    let panel = Panel::new().await;
    let id = panel.create("ready = process", "sleep 85").await;
    let before = panel.engine.instances.log(id, None, LogPosition::Offset(0)).await;
    assert_eq!(before.unwrap().content, "", "it never ran");
    panel.engine.instances.start(id).await.unwrap();
    panel.engine.instances.restart(id).await.unwrap();
    let row = panel.until_status(id, Status::Started).await;
    assert_eq!(row.run, 1);
    panel.stop(id).await;
}

#[tokio::test]
async fn the_log_of_a_run_that_has_not_written_yet_is_empty() {
    let panel = Panel::new().await;
    let id = panel.create("ready = process", "echo hello; sleep 86").await;
    let row = panel.start(id, Status::Started).await;
    panel.stop(id).await;
    std::fs::remove_dir_all(panel.run_dir(&row)).unwrap();
    assert_eq!(panel.log(id).await, "");
    let other = panel
        .engine
        .instances
        .log(id, Some(7), LogPosition::Offset(0))
        .await;
    assert!(
        matches!(other, Err(Error::UnknownRun { run: 7, .. })),
        "{other:?}"
    );
}

#[tokio::test]
async fn a_killed_app_is_noticed_at_once() {
    let panel = Panel::new().await;
    let id = panel.create("ready = process", "sleep 73").await;
    let row = panel.start(id, Status::Started).await;
    let pid = panel.until(id, |row| row.pid.is_some()).await.pid.unwrap();
    let began = Instant::now();
    kill(pid);
    let end = panel.until_status(id, Status::Error).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(end.status_reason.contains("SIGKILL"), "{}", end.status_reason);
    assert_eq!(row.run, end.run);
    assert_eq!(end.exit_code, None);
}

#[tokio::test]
async fn a_killed_shim_means_lost_and_nothing_keeps_the_port() {
    let panel = Panel::new().await;
    let id = panel.create("ready = http; stop_grace = 1", SERVER).await;
    let row = panel.start(id, Status::Started).await;
    let pid = row.pid.unwrap();
    kill(shim_pid(&panel.run_dir(&row)));
    let end = panel.until_status(id, Status::Error).await;
    assert!(end.status_reason.contains("lost"), "{}", end.status_reason);
    assert!(!is_alive(pid));
    assert_eq!(
        panel.engine.instances.runs(id).await.unwrap()[0]
            .exit
            .unwrap()
            .kind,
        ExitKind::Lost
    );
    std::net::TcpListener::bind(("127.0.0.1", row.internal_port.unwrap())).unwrap();
    let again = panel.start(id, Status::Started).await;
    assert_eq!(again.run, row.run + 1);
    panel.stop(id).await;
}

#[tokio::test]
async fn restart_stops_with_proof_and_starts_a_new_run() {
    let panel = Panel::new().await;
    let id = panel.create("ready = process", "sleep 74").await;
    panel.start(id, Status::Started).await;
    let first = panel.until(id, |row| row.pid.is_some()).await;
    let mut log = panel.engine.instances.follow_log(id, None, 0).await.unwrap();
    panel.engine.instances.restart(id).await.unwrap();
    let second = panel
        .until(id, |row| {
            row.run == first.run + 1 && row.status == Status::Started
        })
        .await;
    assert!(!is_alive(first.pid.unwrap()));
    assert_eq!(second.restarts, 0);
    // A follower of the newest run is told about the new one.
    let piece = tokio::time::timeout(LIMIT, log.next()).await.unwrap().unwrap();
    assert_eq!((piece.run, piece.offset), (second.run, 0));
    panel.stop(id).await;
}

#[tokio::test]
async fn an_app_that_fails_is_started_again_when_that_is_wanted() {
    let panel = Panel::new().await;
    let new = NewInstance {
        restart_policy: RestartPolicy::OnFailure,
        ..NewInstance::default()
    };
    let body = "[ -e again ] && exec sleep 75; touch again; exit 7";
    let id = panel.create_with("ready = process", body, new).await;
    panel.engine.instances.start(id).await.unwrap();
    let row = panel
        .until(id, |row| row.run == 2 && row.status == Status::Started)
        .await;
    assert_eq!(row.restarts, 1);
    let runs = panel.engine.instances.runs(id).await.unwrap();
    assert_eq!(runs[1].exit.unwrap().kind, ExitKind::Code(7));
    panel.stop(id).await;
}

#[tokio::test]
async fn a_person_can_stop_while_the_next_try_is_waited_for() {
    let panel = Panel::new().await;
    let new = NewInstance {
        restart_policy: RestartPolicy::Always,
        ..NewInstance::default()
    };
    let id = panel.create_with("ready = http", "exit 7", new).await;
    panel.engine.instances.start(id).await.unwrap();
    let row = panel.until(id, |row| row.restarts == 2).await;
    assert_eq!(row.status, Status::Starting);
    let row = panel.stop(id).await;
    assert_eq!(row.run, 2);
}

#[tokio::test]
async fn the_log_is_followed_byte_for_byte_with_whole_characters() {
    let panel = Panel::new().await;
    let body = r"printf 'gr\xc3'; sleep 0.2; printf '\xbc\xc3\x9fe \xff\xfe <b>\r50%%\r100%%\n'; echo end";
    let id = panel.create("", body).await;
    panel.engine.instances.start(id).await.unwrap();
    let log = panel.until_log(id, "end\n").await;
    assert_eq!(log, "grüße \u{fffd}\u{fffd} <b>\r50%\r100%\nend\n");
    panel.until_status(id, Status::Error).await;
    let whole = panel
        .engine
        .instances
        .log(id, None, LogPosition::Offset(0))
        .await
        .unwrap();
    assert_eq!((whole.content, whole.next_offset), (log, whole.size));
    let tail = panel
        .engine
        .instances
        .log(id, None, LogPosition::Tail(6))
        .await
        .unwrap();
    assert_eq!(tail.content, "end\n");
    let mut old = panel
        .engine
        .instances
        .follow_log(id, Some(1), whole.size - 4)
        .await
        .unwrap();
    assert_eq!(old.next().await.unwrap().content, "end\n");
    assert_eq!(old.next().await, None, "an old run has an end");
}

#[tokio::test]
async fn a_setting_that_changed_is_used_by_the_next_run() {
    let panel = Panel::new().await;
    let id = panel
        .create("ready = process", "echo \"value $VALUE\"; sleep 79")
        .await;
    panel.start(id, Status::Started).await;
    let change = InstanceChange {
        env_vars: Some("VALUE=new".to_owned()),
        ..InstanceChange::default()
    };
    panel.engine.instances.update(id, change, true).await.unwrap();
    panel
        .until(id, |row| row.run == 2 && row.status == Status::Started)
        .await;
    panel.until_log(id, "value new").await;
    panel.stop(id).await;
}

#[tokio::test]
async fn what_a_stop_leaves_behind_is_nothing_at_all() {
    let panel = Panel::new().await;
    let body = "setsid bash -c 'trap \"\" TERM; echo stray $$; while :; do sleep 62; done' & wait";
    let id = panel.create("ready = process; stop_grace = 1", body).await;
    panel.start(id, Status::Started).await;
    let stray = number_after(&panel.until_log(id, "\n").await, "stray ");
    panel.stop(id).await;
    assert!(!is_alive(stray));
}

#[tokio::test]
async fn a_stop_reaches_an_app_whose_shim_was_stopped_by_somebody() {
    let panel = Panel::new().await;
    let id = panel.create("ready = process; stop_grace = 1", "sleep 83").await;
    panel.start(id, Status::Started).await;
    let row = panel.until(id, |row| row.pid.is_some()).await;
    signal(shim_pid(&panel.run_dir(&row)), Signal::SIGSTOP);
    let mut events = panel.engine.events.subscribe();
    panel.engine.instances.stop(id).await.unwrap();
    let told = async {
        loop {
            if let Event::Instance(row) = events.recv().await.unwrap()
                && row.status_reason.contains("does not answer")
            {
                return row.status;
            }
        }
    };
    let status = tokio::time::timeout(LIMIT, told).await.unwrap();
    assert_eq!(status, Status::Stopping, "nothing is proven yet");
    panel.until_status(id, Status::Stopped).await;
    assert!(!is_alive(row.pid.unwrap()));
}
