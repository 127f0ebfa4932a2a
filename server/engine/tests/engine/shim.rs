//! What a shim promises by itself: its streams, the log under pressure, why the app ended.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::runner::{Runner, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use types::instances::ExitKind;

use crate::local::{Local, SHIM, line, log};
use crate::panel::{kill, shim_pid};
use crate::waiting::{LIMIT, wait_until};

#[tokio::test]
async fn a_shim_of_an_older_generation_starts_nothing() {
    let local = Local::new();
    let (handle, run_dir) = local.start("exit 0").await;
    local.end(&handle).await;
    std::fs::write(run_dir.join("generation"), "2\n").unwrap();
    let output = shim(&run_dir);
    assert!(output.contains("newer generation"), "{output}");
}

#[tokio::test]
async fn a_shim_refuses_to_serve_when_a_newer_generation_exists() {
    let local = Local::new();
    let (handle, run_dir) = local.start("sleep 64").await;
    std::fs::write(run_dir.join("generation"), "2\n").unwrap();
    let error = local.runner.open(&handle, Stream::Log(0)).await.err().unwrap();
    assert!(error.to_string().contains("newer generation"), "{error}");
    // Back to one generation, so that the run can be ended.
    std::fs::write(run_dir.join("generation"), "1\n").unwrap();
    local.runner.stop(&handle, Duration::ZERO).await.unwrap();
    local.end(&handle).await;
}

