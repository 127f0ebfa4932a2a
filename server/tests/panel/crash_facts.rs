//! Why an instance ended by itself, and the bundle to pass on.

use std::io::Read as _;

use axum::http::StatusCode;
use serde_json::json;
use types::instances::{InstanceChange, Status};

use crate::support::{Fixture, bytes, empty, failure, open_fixture, request, text, until, value};
use crate::telemetry::{Nvml, stopped, until_reading};

async fn crashed(fixture: &Fixture, body: &str) -> i64 {
    let script = format!(
        "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.ready = process\n### AIKORE-METADATA-END ###\n{body}\n"
    );
    std::fs::write(fixture.data_dir().join("blueprints/crash.sh"), script).unwrap();
    let app = fixture.create("app", "crash").await;
    let change = InstanceChange {
        env_vars: Some("HF_TOKEN=plainword\nMODE=fast".to_owned()),
        ..InstanceChange::default()
    };
    fixture
        .engine
        .instances
        .update(app.id, change, false)
        .await
        .unwrap();
    fixture.engine.instances.start(app.id).await.unwrap();
    until(fixture, app.id, Status::Error).await;
    app.id.0
}

#[tokio::test]
async fn a_crash_is_decoded_and_its_bundle_holds_no_secret() {
    let fixture = open_fixture().await;
    let body = "echo \"token is $HF_TOKEN\"; echo 'Authorization: Bearer abcdefgh12345'\n\
                echo 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20 GiB'; exit 3";
    let id = crashed(&fixture, body).await;
    let path = format!("/api/v1/instances/{id}/crash");
    let crash = value(fixture.send(empty(request("GET", &path))).await).await;
    assert_eq!(crash["cause"], "out_of_gpu_memory");
    assert_eq!(crash["exit"]["kind"], json!({"code": 3}));
    assert!(
        crash["reason"].as_str().unwrap().contains("exit code 3"),
        "{crash}"
    );
    assert!(
        crash["advice"].as_str().unwrap().contains("smaller model"),
        "{crash}"
    );
    assert!(
        crash["log"].as_str().unwrap().contains("token is [hidden]"),
        "{crash}"
    );
    assert!(crash["last_minute"]["steps"].as_u64() >= Some(1), "{crash}");

    let answer = fixture
        .send(empty(request("GET", &format!("{path}/bundle"))))
        .await;
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"app-crash.tar.gz\""
    );
    let packed = bytes(answer).await;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_ref()));
    let mut names = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        for secret in ["plainword", "abcdefgh12345"] {
            assert!(!content.contains(secret), "{name} holds {secret}: {content}");
        }
        names.push(name.trim_start_matches("app-crash/").to_owned());
    }
    assert_eq!(
        names,
        [
            "crash.json",
            "log.txt",
            "instance.json",
            "launch.sh",
            "machine.json"
        ]
    );
}

#[tokio::test]
async fn who_held_the_gpus_memory_is_named_with_what_was_asked_for() {
    let nvml = Nvml::new("");
    let fixture = nvml.fixture().await;
    let _watching = fixture.engine.telemetry.watch();
    let studio = fixture
        .started("Studio", "test-logs", InstanceChange::default())
        .await;
    let pid = fixture
        .engine
        .instances
        .get(studio.id)
        .await
        .unwrap()
        .pid
        .unwrap();
    nvml.says(&format!("process 0 {pid} 6144 20\n"));
    let seen = until_reading(&fixture, |readings| {
        readings.instances.iter().any(|one| one.gpu_memory() > Some(0))
    })
    .await;
    // It is in the history before the next is taken.
    until_reading(&fixture, |readings| {
        readings.machine.sample.at > seen.machine.sample.at
    })
    .await;
    let body = "echo 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total \
                capacity of 24 GiB of which 1.07 GiB is free.'; exit 1";
    let id = crashed(&fixture, body).await;
    let path = format!("/api/v1/instances/{id}/crash");
    let crash = value(fixture.send(empty(request("GET", &path))).await).await;
    assert_eq!(
        crash["explanation"],
        "It asked GPU 0 of those it sees for 2.50 GiB, and 1.07 GiB was free. “Studio” held 6.0 GiB of GPU memory."
    );
    assert_eq!(crash["culprit"]["instance"], json!(studio.id));
    // The card says the same, and offers its place.
    let page = request("GET", &format!("/?open={id}")).header("accept", "text/html");
    let html = text(fixture.send(empty(page)).await).await;
    for expected in [
        "Ran out of GPU memory",
        "1.07 GiB was free",
        "Stop Studio, then start",
        "crash/bundle",
    ] {
        assert!(html.contains(expected), "{expected} is missing");
    }
    stopped(&fixture, studio.id).await;
}

#[tokio::test]
async fn an_instance_that_was_stopped_did_not_crash() {
    let fixture = open_fixture().await;
    let app = fixture
        .started("calm", "test-logs", InstanceChange::default())
        .await;
    fixture.engine.instances.stop(app.id).await.unwrap();
    until(&fixture, app.id, Status::Stopped).await;
    for path in ["crash", "crash/bundle"] {
        let answer = fixture
            .send(empty(request(
                "GET",
                &format!("/api/v1/instances/{}/{path}", app.id),
            )))
            .await;
        assert_eq!(
            failure(answer).await,
            (StatusCode::NOT_FOUND, "no_crash".to_owned())
        );
    }
}
