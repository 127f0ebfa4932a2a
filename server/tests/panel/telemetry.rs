//! What is measured, over REST and over the tab's socket.

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use server::SiteOptions;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use types::events::Telegram;
use types::instances::{InstanceChange, InstanceId, Status};
use types::telemetry::Readings;

use crate::support::{DEADLINE, Fixture, empty, failure, fixture, open_fixture, request, set, until, value};

/// A stand-in for the NVIDIA library, and the file that says what it answers.
pub(crate) struct Nvml {
    _temp: tempfile::TempDir,
    pub(crate) library: PathBuf,
    state: PathBuf,
}

impl Nvml {
    pub(crate) fn new(state: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/engine/tests/nvml/nvml.c");
        let nvml = Self {
            library: temp.path().join("libnvidia-ml.so.1"),
            state: temp.path().join("state"),
            _temp: temp,
        };
        #[expect(clippy::disallowed_methods, reason = "a test builds what it tests with")]
        let mut cc = std::process::Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1"]);
        cc.arg(format!("-DSTATE=\"{}\"", nvml.state.display()));
        cc.arg("-o").arg(&nvml.library).arg(source);
        assert!(cc.status().unwrap().success());
        nvml.says(state);
        nvml
    }

    pub(crate) fn says(&self, state: &str) {
        let new = self.state.with_extension("new");
        std::fs::write(&new, state).unwrap();
        std::fs::rename(new, &self.state).unwrap();
    }

    pub(crate) async fn fixture(&self) -> Fixture {
        let library = self.library.clone();
        let prepare = |_: &Path| {};
        set(true, SiteOptions::default(), prepare, |config| {
            config.nvml_library = Some(library);
        })
        .await
    }
}

/// The first reading that is as wanted.
pub(crate) async fn until_reading(fixture: &Fixture, wanted: impl Fn(&Readings) -> bool) -> Readings {
    let mut readings = fixture.engine.telemetry.watch();
    let found = timeout(DEADLINE, readings.wait_for(|readings| wanted(readings))).await;
    found
        .unwrap_or_else(|_| panic!("never: {:?}", fixture.engine.telemetry.readings()))
        .unwrap()
        .as_ref()
        .clone()
}

/// Nothing of an instance may outlive its test.
pub(crate) async fn stopped(fixture: &Fixture, id: InstanceId) {
    fixture.engine.instances.stop(id).await.unwrap();
    until(fixture, id, Status::Stopped).await;
}

async fn get(fixture: &Fixture, path: &str) -> Value {
    let answer = fixture.send(empty(request("GET", path))).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    value(answer).await
}

fn of(readings: &Readings, id: InstanceId) -> Option<&types::telemetry::InstanceReading> {
    readings.instances.iter().find(|one| one.id == id)
}

#[tokio::test]
async fn the_machine_is_read_without_a_driver_and_says_so_in_a_sentence() {
    let nothing: PathBuf = "/nonexistent/libnvidia-ml.so.1".into();
    let fixture = set(
        true,
        SiteOptions::default(),
        |_| {},
        |config| {
            config.nvml_library = Some(nothing);
        },
    )
    .await;
    until_reading(&fixture, |readings| readings.machine.sample.at > 0).await;
    let now = get(&fixture, "/api/v1/telemetry/now").await;
    let machine = &now["machine"];
    assert!(machine["ram_total"].as_u64() > Some(0), "{now}");
    let cores = machine["cores"].as_u64().unwrap();
    assert_eq!(machine["per_core"].as_array().unwrap().len() as u64, cores);
    assert!(machine["received_per_s"].is_number() && machine["load_15m"].is_number());
    assert_eq!(now["volumes"][0]["name"], "data");
    assert!(now["volumes"][0]["free"].as_u64() > Some(0));
    assert_eq!(now["gpus"]["gpus"], json!([]));
    assert!(
        now["gpus"]["note"]
            .as_str()
            .unwrap()
            .starts_with("There is no NVIDIA driver")
    );
    let stats = get(&fixture, "/api/system/stats").await;
    assert_eq!(stats["gpus"], json!([]));
}

