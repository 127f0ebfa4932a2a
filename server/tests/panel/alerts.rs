//! Alerts: rules over REST, what they find, and who is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::time::timeout;
use types::alerts::{Alert, AlertPhase};
use types::instances::Status;

use crate::support::{
    DEADLINE, Fixture, empty, failure, json as with_json, open_fixture, request, text, until, value,
};
use crate::telemetry::Nvml;

async fn ask(fixture: &Fixture, method: &str, path: &str, body: Value) -> Value {
    let answer = fixture
        .send(with_json(request(method, path), body.to_string()))
        .await;
    assert!(
        answer.status().is_success(),
        "{method} {path}: {}",
        text(answer).await
    );
    value(answer).await
}

async fn get(fixture: &Fixture, path: &str) -> Value {
    value(fixture.send(empty(request("GET", path))).await).await
}

/// The next news of a subject.
async fn news(alerts: &mut broadcast::Receiver<Alert>, subject: &str) -> Alert {
    let next = async {
        loop {
            let alert = alerts.recv().await.unwrap();
            if alert.subject == subject {
                return alert;
            }
        }
    };
    timeout(DEADLINE, next).await.unwrap()
}

/// Somebody who is told: answers with the statuses in turn, the last one for ever.
struct Listener {
    url: String,
    heard: Heard,
}

type Heard = Arc<Mutex<Vec<(String, String)>>>;

async fn hear(
    State((heard, statuses)): State<(Heard, Vec<StatusCode>)>,
    uri: Uri,
    body: Bytes,
) -> StatusCode {
    let mut heard = heard.lock().unwrap();
    heard.push((uri.to_string(), String::from_utf8(body.to_vec()).unwrap()));
    statuses[(heard.len() - 1).min(statuses.len() - 1)]
}

impl Listener {
    async fn new(statuses: &[u16]) -> Self {
        let heard = Heard::default();
        let statuses: Vec<StatusCode> = statuses
            .iter()
            .map(|code| StatusCode::from_u16(*code).unwrap())
            .collect();
        let routes = Router::new()
            .route("/{*path}", post(hear))
            .with_state((Arc::clone(&heard), statuses));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook/s3cret", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, heard }
    }

