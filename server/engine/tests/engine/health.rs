//! Ready, late, alive, unwell, and a port that somebody else took: with real listeners.

use std::time::Duration;

use socket2::{Domain, Socket, Type};
use types::instances::{Health, NewInstance, Status};

use crate::panel::{LIMIT, Panel, SERVER, create, is_alive, killed_panel, open, until};

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
async fn a_stalled_app_is_adopted_as_it_is_and_may_still_become_ready() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let stalled = killed_panel(data.path(), async move |engine| {
        let metadata = "ready = http; start_timeout = 1";
        let body = format!("until [ -e go ]; do sleep 0.05; done; {SERVER}");
        let id = create(&engine, &path, metadata, &body, NewInstance::default()).await;
        engine.instances.start(id).await.unwrap();
        let row = until(&engine, id, |row| row.status == Status::Stalled).await;
        // Shown before it is stored: the panel must not go before the store has it.
        let stored = async {
            while !is_stored(&path, "stalled").await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, stored).await.unwrap();
        row
    })
    .await;
    let engine = open(data.path()).await;
    let now = until(&engine, stalled.id, |row| row.pid.is_some()).await;
    assert_eq!(
        (now.status, now.pid, now.run),
        (Status::Stalled, stalled.pid, stalled.run)
    );
    let dir = data.path().join("instances").join(&now.dir);
    std::fs::write(dir.join("go"), "").unwrap();
    let now = until(&engine, stalled.id, |row| row.status == Status::Started).await;
    assert_eq!(now.pid, stalled.pid);
    engine.instances.stop(now.id).await.unwrap();
    until(&engine, now.id, |row| row.status == Status::Stopped).await;
    assert!(!is_alive(now.pid.unwrap()));
    engine.shutdown(false).await;
}

/// Whether a run in the database has this state.
async fn is_stored(data: &std::path::Path, state: &str) -> bool {
    use sea_orm::ConnectionTrait;
    let url = format!("sqlite://{}?mode=ro", data.join("aikore.db").display());
    let db = sea_orm::Database::connect(url).await.unwrap();
    let found = db
        .query_one_raw(sea_orm::Statement::from_string(
            db.get_database_backend(),
            format!("SELECT 1 FROM runs WHERE state = '{state}'"),
        ))
        .await
        .unwrap();
    db.close().await.unwrap();
    found.is_some()
}