#[tokio::test]
async fn a_running_instance_is_measured_with_its_gpus_and_its_past_is_kept() {
    let nvml = Nvml::new("");
    let fixture = nvml.fixture().await;
    let app = fixture
        .started("app", "test-logs", InstanceChange::default())
        .await;
    let pid = fixture.engine.instances.get(app.id).await.unwrap().pid.unwrap();
    nvml.says(&format!("process 1 {pid} 2048 40\nprocess 0 1 77 1\n"));
    let readings = until_reading(&fixture, |readings| {
        of(readings, app.id).is_some_and(|one| !one.gpus.is_empty() && !one.ports.is_empty())
    })
    .await;
    let one = of(&readings, app.id).unwrap();
    let port = fixture
        .engine
        .instances
        .get(app.id)
        .await
        .unwrap()
        .internal_port
        .unwrap();
    assert!(one.ports.contains(&port), "{one:?}");
    assert!(
        one.memory > 1_000_000 && one.processes >= 1 && one.threads >= one.processes,
        "{one:?}"
    );
    let gpu = (one.gpus[0].index, one.gpus[0].memory, one.gpus[0].percent);
    assert_eq!(gpu, (1, Some(2048 << 20), Some(40.0)));
    let stranger = &readings.gpus.gpus[0].processes[0];
    assert_eq!((stranger.pid, stranger.instance), (1, None));
    let told = get(&fixture, &format!("/api/v1/telemetry/instances/{}", app.id)).await;
    assert_eq!(told["id"], json!(app.id));
    let stats = get(&fixture, "/api/system/stats").await;
    assert_eq!(stats["gpus"][1]["vram"]["used"], json!(2048_u64 << 20));
    assert_eq!(get(&fixture, "/api/system/info").await["gpu_count"], 2);
    until_reading(&fixture, |readings| {
        of(readings, app.id).is_some_and(|one| one.disk_bytes > Some(0))
    })
    .await;

    let path = format!("/api/v1/telemetry/instances/{}/history?range=60&step=1", app.id);
    let found = async {
        loop {
            let history = get(&fixture, &path).await;
            let series = history["series"].as_array().unwrap().clone();
            if let Some(vram) = series.iter().find(|series| series["metric"] == "gpu_memory") {
                return (history, vram.clone());
            }
            until_reading(&fixture, |_| true).await;
            tokio::task::yield_now().await;
        }
    };
    let (history, vram) = timeout(DEADLINE, found).await.unwrap();
    assert_eq!(vram["subject"], format!("instance:{}", app.id));
    let values: Vec<&Value> = vram["peak"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|v| !v.is_null())
        .collect();
    assert!(
        values[0]
            .as_f64()
            .is_some_and(|bytes| (bytes - 2_147_483_648.0).abs() < 1000.0),
        "{vram}"
    );
    assert_eq!(
        vram["peak"].as_array().unwrap().len() as u64,
        history["steps"].as_u64().unwrap()
    );
    assert_eq!(history["marks"][0]["kind"], "start");
    let machine = get(
        &fixture,
        "/api/v1/telemetry/history?subjects=machine,gpu:*&metrics=cpu_percent,gpu_percent",
    )
    .await;
    let title = |series: &Value| (series["subject"].clone(), series["metric"].clone());
    let names: Vec<_> = machine["series"].as_array().unwrap().iter().map(title).collect();
    assert!(
        names.contains(&(json!("gpu:GPU-stub-0"), json!("gpu_percent"))),
        "{names:?}"
    );
    assert!(
        names.contains(&(json!("machine"), json!("cpu_percent"))) && names.len() == 3,
        "{names:?}"
    );
    stopped(&fixture, app.id).await;
}

#[tokio::test]
async fn what_does_not_run_has_no_reading_and_what_does_not_exist_is_told() {
    let fixture = open_fixture().await;
    let app = fixture.create("idle", "test-logs").await;
    let path = format!("/api/v1/telemetry/instances/{}", app.id);
    assert_eq!(get(&fixture, &path).await, Value::Null);
    for path in [
        "/api/v1/telemetry/instances/999",
        "/api/v1/telemetry/instances/999/history",
    ] {
        let answer = fixture.send(empty(request("GET", path))).await;
        assert_eq!(
            failure(answer).await,
            (StatusCode::NOT_FOUND, "unknown_instance".to_owned())
        );
    }
    let bad = fixture
        .send(empty(request("GET", "/api/v1/telemetry/history?range=-1")))
        .await;
    assert_eq!(
        failure(bad).await,
        (StatusCode::BAD_REQUEST, "bad_query".to_owned())
    );
    let far = get(
        &fixture,
        "/api/v1/telemetry/history?range=4294967295&step=1&to=9000000000000000",
    )
    .await;
    assert!(far["steps"].as_u64().unwrap() <= 9000, "{far}");
}

#[tokio::test]
async fn a_tab_that_asks_gets_every_reading_as_a_binary_message() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let address = fixture.serve().await;
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let origin = format!("http://{address}");
    request.headers_mut().insert("origin", origin.parse().unwrap());
    let mut socket = tokio_tungstenite::connect_async(request).await.unwrap().0;
    socket.send(Message::text(r#"{"readings":true}"#)).await.unwrap();
    let two_readings = async {
        let mut last = 0;
        loop {
            if let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() {
                let Telegram::Readings(readings) = serde_json::from_slice(&bytes).unwrap() else {
                    continue;
                };
                let at = readings.machine.sample.at;
                if last > 0 && at > last {
                    return;
                }
                last = at;
            }
        }
    };
    timeout(DEADLINE, two_readings).await.unwrap();
}
