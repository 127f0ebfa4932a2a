//! The files of an instance over HTTP: the API's answers, and the forms of browsers without scripts.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use types::instances::InstanceId;

use crate::support::{
    Fixture, empty, failure, form, json as with_json, location, open_fixture, request, text, value,
};

async fn file(fixture: &Fixture, id: InstanceId, query: &str) -> Value {
    let path = format!("/api/instances/{id}/file{query}");
    let answer = fixture.send(empty(request("GET", &path))).await;
    assert_eq!(answer.status(), StatusCode::OK);
    value(answer).await
}

async fn put(fixture: &Fixture, id: InstanceId, query: &str, body: Value) -> Response {
    let path = format!("/api/instances/{id}/file{query}");
    fixture
        .send(with_json(request("PUT", &path), body.to_string()))
        .await
}

async fn post(fixture: &Fixture, path: impl AsRef<str>, body: Value) -> Response {
    fixture
        .send(with_json(request("POST", path.as_ref()), body.to_string()))
        .await
}

#[tokio::test]
async fn a_stale_save_is_a_conflict_that_carries_what_is_there() {
    let fixture = open_fixture().await;
    let id = fixture.create("app", "test-logs").await.id;
    let begun = file(&fixture, id, "?file_type=script").await;
    assert!(begun["content"].as_str().unwrap().starts_with("#!"), "{begun}");
    assert_eq!(
        (&begun["exists"], &begun["file"]),
        (&json!(true), &json!("script"))
    );
    let body = json!({ "content": "echo one\n", "version": begun["version"] });
    let saved = put(&fixture, id, "?file_type=script", body.clone()).await;
    assert_eq!(saved.status(), StatusCode::OK);
    let saved = value(saved).await;
    let late = put(
        &fixture,
        id,
        "",
        json!({ "content": "echo two\n", "version": begun["version"] }),
    )
    .await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    let late = value(late).await;
    assert_eq!(late["code"], "stale_file");
    assert!(late["message"].as_str().unwrap().ends_with('.') && late["hint"].is_string());
    assert_eq!(late["current"]["content"], "echo one\n");
    assert_eq!(late["current"]["version"], saved["version"]);
    // A client of the original sends no version; what it overwrites stays to be had.
    let blind = put(
        &fixture,
        id,
        "?file_type=script&restart=true",
        json!({ "content": "echo three\n" }),
    )
    .await;
    assert_eq!(blind.status(), StatusCode::OK);
    let versions = fixture
        .send(empty(request(
            "GET",
            &format!("/api/instances/{id}/file/versions"),
        )))
        .await;
    let versions = value(versions).await;
    assert_eq!(versions.as_array().unwrap().len(), 3, "{versions}");
    let number = versions[1]["number"].as_u64().unwrap();
    let one = fixture
        .send(empty(request(
            "GET",
            &format!("/api/instances/{id}/file/versions/{number}"),
        )))
        .await;
    assert_eq!(value(one).await["content"], "echo one\n");
    let diff = post(
        &fixture,
        format!("/api/instances/{id}/file/diff"),
        json!({ "against": number.to_string() }),
    );
    let diff = value(diff.await).await;
    assert_eq!((&diff["added"], &diff["removed"]), (&json!(1), &json!(1)));
    let restored = post(
        &fixture,
        format!("/api/instances/{id}/file/versions/{number}/restore"),
        json!({}),
    );
    assert_eq!(value(restored.await).await["content"], "echo one\n");
    let reset = post(&fixture, format!("/api/instances/{id}/file/reset"), json!({}));
    assert_eq!(value(reset.await).await["content"], begun["content"]);
    assert_eq!(
        fixture.engine.instances.get(id).await.unwrap().run,
        0,
        "`restart` starts nothing that does not run"
    );
}