#[tokio::test]
async fn the_log_stream_brings_every_byte_in_order_and_ends_with_the_run() {
    let local = Local::new();
    let mut spec =
        local.spec("until [ -e go ]; do sleep 0.02; done; for i in {1..20000}; do echo line $i; done");
    spec.log_files_kept = 100;
    spec.log_file_bytes = 10_000;
    let handle = local.runner.start(&spec).await.unwrap();
    let mut stream = local.runner.open(&handle, Stream::Log(0)).await.unwrap();
    std::fs::write(local.dir.path().join("go"), "").unwrap();
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

/// Answers what was sent in capitals, and `bye` once nothing more comes.
const ECHO: &str = r#"exec python3 -c '
import socket
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
while True:
    one, _ = listener.accept()
    while piece := one.recv(1000):
        one.sendall(piece.upper())
    one.sendall(b"bye")
    one.close()
'"#;

/// The shim's end of a stream as another machine would use it, opened with `rest` right behind the first line.
async fn stream(run_dir: &Path, stream: serde_json::Value, rest: &str) -> UnixStream {
    let spec = std::fs::read(run_dir.join("spec.json")).unwrap();
    let spec: serde_json::Value = serde_json::from_slice(&spec).unwrap();
    let open = serde_json::json!({
        "token": spec["token"], "uuid": spec["uuid"], "generation": spec["generation"], "stream": stream
    });
    let mut connection = UnixStream::connect(run_dir.join("sock")).await.unwrap();
    let first = format!("{open}\n{rest}");
    connection.write_all(first.as_bytes()).await.unwrap();
    connection
}

/// Everything that comes behind the shim's first line, which has to be a greeting.
async fn answer(mut connection: UnixStream) -> String {
    let mut all = String::new();
    tokio::time::timeout(LIMIT, connection.read_to_string(&mut all))
        .await
        .expect("the stream should end")
        .unwrap();
    let (hello, rest) = all.split_once('\n').unwrap();
    assert!(
        hello.contains("\"hello\"") && hello.contains("boot_id"),
        "{hello}"
    );
    rest.to_owned()
}

#[tokio::test]
async fn a_port_of_the_app_is_reached_through_the_shim() {
    let local = Local::new();
    let (handle, run_dir) = local.start(ECHO).await;
    let port: u16 = line(&run_dir, "port ").await.parse().unwrap();
    let tcp = serde_json::json!({ "tcp": { "port": port } });
    let mut connection = stream(&run_dir, tcp.clone(), "what comes at once, ").await;
    connection.write_all(b"and what comes later. ").await.unwrap();
    connection.shutdown().await.unwrap();
    assert_eq!(
        answer(connection).await,
        "WHAT COMES AT ONCE, AND WHAT COMES LATER. bye"
    );

    local.runner.stop(&handle, Duration::ZERO).await.unwrap();
    local.end(&handle).await;
}

#[tokio::test]
async fn a_stream_to_a_port_where_nobody_listens_ends() {
    let local = Local::new();
    let (handle, run_dir) = local.start("sleep 67").await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let tcp = serde_json::json!({ "tcp": { "port": port } });
    assert_eq!(answer(stream(&run_dir, tcp, "").await).await, "");
    local.runner.stop(&handle, Duration::ZERO).await.unwrap();
    local.end(&handle).await;
}

#[tokio::test]
async fn a_request_right_behind_the_first_line_is_heard() {
    let local = Local::new();
    let (handle, run_dir) = local.start("sleep 68").await;
    let stop = "{\"stop\":{\"grace_ms\":0}}\n";
    let connection = stream(&run_dir, serde_json::json!("control"), stop).await;
    assert_eq!(local.end(&handle).await.kind, ExitKind::Signal(9));
    assert!(answer(connection).await.contains("\"over\""));
}

#[tokio::test]
async fn more_connections_than_anybody_needs_are_closed_and_hurt_nobody() {
    let local = Local::new();
    let (handle, run_dir) = local.start("sleep 84").await;
    let mut all = Vec::new();
    for _ in 0..600 {
        all.push(UnixStream::connect(run_dir.join("sock")).await.unwrap());
    }
    let last = all.pop().unwrap();
    tokio::time::timeout(LIMIT, last.readable())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(last.try_read(&mut [0]).unwrap(), 0, "it was closed");
    drop(all);
    local.runner.stop(&handle, Duration::ZERO).await.unwrap();
    local.end(&handle).await;
}

/// A control group with little memory.
struct Group(PathBuf);

impl Group {
    /// None, with the reason on the error stream, where this user may not make one.
    fn new(bytes: u64) -> Option<Self> {
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
        let path = |begin: &str| {
            let line = own.lines().find_map(|line| line.split_once(begin));
            line.map_or("", |(_, path)| path.trim_start_matches('/'))
                .to_owned()
        };
        let name = format!("aikore-test-{}", std::process::id());
        for (parent, limits) in [
            (
                Path::new("/sys/fs/cgroup").join(path("0::")),
                [("memory.max", bytes), ("memory.swap.max", 0)],
            ),
            (
                Path::new("/sys/fs/cgroup/memory").join(path(":memory:")),
                [
                    ("memory.limit_in_bytes", bytes),
                    ("memory.memsw.limit_in_bytes", bytes),
                ],
            ),
        ] {
            if std::fs::create_dir(parent.join(&name)).is_err() {
                continue;
            }
            let group = Self(parent.join(&name));
            let [(most, most_bytes), (swap, swap_bytes)] = limits;
            // Where no control groups are mounted, this is a directory like any other.
            let is_real = group.0.join("cgroup.procs").exists() && group.0.join(most).exists();
            if is_real && std::fs::write(group.0.join(most), most_bytes.to_string()).is_ok() {
                let _ = std::fs::write(group.0.join(swap), swap_bytes.to_string());
                return Some(group);
            }
        }
        eprintln!("skipped: this user may not limit memory by control groups");
        None
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[tokio::test]
async fn an_app_that_the_kernel_ended_for_want_of_memory_is_told_from_one_that_somebody_killed() {
    let Some(group) = Group::new(96 << 20) else { return };
    let shim = tempfile::tempdir().unwrap();
    let program = shim.path().join("shim");
    let script = format!(
        "#!/bin/sh\necho $$ >{}/cgroup.procs && exec {SHIM} \"$@\"\n",
        group.0.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let local = Local::with(program);

    let (handle, run_dir) = local.start("echo pid $$; exec sleep 69").await;
    kill(line(&run_dir, "pid ").await.parse().unwrap());
    assert_eq!(local.end(&handle).await.kind, ExitKind::Signal(9));

    let (handle, _) = local.start("exec python3 -c 'b\"x\" * (1 << 30)'").await;
    assert_eq!(local.end(&handle).await.kind, ExitKind::OutOfMemory);
    // The shell that waited for it says 137.
    let (handle, _) = local.start("python3 -c 'b\"x\" * (1 << 30)'; exit $?").await;
    assert_eq!(local.end(&handle).await.kind, ExitKind::OutOfMemory);
    let empty = || std::fs::read_to_string(group.0.join("cgroup.procs")).is_ok_and(|pids| pids.is_empty());
    wait_until("the shims to end", async || empty()).await;
}

#[tokio::test]
async fn a_flood_is_rotated_and_held_in_little_memory() {
    let local = Local::new();
    let (handle, run_dir) = local
        .start("head -c 50000000 /dev/zero | tr '\\0' x; sleep 65")
        .await;
    let starts = || {
        let files = std::fs::read_dir(&run_dir).unwrap().flatten();
        let mut starts: Vec<u64> = files
            .filter_map(|file| file.file_name().to_str()?.strip_prefix("log.")?.parse().ok())
            .collect();
        starts.sort_unstable();
        starts
    };
    wait_until("50 MB of log", async || *starts().last().unwrap() >= 49_000_000).await;
    assert!(starts().len() <= 3, "{:?}", starts());
    let status = std::fs::read_to_string(format!("/proc/{}/status", shim_pid(&run_dir))).unwrap();
    let anonymous = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap();
    let kilobytes: u64 = anonymous.trim().trim_end_matches(" kB").parse().unwrap();
    // A debug build, on a busy machine; a release is measured by `make bench`.
    assert!(kilobytes < 4096, "{kilobytes} kB");
    local.runner.stop(&handle, Duration::ZERO).await.unwrap();
    local.end(&handle).await;
}

#[tokio::test]
async fn a_full_disk_loses_output_but_not_the_run() {
    let local = Local::new();
    let disk = local.dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    if !program(
        "mount",
        &["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.to_str().unwrap()],
    ) {
        eprintln!("skipped: this user may not mount a file system");
        return;
    }
    let mut spec =
        local.spec("head -c 900000 /dev/zero | tr '\\0' x; echo over >done; until [ -e go ]; do sleep 0.02; done; echo after");
    spec.run_dir = disk.join("run");
    let handle = local.runner.start(&spec).await.unwrap();
    let done = local.dir.path().join("done");
    wait_until("the app, which a full disk should not hold up", async || {
        done.exists()
    })
    .await;
    program("mount", &["-o", "remount,size=4m", disk.to_str().unwrap()]);
    line(&spec.run_dir, "[aikore] ").await;
    std::fs::write(local.dir.path().join("go"), "").unwrap();
    assert_eq!(local.end(&handle).await.kind, ExitKind::Code(0));
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
