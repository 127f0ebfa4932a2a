//! The blueprint manager over HTTP: the API's answers, and the forms of its page.

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::support::{
    Fixture, empty, failure, form, json as with_json, location, open_fixture, request, text, value,
};

const BLOCK: &str = "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = Mine\n# aikore.ready = process\n\
                     ### AIKORE-METADATA-END ###\nexec sleep 600\n";

async fn get(fixture: &Fixture, path: &str) -> Response {
    fixture.send(empty(request("GET", path))).await
}

async fn ask(fixture: &Fixture, method: &str, path: &str, body: Value) -> Response {
    fixture
        .send(with_json(request(method, path), body.to_string()))
        .await
}

async fn add(fixture: &Fixture, filename: &str, content: &str) {
    let body = json!({ "filename": filename, "content": content });
    let added = ask(fixture, "POST", "/api/blueprints/", body).await;
    assert_eq!(added.status(), StatusCode::CREATED);
}

async fn opened(fixture: &Fixture, filename: &str) -> Value {
    let answer = get(fixture, &format!("/api/blueprints/{filename}")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    value(answer).await
}

#[tokio::test]
async fn a_blueprint_is_created_edited_renamed_duplicated_exported_and_deleted() {
    let fixture = open_fixture().await;
    add(&fixture, "Mine", BLOCK).await;
    let begun = opened(&fixture, "Mine.sh").await;
    assert_eq!(begun["content"], BLOCK);
    assert_eq!(
        (&begun["blueprint"]["name"], &begun["stock"]),
        (&json!("Mine"), &Value::Null)
    );
    let changed = format!("{BLOCK}# more\n");
    let body = json!({ "content": changed, "version": begun["version"] });
    let saved = ask(&fixture, "PUT", "/api/blueprints/Mine.sh", body.clone()).await;
    assert_eq!(saved.status(), StatusCode::OK);
    // Who began with the first text finds the second one, and keeps their own under another name.
    let late = ask(&fixture, "PUT", "/api/blueprints/Mine.sh", body).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    let late = value(late).await;
    assert_eq!(late["filename"], "Mine-2.sh");
    assert!(late["note"].as_str().unwrap().contains("saved by somebody else"));

    let taken = json!({ "filename": "Mine-2" });
    let taken = ask(&fixture, "POST", "/api/blueprints/Mine.sh/rename", taken).await;
    assert_eq!(
        failure(taken).await,
        (StatusCode::CONFLICT, "blueprint_taken".to_owned())
    );
    let renamed = ask(
        &fixture,
        "POST",
        "/api/blueprints/Mine.sh/rename",
        json!({ "filename": "Our own" }),
    );
    assert_eq!(value(renamed.await).await["filename"], "Our own.sh");
    let gone = get(&fixture, "/api/blueprints/Mine.sh").await;
    assert_eq!(failure(gone).await.0, StatusCode::NOT_FOUND);

    let copied = ask(
        &fixture,
        "POST",
        "/api/blueprints/Our%20own.sh/duplicate",
        json!({ "filename": "Twin" }),
    );
    assert_eq!(copied.await.status(), StatusCode::CREATED);
    let twin = opened(&fixture, "Twin.sh").await;
    assert_eq!(
        twin["content"],
        changed.replace("= Mine", "= Twin"),
        "two of one name would be mixed up"
    );

    let file = get(&fixture, "/api/blueprints/Twin.sh/file").await;
    let disposition = file.headers()[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert_eq!(disposition, "attachment; filename=\"Twin.sh\"");
    assert_eq!(text(file).await, twin["content"].as_str().unwrap());
    let deleted = fixture
        .send(empty(request("DELETE", "/api/blueprints/Twin.sh")))
        .await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    let listed = value(get(&fixture, "/api/blueprints/").await).await;
    let own = listed.as_array().unwrap().iter();
    let mut own = own.filter(|one| one["blueprint"]["origin"] == "custom");
    assert!(own.all(|one| one["blueprint"]["filename"] != "Twin.sh"));
}

#[tokio::test]
async fn a_bad_block_is_explained_line_by_line_before_and_after_it_is_saved() {
    let fixture = open_fixture().await;
    let bad = "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name =\n# aikore.venv_type = pip\n\
               # aikore.start_timeout = soon\n# aikore.colour = red\nexec app\n### AIKORE-METADATA-END ###\nif\n";
    let body = json!({ "filename": "Bad", "content": bad });
    let checked = ask(&fixture, "POST", "/api/system/blueprints/check", body).await;
    assert_eq!(checked.status(), StatusCode::OK);
    let checked = value(checked).await;
    add(&fixture, "Bad", bad).await;
    let saved = opened(&fixture, "Bad.sh").await;
    for (line, about) in [
        (3, "empty"),
        (4, "`venv_type` is"),
        (5, ""),
        (6, "aikore.colour"),
        (7, "comments"),
        (9, "syntax error"),
    ] {
        for found in [&checked["findings"], &saved["check"]["findings"]] {
            let is_it = |finding: &Value| {
                let message = finding["message"].as_str().unwrap().to_lowercase();
                finding["line"] == line && message.contains(about)
            };
            assert!(
                found.as_array().unwrap().iter().any(is_it),
                "{line} {about}: {found}"
            );
        }
    }
    let untouched = get(&fixture, "/api/blueprints/Unsaved.sh").await;
    assert_eq!(untouched.status(), StatusCode::NOT_FOUND);
    let body = json!({ "filename": "Unsaved", "content": "a\0b" });
    let binary = ask(&fixture, "POST", "/api/system/blueprints/check", body).await;
    assert_eq!(failure(binary).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_shipped_blueprint_is_hidden_by_ones_own_and_comes_back() {
    let fixture = open_fixture().await;
    let shipped = opened(&fixture, "test-logs.sh").await;
    assert_eq!(shipped["blueprint"]["origin"], "stock");
    let again = json!({ "filename": "test-logs", "content": "exec app\n" });
    let again = ask(&fixture, "POST", "/api/blueprints/", again).await;
    assert_eq!(failure(again).await.1, "blueprint_taken");
    for (method, path, body) in [
        ("DELETE", "/api/blueprints/test-logs.sh", json!({})),
        (
            "POST",
            "/api/blueprints/test-logs.sh/rename",
            json!({ "filename": "x" }),
        ),
    ] {
        let refused = failure(ask(&fixture, method, path, body).await).await;
        assert_eq!(refused, (StatusCode::CONFLICT, "stock_blueprint".to_owned()));
    }
    let content = format!("{}# mine\n", shipped["content"].as_str().unwrap());
    let body = json!({ "content": content, "version": shipped["version"] });
    let saved = ask(&fixture, "PUT", "/api/blueprints/test-logs.sh", body).await;
    assert_eq!(saved.status(), StatusCode::OK);
    let own = opened(&fixture, "test-logs.sh").await;
    assert_eq!(
        (&own["blueprint"]["origin"], &own["stock"]["added"]),
        (&json!("custom"), &json!(1))
    );
    let made = fixture.create("from mine", "test-logs").await;
    let script = get(&fixture, &format!("/api/instances/{}/file", made.id)).await;
    assert!(
        value(script).await["content"]
            .as_str()
            .unwrap()
            .ends_with("# mine\n")
    );
    let reset = fixture
        .send(empty(request("DELETE", "/api/blueprints/test-logs.sh")))
        .await;
    assert_eq!(reset.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        opened(&fixture, "test-logs.sh").await["content"],
        shipped["content"]
    );
}

#[tokio::test]
async fn names_lead_nowhere_else() {
    let fixture = open_fixture().await;
    add(&fixture, "Good", BLOCK).await;
    for name in [
        "",
        ".sh",
        "../escape",
        "/etc/passwd",
        "a/b",
        "a\\b",
        ".hidden",
        "-rf",
        "functions",
        "a\nb",
        "ü",
        "x ",
    ] {
        let body = json!({ "filename": name, "content": BLOCK });
        let refused = ask(&fixture, "POST", "/api/blueprints/", body).await;
        if name == "x " {
            // What is around a name is not part of it.
            assert_eq!(value(refused).await["filename"], "x.sh");
            continue;
        }
        assert_eq!(
            failure(refused).await,
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid_name".to_owned()),
            "{name:?}"
        );
        let renamed = json!({ "filename": name });
        let renamed = ask(&fixture, "POST", "/api/blueprints/Good.sh/rename", renamed).await;
        assert_eq!(failure(renamed).await.1, "invalid_name", "{name:?}");
    }
    std::fs::write(fixture.data_dir().join("secret.sh"), "secret").unwrap();
    for path in ["..%2Fsecret.sh", "%2e%2e%2fsecret.sh", "..%2F..%2Fetc%2Fpasswd"] {
        for part in ["", "/file"] {
            let answer = get(&fixture, &format!("/api/blueprints/{path}{part}")).await;
            assert!(
                answer.status().is_client_error(),
                "{path}{part}: {}",
                answer.status()
            );
            assert!(!text(answer).await.contains("secret\""));
        }
    }
}

#[tokio::test]
async fn the_script_of_an_instance_becomes_a_blueprint_with_a_name_of_its_own() {
    let fixture = open_fixture().await;
    let id = fixture.create("App", "test-logs").await.id;
    let path = format!("/api/instances/{id}/file");
    let script = value(get(&fixture, &path).await).await;
    let content = format!("{}# changed here\n", script["content"].as_str().unwrap());
    let body = json!({ "content": content, "version": script["version"] });
    assert_eq!(ask(&fixture, "PUT", &path, body).await.status(), StatusCode::OK);
    let body = json!({ "filename": "Of App", "instance": id });
    let made = ask(&fixture, "POST", "/api/blueprints/", body.clone()).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made = opened(&fixture, "Of%20App.sh").await;
    assert_eq!(made["blueprint"]["name"], "Of App");
    assert!(made["content"].as_str().unwrap().ends_with("# changed here\n"));
    let shipped = opened(&fixture, "test-logs.sh").await;
    assert_eq!(made["blueprint"]["ready"], shipped["blueprint"]["ready"]);
    let again = ask(&fixture, "POST", "/api/blueprints/", body).await;
    assert_eq!(failure(again).await.1, "blueprint_taken");

    let wrong = json!({ "id": id, "name": "../x" });
    let wrong = ask(&fixture, "POST", "/fn/save_as_blueprint", wrong).await;
    assert_eq!(
        failure(wrong).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_name".to_owned())
    );

    // The same by the form that browsers without scripts send.
    let page = |body: &str| {
        let builder = request("POST", "/fn/save_as_blueprint")
            .header(header::ACCEPT, "text/html")
            .header(header::REFERER, format!("http://localhost:9000/?blueprint={id}"));
        form(builder, body)
    };
    let done = fixture.send(page(&format!("id={id}&name=By+form"))).await;
    assert_eq!(location(&done), "/blueprints?open=By%20form.sh&done=created");
    let clash = fixture.send(page(&format!("id={id}&name=By+form"))).await;
    let back = location(&clash).to_owned();
    assert!(
        back.contains(&format!("blueprint={id}")) && back.contains("name=By+form"),
        "{back}"
    );
    let shown = text(get(&fixture, &back).await).await;
    assert!(shown.contains("There is already a blueprint"), "{shown}");
}

#[tokio::test]
async fn a_file_is_imported_and_goes_over_nothing() {
    let fixture = open_fixture().await;
    let import = |name: &str, filename: &str, content: &[u8]| {
        let mut body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n{name}\r\n--edge\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        request("POST", "/blueprints/import")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .body(axum::body::Body::from(body))
            .unwrap()
    };
    let done = fixture.send(import("", "Brought.sh", BLOCK.as_bytes())).await;
    assert_eq!(location(&done), "/blueprints?open=Brought.sh&done=imported");
    assert_eq!(opened(&fixture, "Brought.sh").await["content"], BLOCK);
    for (name, filename, content, why) in [
        ("", "Brought.sh", b"other".as_slice(), "already"),
        ("", "../Brought.sh", b"other", "letters"),
        ("Empty", "x.sh", b"", "Choose"),
        ("Latin", "x.sh", b"\xff\xfe", "UTF-8"),
        ("Binary", "x.sh", b"a\0b", "binary"),
    ] {
        let refused = fixture.send(import(name, filename, content)).await;
        assert!(location(&refused).starts_with("/blueprints?new=1"), "{name}");
        assert!(location(&refused).contains(why), "{name}: {}", location(&refused));
    }
    assert_eq!(opened(&fixture, "Brought.sh").await["content"], BLOCK);
}
