//! Clones, satellites and the trash over REST, and through a panel that is killed in the middle of them.

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::running::{Running, until};
use crate::support::{DEADLINE, Fixture, empty, failure, json as with_json, open_fixture, request, value};

/// So many that removing or copying them takes a while.
const FILES: usize = 20_000;

async fn ask(fixture: &Fixture, method: &str, path: &str, body: Value) -> axum::response::Response {
    let request = with_json(request(method, path), body.to_string());
    fixture.send(request).await
}

async fn get(fixture: &Fixture, path: &str) -> Value {
    value(fixture.send(empty(request("GET", path))).await).await
}

/// Asks until it is so.
async fn seen(fixture: &Fixture, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let look = async {
        loop {
            let found = get(fixture, path).await;
            if is_so(&found) {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, look).await.unwrap()
}

#[tokio::test]
async fn copies_are_made_by_the_names_that_clients_of_the_original_use() {
    let fixture = open_fixture().await;
    let source = fixture.create("app", "test-logs").await;
    let path = |verb: &str| format!("/api/instances/{}/{verb}", source.id);
    let preview = get(&fixture, &path("copy-preview")).await;
    assert_eq!(
        (&preview["free_name"], &preview["problem"]),
        (&json!("app copy"), &Value::Null)
    );
    let answer = ask(&fixture, "POST", &path("copy"), json!({"new_name": "second"})).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let clone = value(answer).await;
    assert_eq!(
        (&clone["name"], &clone["job"]["kind"]),
        (&json!("second"), &json!("clone"))
    );
    let row = format!("/api/instances/{}", clone["id"]);
    seen(&fixture, &row, |row| row["status"] == "stopped").await;

    let answer = ask(
        &fixture,
        "POST",
        &path("instantiate"),
        json!({"new_name": "moon", "gpu_ids": "1"}),
    )
    .await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let moon = value(answer).await;
    assert_eq!(
        (&moon["parent_instance_id"], &moon["gpu_ids"]),
        (&json!(source.id), &json!("1"))
    );
    for (verb, body, code) in [
        ("copy", json!({"name": "MOON"}), "name_taken"),
        ("instantiate", json!({"new_name": "moon"}), "name_taken"),
    ] {
        let refused = ask(&fixture, "POST", &path(verb), body).await;
        assert_eq!(
            failure(refused).await,
            (StatusCode::CONFLICT, code.to_owned()),
            "{verb}"
        );
    }
    for verb in ["copy", "instantiate"] {
        let of_moon = format!("/api/instances/{}/{verb}", moon["id"]);
        let refused = ask(&fixture, "POST", &of_moon, json!({})).await;
        assert_eq!(
            failure(refused).await,
            (StatusCode::CONFLICT, "is_satellite".to_owned())
        );
    }
    let refused = ask(
        &fixture,
        "DELETE",
        &format!("/api/instances/{}", source.id),
        json!({}),
    )
    .await;
    assert_eq!(
        failure(refused).await,
        (StatusCode::CONFLICT, "has_satellites".to_owned())
    );
}

#[tokio::test]
async fn the_trash_is_listed_restored_from_and_emptied() {
    let fixture = open_fixture().await;
    let made = fixture.create("app", "test-logs").await;
    let answer = ask(
        &fixture,
        "DELETE",
        &format!("/api/instances/{}", made.id),
        json!({}),
    )
    .await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let list = seen(&fixture, "/api/trash/", |list| {
        list["entries"][0]["bytes"].is_u64()
    })
    .await;
    assert_eq!(
        (&list["entries"][0]["kind"], &list["purge_days"]),
        (&json!("instance"), &Value::Null)
    );
    let entry = format!(
        "/api/trash/entries/{}",
        list["entries"][0]["entry"].as_str().unwrap()
    );
    fixture.create("app", "test-logs").await;
    let refused = ask(&fixture, "POST", &format!("{entry}/restore"), json!({})).await;
    assert_eq!(
        failure(refused).await,
        (StatusCode::CONFLICT, "name_taken".to_owned())
    );
    let restored = ask(
        &fixture,
        "POST",
        &format!("{entry}/restore"),
        json!({"name": "back"}),
    )
    .await;
    assert_eq!(restored.status(), StatusCode::OK);
    assert_eq!(value(restored).await["id"], json!(made.id));
    let refused = ask(&fixture, "POST", &format!("{entry}/restore"), json!({})).await;
    assert_eq!(
        failure(refused).await,
        (StatusCode::NOT_FOUND, "not_in_trash".to_owned())
    );

    for bad in ["..", "%2e%2e", "..%2finstances", "%2fetc"] {
        let path = format!("/api/trash/entries/{bad}");
        let answer = ask(&fixture, "DELETE", &path, json!({"confirm": ".."})).await;
        assert!(answer.status().is_client_error(), "{bad}");
    }
    let refused = ask(&fixture, "POST", "/api/trash/empty", json!({"confirm": "yes"})).await;
    assert_eq!(
        failure(refused).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "not_confirmed".to_owned())
    );
    let refused = ask(&fixture, "PUT", "/api/trash/settings", json!({"purge_days": 0})).await;
    assert_eq!(
        failure(refused).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field".to_owned())
    );
    let set = ask(&fixture, "PUT", "/api/trash/settings", json!({"purge_days": 7})).await;
    assert_eq!(value(set).await, json!({"purge_days": 7}));
    ask(
        &fixture,
        "DELETE",
        &format!("/api/instances/{}", made.id),
        json!({}),
    )
    .await;
    seen(&fixture, "/api/trash/", |list| {
        list["entries"][0]["bytes"].is_u64()
    })
    .await;
    let preview = get(&fixture, "/api/trash/empty-preview").await;
    assert_eq!(
        (&preview["entries"], &preview["confirm"]),
        (&json!(1), &json!("empty"))
    );
    let emptied = ask(&fixture, "POST", "/api/trash/empty", json!({"confirm": "empty"})).await;
    assert_eq!(emptied.status(), StatusCode::ACCEPTED);
    seen(&fixture, "/api/trash/", |list| list["entries"] == json!([])).await;
}

/// An instance with many files, and the directory they are in.
fn furnished(panel: &Running, data: &Path, name: &str) -> (u64, PathBuf) {
    let new = json!({"name": name, "base_blueprint": "test-logs"}).to_string();
    let (_, body) = panel.request("POST", "/api/instances/", "", &new);
    let row: Value = serde_json::from_str(&body).unwrap();
    let own = data.join("instances").join(row["dir"].as_str().unwrap());
    for number in 0..FILES {
        let folder = own.join((number / 500).to_string());
        if number % 500 == 0 {
            std::fs::create_dir(&folder).unwrap();
        }
        std::fs::write(folder.join(number.to_string()), b"x").unwrap();
    }
    (row["id"].as_u64().unwrap(), own)
}

/// What lies in a directory under a name that begins like this.
fn beginning(directory: &Path, start: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).ok()?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(start))
}

