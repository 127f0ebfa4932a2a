//! What the REST API answers, good and bad.

use axum::http::StatusCode;
use serde_json::{Value, json};

use tokio::time::timeout;
use types::instances::Status;

use crate::support::{
    DEADLINE, Fixture, empty, failure, json as with_json, open_fixture, request, text, until, value,
};

async fn ask(fixture: &Fixture, method: &str, path: &str, body: Value) -> axum::response::Response {
    fixture
        .send(with_json(request(method, path), body.to_string()))
        .await
}

async fn get(fixture: &Fixture, path: &str) -> axum::response::Response {
    fixture.send(empty(request("GET", path))).await
}

#[tokio::test]
async fn an_instance_is_created_read_changed_and_listed() {
    let fixture = open_fixture().await;
    let body = json!({"name": "My app", "base_blueprint": "test-logs", "port": 21007});
    let created = ask(&fixture, "POST", "/api/instances/", body).await;
    assert_eq!(created.status(), StatusCode::CREATED);
    let created = value(created).await;
    assert_eq!(created["slug"], "my-app");
    assert_eq!(
        (&created["port"], &created["public_port"]),
        (&json!(21007), &json!(21007))
    );
    assert_eq!(created["open_url"], "http://localhost:9000/instance/my-app/");
    let path = format!("/api/instances/{}", created["id"]);
    assert_eq!(value(get(&fixture, &path).await).await["name"], "My app");
    for list in ["/api/instances/", "/api/instances"] {
        assert_eq!(value(get(&fixture, list).await).await[0]["name"], "My app");
    }
    let ports = value(get(&fixture, "/api/system/available-ports").await).await;
    let free = ports["available_ports"].as_array().unwrap();
    // Other tests may hold some of them.
    assert!(free.len() > 100 && !free.contains(&json!(21007)), "{free:?}");
}

#[tokio::test]
async fn the_list_is_not_cut_at_a_hundred_and_never_old() {
    let fixture = open_fixture().await;
    for number in 1..=101 {
        fixture.create(&format!("app {number}"), "test-logs").await;
        if number % 25 == 0 {
            let list = value(get(&fixture, "/api/instances/").await).await;
            assert_eq!(list.as_array().unwrap().len(), number, "the list is old");
        }
    }
    let list = value(get(&fixture, "/api/instances/").await).await;
    assert_eq!(list.as_array().unwrap().len(), 101);
}

#[tokio::test]
async fn links_name_the_host_that_asks() {
    let fixture = open_fixture().await;
    fixture.create("app", "test-logs").await;
    for host in ["127.0.0.1:9000", "localhost:9000"] {
        let request = axum::http::Request::builder()
            .uri("/api/instances/")
            .header("host", host);
        let list = value(fixture.send(empty(request)).await).await;
        assert_eq!(list[0]["open_url"], format!("http://{host}/instance/app/"));
    }
}

