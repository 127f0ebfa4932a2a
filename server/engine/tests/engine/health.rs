//! Ready, late, alive, unwell, and a port that somebody else took: with real listeners.

use std::time::Duration;

use socket2::{Domain, Socket, Type};
use types::instances::{Health, NewInstance, Status};

use crate::panel::{Panel, SERVER, is_alive};

/// Answers 503 as long as a file `unwell` lies beside it.
const MOODY: &str = r#"exec python3 -c '
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        unwell = os.path.exists("unwell")
        self.send_response(503 if unwell else 200)
        self.end_headers()
        print("unwell" if unwell else "well", flush=True)
    def log_message(self, *what):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["WEBUI_PORT"])), Handler).serve_forever()
'"#;

/// Listens without ever answering, on a port it shares with whoever asks the kernel for the same.
const LISTENER: &str = r#"exec python3 -c '
import os, socket, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind(("127.0.0.1", int(os.environ["WEBUI_PORT"])))
until = "go"
while not os.path.exists(until):
    time.sleep(0.05)
listener.listen()
time.sleep(300)
'"#;

#[tokio::test]
async fn three_failures_make_an_app_unhealthy_and_one_success_makes_it_well() {
    let panel = Panel::with(|config| config.probe_interval = Duration::from_millis(50)).await;
    let id = panel.create("ready = http", MOODY).await;
    let row = panel.start(id, Status::Started).await;
    panel.until(id, |row| row.health == Health::Healthy).await;
    let mark = panel.data.path().join("instances").join(&row.dir).join("unwell");
    std::fs::write(&mark, "").unwrap();
    let unwell = panel.until(id, |row| row.health == Health::Unhealthy).await;
    assert_eq!(unwell.status, Status::Started, "nobody ends it for that");
    let asked = panel.until_log(id, "unwell\nunwell\nunwell\n").await;
    assert!(asked.starts_with("well\n"), "{asked}");
    std::fs::remove_file(&mark).unwrap();
    let well = panel.until(id, |row| row.health == Health::Healthy).await;
    assert_eq!(
        (well.status, well.pid, well.run),
        (Status::Started, row.pid, row.run)
    );
    let row = panel.stop(id).await;
    assert_eq!(row.health, Health::Unknown);
}

#[tokio::test]
async fn fewer_failures_than_the_limit_leave_an_app_healthy() {
    let panel = Panel::with(|config| {
        config.probe_interval = Duration::from_millis(20);
        config.probe_failures = u32::MAX;
    })
    .await;
    let id = panel.create("ready = http", MOODY).await;
    let row = panel.start(id, Status::Started).await;
    panel.until(id, |row| row.health == Health::Healthy).await;
    let mark = panel.data.path().join("instances").join(&row.dir).join("unwell");
    std::fs::write(&mark, "").unwrap();
    panel.until_log(id, &"unwell\n".repeat(5)).await;
    let row = panel.engine.instances.get(id).await.unwrap();
    assert_eq!(row.health, Health::Healthy);
    panel.stop(id).await;
}

#[tokio::test]
async fn an_app_that_only_listens_is_ready_by_tcp_and_a_port_taken_by_another_is_named() {
    let panel = Panel::new().await;
    let id = panel.create("ready = tcp; start_timeout = 1", LISTENER).await;
    let row = panel.start(id, Status::Stalled).await;
    let port = row.internal_port.unwrap();
    assert!(
        row.status_reason.contains(&port.to_string()),
        "{}",
        row.status_reason
    );
    std::fs::write(panel.data.path().join("instances").join(&row.dir).join("go"), "").unwrap();
    let row = panel.until_status(id, Status::Started).await;
    panel.until(id, |row| row.health == Health::Healthy).await;

    // Somebody else listens on the same port; the end of the app does not close it.
    let squatter = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    squatter.set_reuse_port(true).unwrap();
    squatter
        .bind(&std::net::SocketAddr::from(([127, 0, 0, 1], port)).into())
        .unwrap();
    squatter.listen(8).unwrap();
    panel.engine.instances.stop(id).await.unwrap();
    let end = panel.until_status(id, Status::Error).await;
    assert!(!is_alive(row.pid.unwrap()));
    let named = format!("({})", std::process::id());
    assert!(
        end.status_reason.contains(&port.to_string()) && end.status_reason.contains(&named),
        "{}",
        end.status_reason
    );

    drop(squatter);
    let again = panel.start(id, Status::Started).await;
    assert_eq!(again.run, row.run + 1);
    panel.stop(id).await;
}

#[tokio::test]
async fn an_app_that_needs_longer_than_expected_is_stalled_and_then_started() {
    let panel = Panel::new().await;
    let body = format!("echo loading; sleep 4; {SERVER}");
    let id = panel.create("ready = http; start_timeout = 2", &body).await;
    let late = panel.start(id, Status::Stalled).await;
    assert!(late.status_reason.contains("after 2 s"), "{}", late.status_reason);
    let row = panel.until_status(id, Status::Started).await;
    assert_eq!((row.run, row.status_reason.as_str()), (late.run, ""));
    panel.stop(id).await;
}

#[tokio::test]
async fn an_app_that_answers_503_for_ever_is_stalled_and_not_hammered() {
    let panel = Panel::new().await;
    let new = NewInstance {
        env_vars: "CODE=503".to_owned(),
        ..NewInstance::default()
    };
    let id = panel
        .create_with("ready = http; start_timeout = 3", SERVER, new)
        .await;
    let row = panel.start(id, Status::Stalled).await;
    assert!(row.status_reason.contains("503"), "{}", row.status_reason);
    let asked = panel.log(id).await.matches("asked").count();
    assert!(asked < 15, "asked {asked} times");
    panel.stop(id).await;
}

#[tokio::test]
async fn an_app_that_listens_elsewhere_is_stalled_and_the_port_is_named() {
    let panel = Panel::new().await;
    let new = NewInstance {
        env_vars: "BESIDE=11000".to_owned(),
        ..NewInstance::default()
    };
    let id = panel
        .create_with("ready = http; start_timeout = 3", SERVER, new)
        .await;
    let row = panel.start(id, Status::Stalled).await;
    let port = row.internal_port.unwrap() + 11_000;
    assert!(
        row.status_reason.contains(&port.to_string()),
        "{}",
        row.status_reason
    );
    panel.stop(id).await;
}

#[tokio::test]
async fn a_stalled_app_may_still_become_ready() {
    let panel = Panel::new().await;
    let body = "echo loading; until [ -e go ]; do sleep 0.05; done; echo 'model loaded'; sleep 71";
    let id = panel
        .create("ready = log:model .*loaded; start_timeout = 1", body)
        .await;
    let row = panel.start(id, Status::Stalled).await;
    std::fs::write(panel.data.path().join("instances").join(&row.dir).join("go"), "").unwrap();
    panel.until_status(id, Status::Started).await;
    panel.stop(id).await;
}
