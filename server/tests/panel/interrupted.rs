//! The panel is killed in the middle of long work: the job is told as interrupted, and what it worked on can be used.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::{Running, is_alive, until};

/// Makes an environment when there is none; half of it waits for whoever lets it go on, but not for ever.
const MAKER: &str = r"
if [ -e .rebuild-env ]; then rm -rf env .rebuild-env; fi
if [ ! -e env/whole ]; then
    mkdir -p env; : >half
    for ((n = 0; n < 3000; n++)); do [ ! -e go ] || break; sleep 0.05; done
    rm half; : >env/whole
fi
echo ready; exec sleep 600";

fn data_with(name: &str, body: &str) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("blueprints");
    std::fs::create_dir_all(&folder).unwrap();
    let head = "### AIKORE-METADATA-START ###\n# aikore.ready = log:ready\n# aikore.venv_path = ./env\n";
    let script = format!("#!/bin/bash\n{head}### AIKORE-METADATA-END ###\n{body}\n");
    std::fs::write(folder.join(format!("{name}.sh")), script).unwrap();
    data
}

/// Sends a request that is accepted; what it answers.
fn accepted(panel: &Running, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = panel.request(method, path, "", &body.to_string());
    assert!(status.contains(" 202 "), "{method} {path}: {status} {answer}");
    serde_json::from_str(&answer).unwrap()
}

fn create(panel: &Running, name: &str) -> (u64, String) {
    let new = json!({"name": name, "base_blueprint": "test-logs"}).to_string();
    let (status, answer) = panel.request("POST", "/api/instances/", "", &new);
    assert!(status.contains(" 201 "), "{status} {answer}");
    let row: Value = serde_json::from_str(&answer).unwrap();
    (
        row["id"].as_u64().unwrap(),
        row["dir"].as_str().unwrap().to_owned(),
    )
}

fn job(panel: &Running, id: &Value) -> Value {
    panel.get(&format!("/api/jobs/{id}"))
}

async fn is_usable(panel: &Running, id: u64) {
    panel.verb(id, "start");
    panel.until(id, "started").await;
    panel.verb(id, "stop");
    panel.until(id, "stopped").await;
}

#[tokio::test]
async fn a_rebuild_is_told_as_interrupted_and_its_app_gets_ready_all_the_same() {
    let data = data_with("maker", MAKER);
    let first = Running::open(data.path());
    let id = first.launch("maker");
    let dir = first.get(&format!("/api/instances/{id}"))["dir"].clone();
    let own = data.path().join("instances").join(dir.as_str().unwrap());
    let at = |name: &str| own.join(name);
    std::fs::write(at("go"), "").unwrap();
    first.until(id, "started").await;
    std::fs::remove_file(at("go")).unwrap();
    std::fs::write(at("env/of-the-old-one"), "").unwrap();

    let rebuild = accepted(
        &first,
        "POST",
        &format!("/api/instances/{id}/rebuild"),
        &json!({}),
    );
    until("the environment is half made", || {
        at("half").exists().then_some(())
    })
    .await;
    first.kill();
    assert!(at("half").exists(), "it was killed in the middle");

    let second = Running::open(data.path());
    let told = job(&second, &rebuild["id"]);
    assert_eq!(
        (&told["kind"], &told["state"]),
        (&json!("rebuild"), &json!("interrupted"))
    );
    second.until(id, "starting").await;
    std::fs::write(at("go"), "").unwrap();
    second.until(id, "started").await;
    assert!(at("env/whole").exists() && !at("env/of-the-old-one").exists());
    assert!(!at(".rebuild-env").exists(), "the wish was fulfilled");
    second.verb(id, "stop");
    second.until(id, "stopped").await;
    is_usable(&second, id).await;
}

