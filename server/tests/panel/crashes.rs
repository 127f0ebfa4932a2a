//! The program is killed, ended, ended twice, and finds its database in bad shape.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::running::{Running, is_alive, output, python, sentence, until};

/// What the blueprints print, without end but not for ever.
const COUNTER: &str = "for ((n = 0; n < 15000; n++)); do echo \"line $n\"; sleep 0.02; done";
const STUBBORN: &str = "trap '' TERM; for ((n = 0; n < 3000; n++)); do sleep 0.1; done";

fn data_dir(blueprints: &[(&str, &str, &str)]) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    let dir = data.path().join("blueprints");
    std::fs::create_dir_all(&dir).unwrap();
    for (name, metadata, body) in blueprints {
        let script = format!(
            "#!/bin/bash\n### AIKORE-METADATA-START ###\n{metadata}\n### AIKORE-METADATA-END ###\n{body}\n"
        );
        std::fs::write(dir.join(format!("{name}.sh")), script).unwrap();
    }
    data
}

/// The numbers that a counter printed, as the panel tells them.
fn counted(panel: &Running, id: u64) -> Vec<u32> {
    let log = panel.get(&format!("/api/instances/{id}/logs?offset=0"));
    log["content"]
        .as_str()
        .unwrap()
        .split_inclusive('\n')
        .filter_map(|line| line.strip_prefix("line ")?.strip_suffix('\n')?.parse().ok())
        .collect()
}

fn log_bytes(data: &Path, row: &serde_json::Value) -> u64 {
    let dir = data.join("instances").join(row["dir"].as_str().unwrap());
    let log = dir.join("logs").join(row["run"].to_string()).join("log.0");
    std::fs::metadata(log).map_or(0, |log| log.len())
}

#[tokio::test]
async fn a_killed_panel_finds_everything_still_running_when_it_comes_back() {
    let data = data_dir(&[
        ("counter", "# aikore.ready = log:line 3", COUNTER),
        ("slow", "# aikore.ready = http", "echo never ready; sleep 300"),
        (
            "stubborn",
            "# aikore.ready = process\n# aikore.stop_grace = 2",
            STUBBORN,
        ),
    ]);
    let first = Running::open(data.path());
    let ids = ["counter", "slow", "stubborn"].map(|name| first.launch(name));
    let (started, started_pid) = first.until_process(ids[0], "started").await;
    let (_, starting_pid) = first.until_process(ids[1], "starting").await;
    let (_, stopping_pid) = first.until_process(ids[2], "started").await;
    assert_eq!(first.verb(ids[2], "stop")["status"], "stopping");
    first.kill();

    assert!(is_alive(started_pid) && is_alive(starting_pid));
    let before = log_bytes(data.path(), &started);
    until("the log grows without a panel", || {
        (log_bytes(data.path(), &started) > before + 200).then_some(())
    })
    .await;

    let second = Running::open(data.path());
    let (row, pid) = second.until_process(ids[0], "started").await;
    assert_eq!((pid, &row["run"]), (started_pid, &started["run"]));
    assert_eq!(row["started_at"], started["started_at"]);
    let (_, pid) = second.until_process(ids[1], "starting").await;
    assert_eq!(pid, starting_pid);
    second.until(ids[2], "stopped").await;
    assert!(!is_alive(stopping_pid), "what was stopping is gone");
    let seen = counted(&second, ids[0]);
    assert!(seen.len() > 10, "{seen:?}");
    assert!(
        seen.iter().copied().eq(0..u32::try_from(seen.len()).unwrap()),
        "{seen:?}"
    );

    for (id, pid) in [(ids[0], started_pid), (ids[1], starting_pid)] {
        second.verb(id, "stop");
        second.until(id, "stopped").await;
        assert!(!is_alive(pid), "process {pid} survived");
    }
    assert_eq!(second.end(), Some(0));
}

#[tokio::test]
async fn a_signal_leaves_instances_running_unless_told_to_stop_them() {
    let data = data_dir(&[("counter", "# aikore.ready = process", COUNTER)]);
    let leaving = Running::open(data.path());
    let id = leaving.launch("counter");
    let (_, pid) = leaving.until_process(id, "started").await;
    assert_eq!(leaving.end(), Some(0));
    assert!(is_alive(pid));

    let more = ["--auth", "off", "--stop-instances-on-exit"];
    let stopping = Running::with(data.path().to_str().unwrap(), &more, Stdio::null());
    let (_, found) = stopping.until_process(id, "started").await;
    assert_eq!(found, pid);
    assert_eq!(stopping.end(), Some(0));
    assert!(!is_alive(pid), "process {pid} survived");
}

#[tokio::test]
async fn a_second_signal_ends_the_panel_at_once() {
    let data = data_dir(&[(
        "stubborn",
        "# aikore.ready = process\n# aikore.stop_grace = 250",
        STUBBORN,
    )]);
    let more = ["--auth", "off", "--stop-instances-on-exit"];
    let mut panel = Running::with(data.path().to_str().unwrap(), &more, Stdio::piped());
    let id = panel.launch("stubborn");
    let (_, pid) = panel.until_process(id, "started").await;
    let errors = BufReader::new(panel.child.stderr.take().unwrap());
    panel.signal(Signal::SIGTERM);
    let heard = errors
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("a second signal ends at once"));
    assert!(heard.is_some());
    assert!(
        panel.child.try_wait().unwrap().is_none(),
        "it waits for its instance"
    );
    let began = Instant::now();
    panel.signal(Signal::SIGINT);
    assert!(panel.child.wait().unwrap().code().is_some());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(is_alive(pid), "its own time to end is not cut short");
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).unwrap();
    until("the instance is gone", || (!is_alive(pid)).then_some(())).await;
}

/// One sentence and exit code 1.
fn refused(data: &Path) -> String {
    let refused = output(&["--addr", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()]);
    let said = sentence(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(
        lines[0].starts_with("aikore: ") && lines[0].ends_with('.'),
        "{said}"
    );
    lines[0].to_owned()
}

fn python_ends_well(program: &str) {
    assert!(python(program).status().unwrap().success(), "{program}");
}

#[test]
fn a_database_that_cannot_be_used_is_refused_in_a_sentence() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(Running::open(data.path()).end(), Some(0));
    let path = data.path().join("aikore.db");
    let shown = path.display();

    let holding = format!(
        "import sqlite3, sys\ndb = sqlite3.connect('{shown}')\ndb.execute('PRAGMA locking_mode = EXCLUSIVE')\n\
         db.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\nsys.stdin.read()"
    );
    let mut holder = python(&holding)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "held\n");
    let said = refused(data.path());
    assert!(said.contains("locked"), "{said}");
    drop(holder.stdin.take());
    holder.wait().unwrap();

    let newer = "INSERT INTO seaql_migrations VALUES ('m20990101_000001_future', 0)";
    python_ends_well(&format!(
        "import sqlite3\ndb = sqlite3.connect('{shown}')\ndb.execute(\"{newer}\")\ndb.commit()"
    ));
    let said = refused(data.path());
    assert!(said.contains("newer"), "{said}");

    std::fs::write(
        &path,
        b"this is no database, whatever its name says. ".repeat(200),
    )
    .unwrap();
    let _ = std::fs::remove_file(path.with_extension("db-wal"));
    let said = refused(data.path());
    assert!(said.contains("damaged"), "{said}");
}