    async fn heard(&self, count: usize) -> Vec<(String, String)> {
        let waiting = async {
            loop {
                let heard = self.heard.lock().unwrap().clone();
                if heard.len() >= count {
                    return heard;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(DEADLINE, waiting).await.unwrap()
    }
}

#[tokio::test]
async fn a_crash_is_told_at_once_to_a_webhook_and_is_over_when_the_instance_runs_again() {
    let fixture = open_fixture().await;
    let listener = Listener::new(&[503, 200]).await;
    let hook = json!({"name": "me", "kind": "json", "url": listener.url, "enabled": true});
    let hook = ask(&fixture, "POST", "/api/v1/alerts/webhooks", hook).await;
    assert!(!hook.to_string().contains("s3cret"), "{hook}");
    tokio::spawn(server::follow_alerts(fixture.panel.clone()));
    let mut alerts = fixture.engine.alerts.subscribe();
    let app = fixture.create("app", "test-logs").await;
    let subject = format!("instance:{}", app.id);
    fixture.engine.instances.start(app.id).await.unwrap();
    until(&fixture, app.id, Status::Started).await;
    let pid = fixture.engine.instances.get(app.id).await.unwrap().pid.unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    let alert = news(&mut alerts, &subject).await;
    assert_eq!(
        (alert.phase, alert.rule.as_str()),
        (AlertPhase::Firing, "An instance crashed")
    );
    assert!(
        alert
            .message
            .starts_with("“app” was ended by SIGKILL, not by AiKore."),
        "{}",
        alert.message
    );
    let told = listener.heard(2).await;
    assert_eq!(told[0], told[1], "what was not taken is sent again");
    let body: Value = serde_json::from_str(&told[1].1).unwrap();
    assert_eq!(body["alert"]["id"], json!(alert.id));
    fixture.engine.instances.start(app.id).await.unwrap();
    let over = news(&mut alerts, &subject).await;
    assert_eq!((over.phase, over.id), (AlertPhase::Resolved, alert.id));
    let list = get(&fixture, "/api/v1/alerts/").await;
    assert_eq!(list[0]["phase"], "resolved");
    assert!(list[0]["ended_at"].as_i64() >= list[0]["began_at"].as_i64());
    listener.heard(3).await;
    until(&fixture, app.id, Status::Started).await;
    fixture.engine.instances.stop(app.id).await.unwrap();
    until(&fixture, app.id, Status::Stopped).await;
}

#[tokio::test]
async fn what_happened_to_an_instance_is_over_when_that_is_deleted() {
    let fixture = open_fixture().await;
    let mut alerts = fixture.engine.alerts.subscribe();
    let script = "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.ready = process\n### AIKORE-METADATA-END ###\nexit 3\n";
    std::fs::write(fixture.data_dir().join("blueprints/short.sh"), script).unwrap();
    let app = fixture.create("app", "short").await;
    let subject = format!("instance:{}", app.id);
    fixture.engine.instances.start(app.id).await.unwrap();
    assert_eq!(news(&mut alerts, &subject).await.phase, AlertPhase::Firing);
    assert_eq!(fixture.engine.alerts.firing().len(), 1);
    let mode = types::instances::DeleteMode::Trash;
    fixture.engine.instances.delete(app.id, mode, None).await.unwrap();
    assert_eq!(news(&mut alerts, &subject).await.phase, AlertPhase::Resolved);
    assert!(fixture.engine.alerts.firing().is_empty());
}

#[tokio::test]
async fn a_hot_gpu_fires_while_it_is_hot_and_a_silent_rule_tells_nobody() {
    let nvml = Nvml::new("hot 1 80 0\n");
    let fixture = nvml.fixture().await;
    let _watching = fixture.engine.telemetry.watch();
    let mut alerts = fixture.engine.alerts.subscribe();
    let rule = json!({"name": "Warm", "condition": {"kind": "above", "metric": "temperature", "threshold": 70},
        "subject": "gpu:GPU-stub-1", "enabled": true});
    let rule = ask(&fixture, "POST", "/api/v1/alerts/rules", rule).await;
    let alert = news(&mut alerts, "gpu:GPU-stub-1").await;
    assert_eq!((alert.rule.as_str(), alert.silenced), ("Warm", false));
    assert!(
        alert.message.ends_with("temperature is 80 °C, above 70 °C."),
        "{}",
        alert.message
    );
    let path = format!("/api/v1/alerts/rules/{}/silence", rule["id"]);
    ask(&fixture, "POST", &path, json!({"seconds": 600})).await;
    nvml.says("");
    let over = news(&mut alerts, "gpu:GPU-stub-1").await;
    assert_eq!((over.phase, over.silenced), (AlertPhase::Resolved, true));
}

#[tokio::test]
async fn rules_and_webhooks_are_checked_changed_and_deleted() {
    let fixture = open_fixture().await;
    let rules = get(&fixture, "/api/v1/alerts/rules").await;
    assert_eq!(
        rules.as_array().unwrap().len(),
        4,
        "what everybody wants to know is there from the beginning"
    );
    let mut rule = rules[2].clone();
    rule["enabled"] = json!(false);
    let path = format!("/api/v1/alerts/rules/{}", rule["id"]);
    assert_eq!(ask(&fixture, "PUT", &path, rule.clone()).await["enabled"], false);
    let hook = json!({"name": "me", "kind": "ntfy", "url": "https://ntfy.sh/secret-topic", "enabled": true});
    let shown = ask(&fixture, "POST", "/api/v1/alerts/webhooks", hook.clone()).await;
    assert_eq!(shown["url"], "https://ntfy.sh/…");
    let own = format!("/api/v1/alerts/webhooks/{}", shown["id"]);
    let mut renamed = shown.clone();
    renamed["name"] = json!("you");
    ask(&fixture, "PUT", &own, renamed).await;
    let kept = fixture.engine.alerts.webhooks().await.unwrap();
    assert_eq!(
        (kept[0].name.as_str(), kept[0].url.as_str()),
        ("you", "https://ntfy.sh/secret-topic")
    );
    for (method, path, body, code) in [
        (
            "POST",
            "/api/v1/alerts/rules",
            json!({"name": " ", "condition": {"kind": "crashed"}, "enabled": true}),
            "invalid_field",
        ),
        (
            "POST",
            "/api/v1/alerts/rules",
            json!({"name": "x", "condition": {"kind": "above", "metric": "mood", "threshold": 1}, "enabled": true}),
            "invalid_field",
        ),
        (
            "POST",
            "/api/v1/alerts/rules",
            json!({"name": "x", "condition": {"kind": "above", "metric": "temperature", "threshold": 1},
                "subject": "machine", "enabled": true}),
            "invalid_field",
        ),
        (
            "POST",
            "/api/v1/alerts/rules",
            json!({"name": "x", "condition": {"kind": "crashed"}, "subject": "gpu:A", "enabled": true}),
            "invalid_field",
        ),
        (
            "POST",
            &format!("/api/v1/alerts/rules/{}/silence", rules[0]["id"]),
            json!({"until_over": true}),
            "invalid_field",
        ),
        (
            "POST",
            "/api/v1/alerts/webhooks",
            json!({"name": "x", "url": "file:///etc/passwd", "enabled": true}),
            "invalid_field",
        ),
        (
            "POST",
            "/api/v1/alerts/webhooks",
            json!({"name": "x", "url": "http://a:b@host/", "enabled": true}),
            "invalid_field",
        ),
    ] {
        let answer = fixture
            .send(with_json(request(method, path), body.to_string()))
            .await;
        assert_eq!(
            failure(answer).await,
            (StatusCode::UNPROCESSABLE_ENTITY, code.to_owned()),
            "{path} {body}"
        );
    }
    for path in [path, own] {
        let gone = fixture.send(empty(request("DELETE", &path))).await;
        assert_eq!(gone.status(), StatusCode::NO_CONTENT);
        let again = fixture.send(empty(request("DELETE", &path))).await;
        assert_eq!(again.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_webhook_is_tried_and_what_became_of_it_is_told_without_its_address() {
    let fixture = open_fixture().await;
    let listener = Listener::new(&[204, 404]).await;
    let hook = json!({"name": "me", "kind": "discord", "url": listener.url, "enabled": false});
    let hook = ask(&fixture, "POST", "/api/v1/alerts/webhooks", hook).await;
    let path = format!("/api/v1/alerts/webhooks/{}/test", hook["id"]);
    assert_eq!(ask(&fixture, "POST", &path, json!({})).await["delivered"], true);
    let refused = ask(&fixture, "POST", &path, json!({})).await;
    assert_eq!(
        (&refused["delivered"], &refused["message"]),
        (&json!(false), &json!("It answered 404."))
    );
    assert_eq!(
        listener.heard.lock().unwrap().len(),
        2,
        "a lasting refusal is not tried again"
    );
    let shown = get(&fixture, "/api/v1/alerts/webhooks").await;
    assert_eq!(shown[0]["last"]["message"], "It answered 404.");
    let closed = json!({"name": "gone", "url": "http://127.0.0.1:1/s3cret", "enabled": false});
    let closed = ask(&fixture, "POST", "/api/v1/alerts/webhooks", closed).await;
    let path = format!("/api/v1/alerts/webhooks/{}/test", closed["id"]);
    let told = ask(&fixture, "POST", &path, json!({})).await;
    assert!(
        told["message"]
            .as_str()
            .unwrap()
            .starts_with("It cannot be reached"),
        "{told}"
    );
    assert!(!told.to_string().contains("s3cret"));
}