/// Processes whose temporary directory is below this one.
fn working_in(directory: &Path) -> Vec<u64> {
    let wanted = format!("TMPDIR={}", directory.display());
    let works_there = |pid: &u64| {
        let surroundings = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut variables = surroundings.split(|byte| *byte == 0);
        variables.any(|variable| variable.starts_with(wanted.as_bytes()))
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(works_there).collect()
}

#[tokio::test]
async fn a_build_is_told_as_interrupted_and_nothing_of_it_is_left() {
    let data = tempfile::tempdir().unwrap();
    // An index that takes every connection and never answers: the build is in the middle for as long as it lives.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let index = format!("http://{}/simple", silent.local_addr().unwrap());
    let index = [
        ("PIP_INDEX_URL", index.as_str()),
        ("PIP_NO_INDEX", "0"),
        ("PIP_FIND_LINKS", ""),
    ];
    let first = Running::among(data.path(), &index);
    let (id, _) = create(&first, "beside");
    let request = json!({"source": "markupsafe==3.0.2"});
    let build = accepted(&first, "POST", "/api/builder/build", &request);
    let builds = data.path().join("tmp/builds");
    let pids = until("a program of the build runs", || {
        let pids = working_in(&builds);
        (!pids.is_empty()).then_some(pids)
    })
    .await;
    assert_eq!(job(&first, &build["id"])["state"], "running");
    first.kill();

    let second = Running::among(data.path(), &index);
    let told = job(&second, &build["id"]);
    assert_eq!(
        (&told["kind"], &told["state"]),
        (&json!("wheel-build"), &json!("interrupted"))
    );
    let left = |directory: &Path| beginning(&directory.join("tmp"), "builds");
    until("all of it to be gone", || {
        let is_gone = !pids.iter().copied().any(is_alive) && left(data.path()).is_none();
        (is_gone && working_in(&builds).is_empty()).then_some(())
    })
    .await;
    assert_eq!(second.get("/api/wheels/"), json!([]));
    is_usable(&second, id).await;

    // The builder is free again, and gives up when it is told to.
    let build = accepted(&second, "POST", "/api/builder/build", &request);
    until("the next one runs", || {
        (!working_in(&builds).is_empty()).then_some(())
    })
    .await;
    accepted(
        &second,
        "POST",
        &format!("/api/jobs/{}/cancel", build["id"]),
        &json!({}),
    );
    until("it to be cancelled", || {
        (job(&second, &build["id"])["state"] == "cancelled").then_some(())
    })
    .await;
    assert_eq!(working_in(&builds), Vec::<u64>::new());
}

/// What lies in a directory under a name that begins like this.
fn beginning(directory: &Path, start: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).ok()?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(start))
}

#[tokio::test]
async fn of_many_deletions_each_happened_or_did_not() {
    let data = tempfile::tempdir().unwrap();
    let first = Running::open(data.path());
    let mut made = Vec::new();
    for number in 0..15 {
        let (id, dir) = create(&first, &format!("app {number}"));
        std::fs::write(
            data.path().join("instances").join(&dir).join("precious"),
            dir.as_bytes(),
        )
        .unwrap();
        made.push((id, dir));
    }
    for (id, _) in &made {
        accepted(&first, "DELETE", &format!("/api/instances/{id}"), &json!({}));
    }
    first.kill();

    let second = Running::open(data.path());
    let rows = second.get("/api/instances/");
    let staying: BTreeSet<u64> = ids(&rows, "id");
    let trash = second.get("/api/trash/");
    let entries = trash["entries"].as_array().unwrap();
    assert_eq!(staying.len() + entries.len(), made.len(), "{rows} {trash}");
    for (id, dir) in &made {
        let place = if staying.contains(id) {
            "instances"
        } else {
            "trash"
        };
        let precious = data.path().join(place).join(dir).join("precious");
        assert_eq!(std::fs::read(&precious).unwrap(), dir.as_bytes(), "{precious:?}");
        let other = if place == "trash" { "instances" } else { "trash" };
        assert!(
            !data.path().join(other).join(dir).exists(),
            "{dir} is in both places"
        );
    }
    // Whichever it was, all of them can be used in the end.
    for entry in entries {
        assert_eq!(entry["kind"], "instance", "{entry}");
        let path = format!("/api/trash/entries/{}/restore", entry["entry"].as_str().unwrap());
        let (status, answer) = second.request("POST", &path, "", "{}");
        assert!(status.contains(" 200 "), "{status} {answer}");
    }
    let rows = second.get("/api/instances/");
    assert_eq!(ids(&rows, "id").len(), made.len());
    is_usable(&second, made[0].0).await;
    is_usable(&second, made[14].0).await;
}

fn ids(rows: &Value, key: &str) -> BTreeSet<u64> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[key].as_u64().unwrap()).collect()
}