#[tokio::test]
async fn a_panel_that_is_killed_while_it_copies_leaves_neither_half_nor_row() {
    let data = tempfile::tempdir().unwrap();
    let first = Running::open(data.path());
    let (id, own) = furnished(&first, data.path(), "large");
    let (status, _) = first.request("POST", &format!("/api/instances/{id}/copy"), "", "{}");
    assert!(status.contains(" 202 "), "{status}");
    let instances = data.path().join("instances");
    let half = until("the copy to be under way", || {
        let half = beginning(&instances, ".cloning-")?;
        half.join("3").exists().then_some(half)
    })
    .await;
    first.kill();
    assert!(half.exists(), "it was killed in the middle");

    let second = Running::open(data.path());
    let rows = second.get("/api/instances/");
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    until("the half to be removed", || (!half.exists()).then_some(())).await;
    let jobs = second.get("/api/jobs/");
    let told = |job: &&Value| job["kind"] == "clone" && job["state"] == "interrupted";
    assert!(jobs.as_array().unwrap().iter().any(|job| told(&job)), "{jobs}");
    assert_eq!(std::fs::read_dir(own.join("3")).unwrap().count(), 500);
    // Both the source and its name are usable again.
    let (_, body) = second.request("POST", &format!("/api/instances/{id}/copy"), "", "{}");
    let clone: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(clone["name"], "large copy");
    let row = second.until(clone["id"].as_u64().unwrap(), "stopped").await;
    let copy = instances.join(row["dir"].as_str().unwrap());
    assert_eq!(std::fs::read_dir(copy.join("39")).unwrap().count(), 500);
    second.verb(id, "start");
    second.until(id, "started").await;
    second.verb(id, "stop");
    second.until(id, "stopped").await;
}

#[tokio::test]
async fn a_panel_that_is_killed_while_it_empties_the_trash_goes_on_with_it() {
    let data = tempfile::tempdir().unwrap();
    let first = Running::open(data.path());
    let (id, _) = furnished(&first, data.path(), "large");
    let (status, _) = first.request("DELETE", &format!("/api/instances/{id}"), "", "");
    assert!(status.contains(" 202 "), "{status}");
    let trash = data.path().join("trash");
    until("it to lie in the trash", || {
        let list = first.get("/api/trash/");
        list["entries"][0]["bytes"].is_u64().then_some(())
    })
    .await;
    let (status, _) = first.request("POST", "/api/trash/empty", "", "{\"confirm\":\"empty\"}");
    assert!(status.contains(" 202 "), "{status}");
    let removing = until("the removal to have begun", || beginning(&trash, ".removing-")).await;
    first.kill();

    let second = Running::open(data.path());
    until("the rest to go", || (!removing.exists()).then_some(())).await;
    assert_eq!(second.get("/api/trash/")["entries"], json!([]));
    assert_eq!(std::fs::read_dir(&trash).unwrap().count(), 0);
}
