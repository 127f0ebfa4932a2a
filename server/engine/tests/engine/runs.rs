//! Runs through the local runner: how they begin, end and are found again.

use std::time::{Duration, Instant};

use engine::runner::{LocalRunner, RunState, Runner};
use types::instances::ExitKind;

use crate::local::{Local, line, log};
use crate::panel::{is_alive, kill, shim_pid};
use crate::waiting::{LIMIT, wait_for};

#[tokio::test]
async fn an_app_that_exits_at_once_is_recorded() {
    let local = Local::new();
    let (handle, run_dir) = local.start("echo hello; echo trouble >&2; exit 3").await;
    assert_eq!(local.end(&handle).await.kind, ExitKind::Code(3));
    assert_eq!(log(&run_dir), b"hello\ntrouble\n");
    // The record outlives the shim, and a later look needs nothing else.
    assert_eq!(local.end(&handle).await.kind, ExitKind::Code(3));
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_an_error_with_a_reason() {
    let local = Local::new();
    let mut spec = local.spec("");
    spec.argv = vec!["/nowhere/at/all".to_owned()];
    let error = local.runner.start(&spec).await.unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    assert!(local.runner.recover().await.unwrap().is_empty());
}

#[tokio::test]
async fn stop_reaches_an_app_that_ignores_term() {
    let local = Local::new();
    let (handle, run_dir) = local
        .start("trap '' TERM; echo pid $$; while :; do sleep 61; done")
        .await;
    let pid = line(&run_dir, "pid ").await.parse().unwrap();
    local
        .runner
        .stop(&handle, Duration::from_millis(200))
        .await
        .unwrap();
    assert_eq!(local.end(&handle).await.kind, ExitKind::Signal(9));
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn stop_reaches_a_grandchild_that_called_setsid_and_ignores_term() {
    let local = Local::new();
    let script = "(setsid bash -c 'trap \"\" TERM; echo stray $$; while :; do sleep 62; done' &) ; sleep 63";
    let (handle, run_dir) = local.start(script).await;
    let stray = line(&run_dir, "stray ").await.parse().unwrap();
    local
        .runner
        .stop(&handle, Duration::from_millis(200))
        .await
        .unwrap();
    local.end(&handle).await;
    assert!(!is_alive(stray), "process {stray} survived");
}

#[tokio::test]
async fn what_an_app_leaves_behind_ends_with_it() {
    let local = Local::new();
    let script = "setsid bash -c 'trap \"\" TERM; echo stray $$; while :; do sleep 62; done' & \
                  until [ -e go ]; do sleep 0.02; done; exit 4";
    let (handle, run_dir) = local.start(script).await;
    let stray = line(&run_dir, "stray ").await.parse().unwrap();
    std::fs::write(local.dir.path().join("go"), "").unwrap();
    assert_eq!(local.end(&handle).await.kind, ExitKind::Code(4));
    assert!(!is_alive(stray), "process {stray} survived");
}

#[tokio::test]
async fn term_is_enough_for_a_well_behaved_app() {
    let local = Local::new();
    let (handle, run_dir) = local
        .start("trap 'exit 0' TERM; echo ready now; while :; do sleep 0.05; done")
        .await;
    line(&run_dir, "ready").await;
    let began = Instant::now();
    local.runner.stop(&handle, Duration::from_mins(1)).await.unwrap();
    assert_eq!(local.end(&handle).await.kind, ExitKind::Code(0));
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "nobody waited for the grace period"
    );
}

#[tokio::test]
async fn a_second_panel_finds_the_run_and_its_log() {
    let local = Local::new();
    let (_, run_dir) = local
        .start("echo one; until [ -e go ]; do sleep 0.02; done; echo two; exit 5")
        .await;
    line(&run_dir, "one").await;
    let other = LocalRunner::new("/nowhere".into(), local.dir.path().join("run"));
    let (key, handle) = other.recover().await.unwrap().pop().unwrap();
    assert_eq!(key.generation, 1);
    assert!(matches!(
        other.inspect(&handle).await.unwrap(),
        RunState::Running { .. }
    ));
    std::fs::write(local.dir.path().join("go"), "").unwrap();
    assert_eq!(local.end(&handle).await.kind, ExitKind::Code(5));
    assert_eq!(log(&run_dir), b"one\ntwo\n");
    other.forget(&handle).await.unwrap();
    assert!(other.recover().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_killed_shim_means_lost_and_nothing_is_left_after_a_stop() {
    let local = Local::new();
    let script = "setsid bash -c 'trap \"\" TERM; echo stray $$; while :; do sleep 62; done' & sleep 63";
    let (handle, run_dir) = local.start(script).await;
    let stray = line(&run_dir, "stray ").await.parse().unwrap();
    let mut state = local.runner.watch(&handle).unwrap();
    state
        .wait_for(|state| matches!(state, RunState::Running { .. }))
        .await
        .unwrap();
    kill(shim_pid(&run_dir));
    tokio::time::timeout(LIMIT, state.wait_for(|state| *state == RunState::Lost))
        .await
        .unwrap()
        .unwrap();
    assert!(is_alive(stray), "it is what has to be found");
    local
        .runner
        .stop(&handle, Duration::from_millis(200))
        .await
        .unwrap();
    assert!(!is_alive(stray), "process {stray} survived");
}

#[tokio::test]
async fn a_running_app_has_a_pid_and_uses_something() {
    let local = Local::new();
    let (handle, _) = local.start("sleep 66").await;
    let running = local
        .until(&handle, |state| matches!(state, RunState::Running { .. }))
        .await;
    assert!(matches!(running, RunState::Running { pid } if pid > 1));
    // The kernel counts memory per processor and sums up roughly: a program that only just began may show none.
    let stats = wait_for("memory in use", async || {
        let stats = local.runner.stats(&handle).await.unwrap();
        (stats.memory_bytes > 0).then_some(stats)
    })
    .await;
    assert!(stats.processes >= 1, "{stats:?}");
    assert_eq!(
        local.runner.gpu_memory(&handle, &[]).await.unwrap_or_default(),
        [],
        "a shell draws nothing"
    );
    local.runner.stop(&handle, Duration::ZERO).await.unwrap();
    local.end(&handle).await;
}
