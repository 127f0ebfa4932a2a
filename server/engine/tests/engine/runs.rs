//! Runs through the local runner: what a shim promises.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::runner::{Handle, LocalRunner, RunKey, RunSpec, RunState, Runner, Stream};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use types::instances::{Exit, ExitKind};

const LIMIT: Duration = Duration::from_secs(30);

struct Bench {
    dir: TempDir,
    runner: LocalRunner,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runner = LocalRunner::new(env!("CARGO_BIN_EXE_aikore-shim").into(), dir.path().join("run"));
        Self { dir, runner }
    }

    fn spec(&self, script: &str) -> RunSpec {
        let uuid = uuid::Uuid::new_v4().to_string();
        RunSpec {
            run_dir: self.dir.path().join(&uuid),
            key: RunKey { uuid, generation: 1 },
            argv: ["bash", "-c", script].map(str::to_owned).to_vec(),
            env: vec![("PATH".to_owned(), std::env::var("PATH").unwrap())],
            cwd: self.dir.path().to_owned(),
            gpus: None,
            grace: Duration::from_millis(300),
            log_file_bytes: 1 << 20,
            log_files_kept: 2,
        }
    }

    async fn start(&self, script: &str) -> (Handle, PathBuf) {
        let spec = self.spec(script);
        (self.runner.start(&spec).await.unwrap(), spec.run_dir)
    }

    async fn end(&self, handle: &Handle) -> Exit {
        tokio::time::timeout(LIMIT, self.runner.wait(handle))
            .await
            .expect("the run should end")
            .unwrap()
    }

    async fn until(&self, handle: &Handle, wanted: impl Fn(&RunState) -> bool) -> RunState {
        let mut state = self.runner.watch(handle).unwrap();
        let state = tokio::time::timeout(LIMIT, state.wait_for(wanted))
            .await
            .expect("the state should come");
        state.unwrap().clone()
    }
}

fn log(run_dir: &Path) -> Vec<u8> {
    let mut files: Vec<(u64, PathBuf)> = std::fs::read_dir(run_dir)
        .unwrap()
        .flatten()
        .filter_map(|file| {
            Some((
                file.file_name().to_str()?.strip_prefix("log.")?.parse().ok()?,
                file.path(),
            ))
        })
        .collect();
    files.sort();
    files
        .into_iter()
        .flat_map(|(_, path)| std::fs::read(path).unwrap())
        .collect()
}