#[tokio::test]
async fn only_three_files_can_be_named() {
    let fixture = open_fixture().await;
    let id = fixture.create("app", "test-logs").await.id;
    for name in [
        "../launch.sh",
        "aikore_vars.env",
        "..%2f..%2faikore.db",
        "script%00",
        "%2Fetc%2Fpasswd",
    ] {
        let path = format!("/api/instances/{id}/file?file_type={name}");
        let refused = fixture.send(empty(request("GET", &path))).await;
        assert_eq!(failure(refused).await.0, StatusCode::BAD_REQUEST, "{name}");
        let page = format!("/instances/{id}/script?file={name}");
        let posted = fixture
            .send(form(request("POST", &page), "action=save&version=none&content=x"))
            .await;
        assert_eq!(posted.status(), StatusCode::BAD_REQUEST, "{name}");
    }
    for (kind, name) in [
        ("script", "launch.sh"),
        ("requirements", "requirements.txt"),
        ("launch_args", "launch_args.txt"),
    ] {
        assert_eq!(
            file(&fixture, id, &format!("?file_type={kind}")).await["file"],
            kind
        );
        assert_eq!(
            file(&fixture, id, &format!("?file_type={name}")).await["file"],
            kind
        );
    }
    let gone = fixture
        .send(empty(request("GET", "/api/instances/99/file")))
        .await;
    assert_eq!(
        failure(gone).await,
        (StatusCode::NOT_FOUND, "unknown_instance".to_owned())
    );
    let side = post(
        &fixture,
        format!("/api/instances/{id}/file/diff"),
        json!({ "against": "../x" }),
    );
    assert_eq!(failure(side.await).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_check_says_what_and_where() {
    let fixture = open_fixture().await;
    let id = fixture.create("app", "test-logs").await.id;
    let path = format!("/api/instances/{id}/file/check");
    let found = value(post(&fixture, &path, json!({ "content": "if true; then\n" })).await).await;
    let bash = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["source"] == "bash");
    assert_eq!(bash.unwrap()["severity"], "error", "{found}");
    let path = format!("{path}?file_type=launch_args");
    let found = value(post(&fixture, &path, json!({ "content": "--ok\n'open\n" })).await).await;
    assert_eq!(found["findings"][0]["line"], 2, "{found}");
}

async fn send_form(fixture: &Fixture, id: InstanceId, body: &str) -> Response {
    let path = format!("/instances/{id}/script?file=launch.sh");
    let request = request("POST", &path).header("accept", "text/html");
    fixture.send(form(request, body)).await
}

/// The version that the page's form would send.
async fn version(fixture: &Fixture, id: InstanceId) -> String {
    let page = request("GET", &format!("/instances/{id}/script")).header("accept", "text/html");
    let html = text(fixture.send(empty(page)).await).await;
    let rest = html.split("name=\"version\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_saves_with_the_line_ends_of_the_file_and_leads_back() {
    let fixture = open_fixture().await;
    let instance = fixture.create("app", "test-logs").await;
    let path = fixture
        .data_dir()
        .join("instances")
        .join(&instance.dir)
        .join("launch.sh");
    let began = version(&fixture, instance.id).await;
    let body = format!("action=save&version={began}&content=%0D%0Aecho+%3Cb%3E+%26amp%3B%0D%0A");
    let saved = send_form(&fixture, instance.id, &body).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        location(&saved),
        format!("/instances/{}/script?file=launch.sh&done=saved", instance.id)
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "\necho <b> &amp;\n");
    let page = request("GET", location(&saved)).header("accept", "text/html");
    let html = text(fixture.send(empty(page)).await).await;
    assert!(html.contains(">\n\necho &lt;b> &amp;amp;\n</textarea>"), "{html}");
    assert!(html.contains("It is saved."));

    std::fs::write(&path, "echo\r\n").unwrap();
    let body = format!(
        "action=save&version={}&content=echo+2%0D%0A",
        version(&fixture, instance.id).await
    );
    assert_eq!(
        send_form(&fixture, instance.id, &body).await.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "echo 2\r\n");
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed_and_shows_what_differs() {
    let fixture = open_fixture().await;
    let instance = fixture.create("app", "test-logs").await;
    let path = fixture
        .data_dir()
        .join("instances")
        .join(&instance.dir)
        .join("launch.sh");
    let began = version(&fixture, instance.id).await;
    std::fs::write(&path, "echo theirs\n").unwrap();
    let body = format!("action=save&version={began}&content=echo+mine%0D%0A");
    let refused = send_form(&fixture, instance.id, &body).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let html = text(refused).await;
    for expected in [
        "echo mine\n</textarea>",
        "diff__line--removed",
        "echo theirs",
        "Save mine over theirs",
        "Somebody else saved",
    ] {
        assert!(html.contains(expected), "{expected} is missing in {html}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "echo theirs\n");
    // The page's own form carries the version that is there now.
    let there = html
        .split("name=\"version\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let body = format!("action=save&version={there}&content=echo+mine%0D%0A");
    assert_eq!(
        send_form(&fixture, instance.id, &body).await.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "echo mine\n");

    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    let refused = send_form(
        &fixture,
        instance.id,
        "action=save&version=none&content=echo+mine",
    )
    .await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
}