#[tokio::test]
async fn each_kind_of_mistake_has_its_own_answer() {
    let fixture = open_fixture().await;
    fixture.create("taken", "test-logs").await;
    let broken = fixture
        .send(with_json(request("POST", "/api/instances/"), "{\"name\":"))
        .await;
    assert_eq!(
        failure(broken).await,
        (StatusCode::BAD_REQUEST, "malformed_json".into())
    );
    let unmarked = fixture.send(empty(request("POST", "/api/instances/"))).await;
    assert_eq!(
        failure(unmarked).await,
        (StatusCode::BAD_REQUEST, "not_json".into())
    );
    for (method, path, body, status, code) in [
        ("POST", "/api/instances/", json!({"name": 7}), 422, "invalid_body"),
        (
            "POST",
            "/api/instances/",
            json!({"name": "", "base_blueprint": "test-logs"}),
            422,
            "invalid_name",
        ),
        (
            "POST",
            "/api/instances/",
            json!({"name": "../x", "base_blueprint": "test-logs"}),
            422,
            "invalid_name",
        ),
        (
            "POST",
            "/api/instances/",
            json!({"name": "<img src=x>", "base_blueprint": "test-logs"}),
            422,
            "invalid_name",
        ),
        (
            "POST",
            "/api/instances/",
            json!({"name": "x", "base_blueprint": "../../etc/passwd"}),
            422,
            "unknown_blueprint",
        ),
        (
            "POST",
            "/api/instances/",
            json!({"name": "Taken", "base_blueprint": "test-logs"}),
            409,
            "name_taken",
        ),
        (
            "POST",
            "/api/builder/build",
            json!({"source": "--index-url=x"}),
            422,
            "invalid_requirement",
        ),
        (
            "POST",
            "/api/instances/",
            json!({"name": "x", "base_blueprint": "test-logs", "port": 80}),
            422,
            "port_out_of_range",
        ),
    ] {
        let answer = failure(ask(&fixture, method, path, body).await).await;
        assert_eq!(
            answer,
            (StatusCode::from_u16(status).unwrap(), code.to_owned()),
            "{method} {path}"
        );
    }
    for (method, path, status, code) in [
        ("GET", "/api/instances/999", 404, "unknown_instance"),
        ("GET", "/api/instances/abc", 400, "bad_address"),
        ("GET", "/api/instances/1/logs?offset=-1", 400, "bad_query"),
        ("GET", "/api/jobs/999", 404, "unknown_job"),
        ("GET", "/api/jobs/999/log?offset=3&wait=1", 404, "unknown_job"),
        ("GET", "/api/instances/999/environment", 404, "unknown_instance"),
        ("POST", "/api/instances/999/rebuild", 404, "unknown_instance"),
        ("GET", "/api/instances/999/wheels", 404, "unknown_instance"),
        ("DELETE", "/api/wheels/no.txt", 422, "no_wheel"),
        ("DELETE", "/api/wheels/x-1-py3-none-any.whl", 404, "unknown_wheel"),
        ("PUT", "/api/wheels/x-1-py3-none-any.whl", 422, "no_wheel"),
        ("GET", "/api/nonsense", 404, "unknown_route"),
        ("GET", "/api", 404, "unknown_route"),
        ("PATCH", "/api/instances/", 405, "wrong_method"),
        ("DELETE", "/api/tokens/999", 404, "unknown_token"),
    ] {
        let answer = failure(fixture.send(empty(request(method, path))).await).await;
        assert_eq!(
            answer,
            (StatusCode::from_u16(status).unwrap(), code.to_owned()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let fixture = open_fixture().await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    for (method, path) in [("POST", "/api/instances/"), ("DELETE", "/api/instances/1")] {
        let answer = fixture
            .send(with_json(request(method, path), large.clone()))
            .await;
        assert_eq!(
            failure(answer).await,
            (StatusCode::PAYLOAD_TOO_LARGE, "too_large".to_owned()),
            "{method} {path}"
        );
    }
    let fits = format!("{{\"name\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
    let answer = fixture
        .send(with_json(request("POST", "/api/instances/"), fits))
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn tokens_are_made_used_and_ended() {
    let fixture = crate::support::fixture().await;
    let cookie = fixture.set_up().await;
    let new = with_json(
        request("POST", "/api/tokens/").header("cookie", &cookie),
        r#"{"name":"ci"}"#,
    );
    let made = fixture.send(new).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made = value(made).await;
    let bearer = format!("Bearer {}", made["secret"].as_str().unwrap());
    let list = || empty(request("GET", "/api/tokens/").header("authorization", &bearer));
    let listed = fixture.send(list()).await;
    assert_eq!(listed.status(), StatusCode::OK);
    assert!(value(listed).await[0].get("secret").is_none());
    let path = format!("/api/tokens/{}", made["token"]["id"]);
    let ended = fixture
        .send(empty(request("DELETE", &path).header("cookie", &cookie)))
        .await;
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!(fixture.send(list()).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_shapes_of_the_original_are_kept() {
    let fixture = open_fixture().await;
    let stats = value(get(&fixture, "/api/system/stats").await).await;
    assert!(
        stats["cpu_percent"].is_number() && stats["ram"]["total"].is_number() && stats["gpus"].is_array()
    );
    let blueprints = value(get(&fixture, "/api/system/blueprints").await).await;
    assert!(blueprints["custom"].is_array());
    let stock = blueprints["stock"].as_array().unwrap();
    assert!(
        stock
            .iter()
            .any(|one| one["filename"] == "test-logs.sh" && one["category"].is_string())
    );
    assert!(value(get(&fixture, "/api/system/info").await).await["gpu_count"].is_number());
}

#[tokio::test]
async fn the_api_describes_itself() {
    let fixture = open_fixture().await;
    let document = value(get(&fixture, "/api/docs/openapi.json").await).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in [
        "/api/instances/",
        "/api/instances/{id}/start",
        "/api/system/stats",
        "/api/health",
    ] {
        assert!(document["paths"][path].is_object(), "{path} is missing");
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap();
            let is_public = path == "/api/health";
            assert_eq!(answers.contains_key("401"), !is_public, "{method} {path}");
            for (status, answer) in answers {
                let said = answer["description"].as_str().unwrap();
                assert!(!said.is_empty(), "{method} {path}: {status} is not explained");
            }
        }
    }
    let page = get(&fixture, "/api/docs/").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(crate::support::text(page).await.contains("swagger"));
}

#[tokio::test]
async fn an_instance_is_started_read_stopped_and_deleted() {
    let fixture = open_fixture().await;
    let app = fixture.create("runner", "test-logs").await;
    let path = |verb: &str| format!("/api/instances/{}{verb}", app.id);
    let started = ask(&fixture, "POST", &path("/start"), json!({})).await;
    assert_eq!(started.status(), StatusCode::ACCEPTED);
    assert_eq!(value(started).await["status"], "starting");
    let twice = ask(&fixture, "POST", &path("/start"), json!({})).await;
    assert_eq!(
        failure(twice).await,
        (StatusCode::CONFLICT, "wrong_status".to_owned())
    );
    until(&fixture, app.id, Status::Started).await;
    let running = failure(fixture.send(empty(request("DELETE", &path("")))).await).await;
    assert_eq!(running.0, StatusCode::CONFLICT);
    log_is_read(&fixture, &path).await;
    let stopping = ask(&fixture, "POST", &path("/stop"), json!({})).await;
    assert_eq!(stopping.status(), StatusCode::ACCEPTED);
    until(&fixture, app.id, Status::Stopped).await;
    assert_eq!(
        value(get(&fixture, &path("/runs")).await)
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let preview = value(get(&fixture, &path("/delete-preview")).await).await;
    assert!(preview["bytes"].as_u64().unwrap() > 0);
    let unconfirmed = ask(
        &fixture,
        "DELETE",
        &path(""),
        json!({"mode": "permanent", "confirm": "other"}),
    )
    .await;
    assert_eq!(
        failure(unconfirmed).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "not_confirmed".to_owned())
    );
    let deleted = fixture.send(empty(request("DELETE", &path("")))).await;
    assert_eq!(deleted.status(), StatusCode::ACCEPTED);
    let job = value(deleted).await["id"].as_u64().unwrap();
    let done = async {
        loop {
            let job = value(get(&fixture, &format!("/api/jobs/{job}")).await).await;
            match job["state"].as_str() {
                Some("running") => tokio::task::yield_now().await,
                state => break assert_eq!(state, Some("done"), "{job}"),
            }
        }
    };
    timeout(DEADLINE, done).await.unwrap();
    assert_eq!(get(&fixture, &path("")).await.status(), StatusCode::NOT_FOUND);
}

async fn log_is_read(fixture: &Fixture, path: &impl Fn(&str) -> String) {
    let first = value(get(fixture, &path("/logs?offset=0")).await).await;
    assert!(
        first["content"].as_str().is_some_and(|text| !text.is_empty()),
        "{first}"
    );
    assert!(first["size"].as_u64() >= first["next_offset"].as_u64());
    let next = value(get(fixture, &path(&format!("/logs?offset={}", first["next_offset"]))).await).await;
    assert_eq!(next["offset"], first["next_offset"]);
    let file = get(fixture, &path("/logs/download?run=1")).await;
    assert_eq!(
        file.headers()["content-disposition"],
        "attachment; filename=\"runner-run-1.log\""
    );
    assert!(text(file).await.starts_with(first["content"].as_str().unwrap()));
    let unknown = failure(get(fixture, &path("/logs?run=77")).await).await;
    assert_eq!(unknown, (StatusCode::NOT_FOUND, "unknown_run".to_owned()));
}

#[tokio::test]
async fn changes_are_previewed_saved_once_and_ordered() {
    let fixture = open_fixture().await;
    let (first, second) = (
        fixture.create("first", "test-logs").await,
        fixture.create("second", "test-logs").await,
    );
    let path = format!("/api/instances/{}", first.id);
    let change = json!({"row_version": first.row_version, "name": "renamed"});
    let planned = ask(
        &fixture,
        "POST",
        "/api/instances/preview",
        json!([{"id": first.id, "change": change}]),
    )
    .await;
    assert_eq!(value(planned).await[0]["changed"], json!(["name", "slug"]));
    let saved = value(ask(&fixture, "PUT", &path, change.clone()).await).await;
    assert_eq!(
        (&saved["name"], &saved["slug"]),
        (&json!("renamed"), &json!("renamed"))
    );
    let stale = ask(&fixture, "PUT", &path, change).await;
    assert_eq!(
        failure(stale).await,
        (StatusCode::CONFLICT, "stale_row".to_owned())
    );
    let ordered = ask(
        &fixture,
        "POST",
        "/api/instances/reorder",
        json!([second.id, first.id]),
    )
    .await;
    assert_eq!(ordered.status(), StatusCode::NO_CONTENT);
    let list = value(get(&fixture, "/api/instances/").await).await;
    assert_eq!(
        (&list[0]["name"], &list[1]["name"]),
        (&json!("second"), &json!("renamed"))
    );
}