/// Waits until the log has a line that begins so, and returns the rest of it.
async fn line(run_dir: &Path, begin: &str) -> String {
    let deadline = Instant::now() + LIMIT;
    loop {
        let log = String::from_utf8_lossy(&log(run_dir)).into_owned();
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        if let Some(rest) = whole.lines().find_map(|line| line.strip_prefix(begin)) {
            return rest.to_owned();
        }
        assert!(Instant::now() < deadline, "no line `{begin}` in: {log}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.starts_with(" Z"))
}

#[tokio::test]
async fn an_app_that_exits_at_once_is_recorded() {
    let bench = Bench::new();
    let (handle, run_dir) = bench.start("echo hello; echo trouble >&2; exit 3").await;
    assert_eq!(bench.end(&handle).await.kind, ExitKind::Code(3));
    assert_eq!(log(&run_dir), b"hello\ntrouble\n");
    // The record outlives the shim, and a later look needs nothing else.
    assert_eq!(bench.end(&handle).await.kind, ExitKind::Code(3));
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_an_error_with_a_reason() {
    let bench = Bench::new();
    let mut spec = bench.spec("");
    spec.argv = vec!["/nowhere/at/all".to_owned()];
    let error = bench.runner.start(&spec).await.unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    assert!(bench.runner.recover().await.unwrap().is_empty());
}

#[tokio::test]
async fn stop_reaches_an_app_that_ignores_term() {
    let bench = Bench::new();
    let (handle, run_dir) = bench
        .start("trap '' TERM; echo pid $$; while :; do sleep 61; done")
        .await;
    let pid = line(&run_dir, "pid ").await;
    bench
        .runner
        .stop(&handle, Duration::from_millis(200))
        .await
        .unwrap();
    assert_eq!(bench.end(&handle).await.kind, ExitKind::Signal(9));
    assert!(!is_alive(&pid));
}

#[tokio::test]
async fn stop_reaches_a_grandchild_that_called_setsid_and_ignores_term() {
    let bench = Bench::new();
    let script = "(setsid bash -c 'trap \"\" TERM; echo stray $$; while :; do sleep 62; done' &) ; sleep 63";
    let (handle, run_dir) = bench.start(script).await;
    let stray = line(&run_dir, "stray ").await;
    bench
        .runner
        .stop(&handle, Duration::from_millis(200))
        .await
        .unwrap();
    bench.end(&handle).await;
    assert!(!is_alive(&stray), "process {stray} survived");
}

#[tokio::test]
async fn what_an_app_leaves_behind_ends_with_it() {
    let bench = Bench::new();
    let script = "setsid bash -c 'trap \"\" TERM; echo stray $$; while :; do sleep 62; done' & \
                  until [ -e go ]; do sleep 0.02; done; exit 4";
    let (handle, run_dir) = bench.start(script).await;
    let stray = line(&run_dir, "stray ").await;
    std::fs::write(bench.dir.path().join("go"), "").unwrap();
    assert_eq!(bench.end(&handle).await.kind, ExitKind::Code(4));
    assert!(!is_alive(&stray), "process {stray} survived");
}

#[tokio::test]
async fn term_is_enough_for_a_well_behaved_app() {
    let bench = Bench::new();
    let (handle, run_dir) = bench
        .start("trap 'exit 0' TERM; echo ready now; while :; do sleep 0.05; done")
        .await;
    line(&run_dir, "ready").await;
    let began = Instant::now();
    bench.runner.stop(&handle, Duration::from_mins(1)).await.unwrap();
    assert_eq!(bench.end(&handle).await.kind, ExitKind::Code(0));
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "nobody waited for the grace period"
    );
}

#[tokio::test]
async fn a_second_panel_finds_the_run_and_its_log() {
    let bench = Bench::new();
    let (_, run_dir) = bench
        .start("echo one; until [ -e go ]; do sleep 0.02; done; echo two; exit 5")
        .await;
    line(&run_dir, "one").await;
    let other = LocalRunner::new("/nowhere".into(), bench.dir.path().join("run"));
    let (key, handle) = other.recover().await.unwrap().pop().unwrap();
    assert_eq!(key.generation, 1);
    assert!(matches!(
        other.inspect(&handle).await.unwrap(),
        RunState::Running { .. }
    ));
    std::fs::write(bench.dir.path().join("go"), "").unwrap();
    assert_eq!(bench.end(&handle).await.kind, ExitKind::Code(5));
    assert_eq!(log(&run_dir), b"one\ntwo\n");
    other.forget(&handle).await.unwrap();
    assert!(other.recover().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_killed_shim_means_lost_and_nothing_is_left_after_a_stop() {
    let bench = Bench::new();
    let script = "setsid bash -c 'trap \"\" TERM; echo stray $$; while :; do sleep 62; done' & sleep 63";
    let (handle, run_dir) = bench.start(script).await;
    let stray = line(&run_dir, "stray ").await;
    let shim: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run_dir.join("shim.json")).unwrap()).unwrap();
    let mut state = bench.runner.watch(&handle).unwrap();
    state
        .wait_for(|state| matches!(state, RunState::Running { .. }))
        .await
        .unwrap();
    let pid = i32::try_from(shim["shim"]["pid"].as_i64().unwrap()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    tokio::time::timeout(LIMIT, state.wait_for(|state| *state == RunState::Lost))
        .await
        .unwrap()
        .unwrap();
    assert!(is_alive(&stray), "it is what has to be found");
    bench
        .runner
        .stop(&handle, Duration::from_millis(200))
        .await
        .unwrap();
    assert!(!is_alive(&stray), "process {stray} survived");
}

#[tokio::test]
async fn a_shim_of_an_older_generation_starts_nothing() {
    let bench = Bench::new();
    let (handle, run_dir) = bench.start("exit 0").await;
    bench.end(&handle).await;
    std::fs::write(run_dir.join("generation"), "2\n").unwrap();
    let output = shim(&run_dir);
    assert!(output.contains("newer generation"), "{output}");
}

#[tokio::test]
async fn a_shim_refuses_to_serve_when_a_newer_generation_exists() {
    let bench = Bench::new();
    let (handle, run_dir) = bench.start("sleep 64").await;
    std::fs::write(run_dir.join("generation"), "2\n").unwrap();
    let error = bench.runner.open(&handle, Stream::Log(0)).await.err().unwrap();
    assert!(error.to_string().contains("newer generation"), "{error}");
    // Back to one generation, so that the run can be ended.
    std::fs::write(run_dir.join("generation"), "1\n").unwrap();
    bench.runner.stop(&handle, Duration::ZERO).await.unwrap();
    bench.end(&handle).await;
}

#[tokio::test]
async fn the_log_stream_brings_every_byte_in_order_and_ends_with_the_run() {
    let bench = Bench::new();
    let mut spec =
        bench.spec("until [ -e go ]; do sleep 0.02; done; for i in {1..20000}; do echo line $i; done");
    spec.log_files_kept = 100;
    spec.log_file_bytes = 10_000;
    let handle = bench.runner.start(&spec).await.unwrap();
    let mut stream = bench.runner.open(&handle, Stream::Log(0)).await.unwrap();
    std::fs::write(bench.dir.path().join("go"), "").unwrap();
    let mut bytes = Vec::new();
    tokio::time::timeout(LIMIT, stream.read_to_end(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    let (mut rest, mut text) = (bytes.as_slice(), Vec::new());
    while !rest.is_empty() {
        assert_eq!(
            u64::from_le_bytes(rest[..8].try_into().unwrap()),
            text.len() as u64
        );
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        text.extend_from_slice(&rest[12..12 + length]);
        rest = &rest[12 + length..];
    }
    let wanted: String = (1..=20_000).fold(String::new(), |text, number| text + &format!("line {number}\n"));
    assert!(
        text == wanted.as_bytes(),
        "{} of {} bytes",
        text.len(),
        wanted.len()
    );
}

#[tokio::test]
async fn a_flood_is_rotated_and_held_in_little_memory() {
    let bench = Bench::new();
    let (handle, run_dir) = bench
        .start("head -c 50000000 /dev/zero | tr '\\0' x; sleep 65")
        .await;
    let shim: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run_dir.join("shim.json")).unwrap()).unwrap();
    let deadline = Instant::now() + LIMIT;
    let starts = || {
        let files = std::fs::read_dir(&run_dir).unwrap().flatten();
        let mut starts: Vec<u64> = files
            .filter_map(|file| file.file_name().to_str()?.strip_prefix("log.")?.parse().ok())
            .collect();
        starts.sort_unstable();
        starts
    };
    while *starts().last().unwrap() < 49_000_000 {
        assert!(Instant::now() < deadline, "{:?}", starts());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(starts().len() <= 3, "{:?}", starts());
    let status = std::fs::read_to_string(format!("/proc/{}/status", shim["shim"]["pid"])).unwrap();
    let anonymous = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap();
    let kilobytes: u64 = anonymous.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes < 2048, "{kilobytes} kB");
    bench.runner.stop(&handle, Duration::ZERO).await.unwrap();
    bench.end(&handle).await;
}

#[tokio::test]
async fn a_full_disk_loses_output_but_not_the_run() {
    let bench = Bench::new();
    let disk = bench.dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    if !program(
        "mount",
        &["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.to_str().unwrap()],
    ) {
        eprintln!("skipped: this user may not mount a file system");
        return;
    }
    let mut spec =
        bench.spec("head -c 900000 /dev/zero | tr '\\0' x; echo over >done; until [ -e go ]; do sleep 0.02; done; echo after");
    spec.run_dir = disk.join("run");
    let handle = bench.runner.start(&spec).await.unwrap();
    let deadline = Instant::now() + LIMIT;
    while !bench.dir.path().join("done").exists() {
        assert!(
            Instant::now() < deadline,
            "the app should not be held up by a full disk"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    program("mount", &["-o", "remount,size=4m", disk.to_str().unwrap()]);
    line(&spec.run_dir, "[aikore] ").await;
    std::fs::write(bench.dir.path().join("go"), "").unwrap();
    assert_eq!(bench.end(&handle).await.kind, ExitKind::Code(0));
    let log = String::from_utf8(log(&spec.run_dir)).unwrap();
    assert!(log.ends_with("\nafter\n"), "{}", &log[log.len() - 200..]);
    program("umount", &["-l", disk.to_str().unwrap()]);
}

#[expect(clippy::disallowed_methods, reason = "a test may start programs")]
fn program(name: &str, args: &[&str]) -> bool {
    std::process::Command::new(name)
        .args(args)
        .status()
        .is_ok_and(|status| status.success())
}

#[expect(clippy::disallowed_methods, reason = "a test may start programs")]
fn shim(run_dir: &Path) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aikore-shim"));
    let output = command.arg("shim").arg(run_dir).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_running_app_has_a_pid_and_uses_something() {
    let bench = Bench::new();
    let (handle, _) = bench.start("sleep 66").await;
    let running = bench
        .until(&handle, |state| matches!(state, RunState::Running { .. }))
        .await;
    assert!(matches!(running, RunState::Running { pid } if pid > 1));
    // The kernel counts memory per processor and sums up roughly: a program that only just began may show none.
    let deadline = Instant::now() + LIMIT;
    loop {
        let stats = bench.runner.stats(&handle).await.unwrap();
        assert!(stats.processes >= 1, "{stats:?}");
        if stats.memory_bytes > 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{stats:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.runner.stop(&handle, Duration::ZERO).await.unwrap();
    bench.end(&handle).await;
}
