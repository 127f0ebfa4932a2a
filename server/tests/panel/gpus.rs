//! GPUs to choose from, and whether an instance will fit.

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;
use types::instances::{InstanceChange, InstanceId, Status};

use crate::support::{
    DEADLINE, Fixture, empty, failure, form, json as with_json, location, request, text, until, value,
};
use crate::telemetry::{Nvml, stopped, until_reading};

async fn get(fixture: &Fixture, path: &str) -> Value {
    value(fixture.send(empty(request("GET", path))).await).await
}

#[tokio::test]
async fn before_a_start_it_is_told_who_holds_the_memory_that_is_missing() {
    let nvml = Nvml::new("");
    let fixture = nvml.fixture().await;
    let script = "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.ready = process\n# aikore.min_vram_mb = 12288\n\
                  ### AIKORE-METADATA-END ###\nsleep 100000\n";
    std::fs::write(fixture.data_dir().join("blueprints/large.sh"), script).unwrap();
    let (first, second) = (
        fixture.create("First", "large").await,
        fixture.create("Second", "large").await,
    );
    let change = InstanceChange {
        gpu_ids: Some(Some("0".to_owned())),
        ..InstanceChange::default()
    };
    fixture
        .engine
        .instances
        .update(second.id, change, false)
        .await
        .unwrap();
    let path = format!("/api/v1/instances/{}/gpu-fit", second.id);
    until_reading(&fixture, |readings| readings.gpus.gpus.len() == 2).await;
    let fits = get(&fixture, &path).await;
    assert_eq!(
        (&fits["warning"], &fits["wanted"]),
        (&json!(""), &json!(12_u64 << 30))
    );
    assert_eq!(fits["gpus"].as_array().unwrap().len(), 1);

    fixture.engine.instances.start(first.id).await.unwrap();
    until(&fixture, first.id, Status::Started).await;
    let pid = fixture.engine.instances.get(first.id).await.unwrap().pid.unwrap();
    nvml.says(&format!("process 0 {pid} 18432 50\nprocess 0 1 1024 0\n"));
    until_reading(&fixture, |readings| {
        readings.instances.iter().any(|one| one.gpu_memory() > Some(0))
    })
    .await;
    let lacks = get(&fixture, &path).await;
    let warning = lacks["warning"].as_str().unwrap();
    let begin = "“Second” needs 12.0 GiB of GPU memory; GPU 0 has 5.0 GiB free (“First” holds 18.0 GiB, ";
    assert!(
        warning.starts_with(begin) && warning.ends_with("(1) holds 1.0 GiB)."),
        "{warning}"
    );
    let choices = get(&fixture, "/api/v1/gpus").await;
    assert_eq!(choices["gpus"][0]["holders"][0]["name"], "First");
    assert_eq!(choices["gpus"][1]["free"], json!(24_u64 << 30));

    // It holds what it needs itself; and its peak is learned.
    let own_path = format!("/api/v1/instances/{}/gpu-fit", first.id);
    let own = get(&fixture, &own_path).await;
    assert_eq!(own["warning"], "");
    let learned = async {
        while get(&fixture, &own_path).await["learned"]
            .as_u64()
            .map(|bytes| bytes >> 30)
            != Some(18)
        {
            until_reading(&fixture, |_| true).await;
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, learned).await.unwrap();
    fixture.engine.instances.stop(first.id).await.unwrap();
    until(&fixture, first.id, Status::Stopped).await;
}

/// “First” runs and holds 18 of the 24 GiB of GPU 0, where “Second” wants 12.
async fn crowded(nvml: &Nvml, fixture: &Fixture) -> (InstanceId, InstanceId) {
    let script = "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.ready = process\n# aikore.min_vram_mb = 12288\n\
                  ### AIKORE-METADATA-END ###\nwhile true; do sleep 1; done\n";
    std::fs::write(fixture.data_dir().join("blueprints/large.sh"), script).unwrap();
    let on_first = || InstanceChange {
        gpu_ids: Some(Some("0".to_owned())),
        ..InstanceChange::default()
    };
    let first = fixture.started("First", "large", on_first()).await.id;
    let second = fixture.create("Second", "large").await.id;
    fixture
        .engine
        .instances
        .update(second, on_first(), false)
        .await
        .unwrap();
    let pid = fixture.engine.instances.get(first).await.unwrap().pid.unwrap();
    nvml.says(&format!("process 0 {pid} 18432 50\n"));
    until_reading(fixture, |readings| {
        readings.instances.iter().any(|one| one.gpu_memory() > Some(0))
    })
    .await;
    (first, second)
}

#[tokio::test]
async fn the_plain_pages_ask_before_a_start_that_does_not_fit() {
    let nvml = Nvml::new("");
    let fixture = nvml.fixture().await;
    let (first, second) = crowded(&nvml, &fixture).await;
    let start = format!("/lite/instances/{second}/start");
    let post = async |body: &str| {
        let request = request("POST", &start).header("accept", "text/html");
        fixture.send(form(request, body)).await
    };
    let asked = post("").await;
    assert_eq!(
        (asked.status(), location(&asked)),
        (StatusCode::SEE_OTHER, &*start)
    );
    let page = request("GET", &start).header("accept", "text/html");
    let html = text(fixture.send(empty(page)).await).await;
    for expected in [
        "GPU 0 has 6.0 GiB free",
        "Start anyway",
        "Stop First, then start",
        "Start on GPU 1 instead",
    ] {
        assert!(html.contains(expected), "{expected} is missing in {html}");
    }
    let moved = post("gpu=1").await;
    assert_eq!(location(&moved), format!("/lite/instances/{second}"));
    until(&fixture, second, Status::Started).await;
    let row = fixture.engine.instances.get(second).await.unwrap();
    assert_eq!(row.gpu_ids.as_deref(), Some("1"));
    // There is nothing to ask about any more.
    let page = request("GET", &start).header("accept", "text/html");
    assert_eq!(
        location(&fixture.send(empty(page)).await),
        format!("/lite/instances/{second}")
    );
    for app in [first, second] {
        fixture.engine.instances.stop(app).await.unwrap();
        until(&fixture, app, Status::Stopped).await;
    }
}

#[tokio::test]
async fn a_start_by_a_plain_form_that_does_not_fit_comes_back_with_the_question() {
    let nvml = Nvml::new("");
    let fixture = nvml.fixture().await;
    let (first, second) = crowded(&nvml, &fixture).await;
    let post = async |path: &str, body: String| {
        let request = request("POST", path)
            .header("accept", "text/html")
            .header("referer", "http://localhost:9000/?show=stopped");
        fixture.send(form(request, &body)).await
    };
    let asked = post("/fn/start_instance", format!("id={second}")).await;
    assert_eq!(
        (asked.status(), location(&asked)),
        (StatusCode::FOUND, &*format!("/?show=stopped&start={second}"))
    );
    let page = request("GET", location(&asked)).header("accept", "text/html");
    let html = text(fixture.send(empty(page)).await).await;
    for expected in [
        "Second may not find enough GPU memory",
        "GPU 0 has 6.0 GiB free",
        "Start anyway",
        "Stop First, then start",
        "Start on GPU 1 instead",
    ] {
        assert!(html.contains(expected), "{expected} is missing");
    }
    assert_eq!(
        fixture.engine.instances.get(second).await.unwrap().status,
        Status::Stopped
    );
    // Scripts are told by the error's code.
    let api = with_json(
        request("POST", "/fn/start_instance"),
        format!("{{\"id\":{second}}}"),
    );
    assert_eq!(
        failure(fixture.send(api).await).await,
        (StatusCode::CONFLICT, "no_gpu_room".to_owned())
    );
    let anyway = post("/fn/start_instance", format!("id={second}&anyway=true")).await;
    assert_eq!(
        (anyway.status(), location(&anyway)),
        (StatusCode::FOUND, "/?show=stopped")
    );
    until(&fixture, second, Status::Started).await;
    stopped(&fixture, second).await;
    let moved = post("/fn/start_on_gpu", format!("id={second}&gpu=1")).await;
    assert_eq!(location(&moved), "/?show=stopped");
    until(&fixture, second, Status::Started).await;
    let row = fixture.engine.instances.get(second).await.unwrap();
    assert_eq!(row.gpu_ids.as_deref(), Some("1"));
    stopped(&fixture, second).await;
    let after = post("/fn/start_after", format!("id={second}&rival={first}")).await;
    assert_eq!(location(&after), "/?show=stopped");
    until(&fixture, first, Status::Stopped).await;
    until(&fixture, second, Status::Started).await;
    stopped(&fixture, second).await;
}

#[tokio::test]
async fn ticked_gpus_are_saved_by_a_plain_form_and_none_ticked_means_all() {
    let nvml = Nvml::new("");
    let fixture = nvml.fixture().await;
    until_reading(&fixture, |readings| readings.gpus.gpus.len() == 2).await;
    let id = fixture.create("app", "test-logs").await.id;
    let page = request("GET", &format!("/?open={id}")).header("accept", "text/html");
    let html = text(fixture.send(empty(page)).await).await;
    assert!(html.contains("Stub RTX 1") && html.contains("Nobody uses it."));
    for (ticked, expected) in [
        ("&gpus[]=1", Some("1")),
        ("&gpus[]=0&gpus[]=1", Some("0,1")),
        ("", None),
    ] {
        let version = fixture.engine.instances.get(id).await.unwrap().row_version;
        let body = format!("id={id}&row_version={version}&form[name]=app&gpus[]={ticked}");
        let post = request("POST", "/fn/update_instance").header("accept", "text/html");
        let saved = fixture.send(form(post, &body)).await;
        assert_eq!(saved.status(), StatusCode::FOUND, "{}", text(saved).await);
        let row = fixture.engine.instances.get(id).await.unwrap();
        assert_eq!(row.gpu_ids.as_deref(), expected, "{ticked}");
    }
}
