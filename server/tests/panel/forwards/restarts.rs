//! What is wanted outlives the run and the panel.

use std::process::Stdio;

use serde_json::Value;
use types::instances::{PublicAccess, Status};

use super::{LONG, Ports, range, write_blueprints};
use crate::running::{Running, anonymous, until as wait_for};
use crate::support::until;

#[tokio::test]
async fn a_port_opens_again_with_its_instance_unless_another_has_it() {
    let mut ports = Ports::open(LONG).await;
    let one = ports.start("One", "ports", PublicAccess::Open).await;
    let two = ports.start("Two", "ports", PublicAccess::Open).await;
    let instances = ports.fixture.engine.instances.clone();
    ports.take(one).await;
    instances.restart(one).await.unwrap();
    ports.until(one, |row| row.run == 2 && row.forward_up).await;
    assert_eq!(ports.connect().await.who().await, "One");

    // While it does not run, the port is free for another, and stays that one's.
    instances.stop(one).await.unwrap();
    until(&ports.fixture, one, Status::Stopped).await;
    ports.until(one, |row| !row.forward_up).await;
    let (_, answer) = ports.activate(two, "false").await;
    assert_eq!(answer["success"], true, "{answer}");
    instances.start(one).await.unwrap();
    let row = ports
        .until(one, |row| {
            row.status == Status::Started && !row.forward_reason.is_empty()
        })
        .await;
    assert!(row.forward_reason.contains("Two"), "{}", row.forward_reason);
    assert!(!row.port_active && !row.forward_up);
    assert_eq!(ports.connect().await.who().await, "Two");
    ports.stop().await;
}

#[tokio::test]
async fn a_port_opens_by_itself_when_the_program_that_held_it_ends() {
    let mut ports = Ports::open(LONG).await;
    let id = ports.start("App", "ports", PublicAccess::Open).await;
    let instances = ports.fixture.engine.instances.clone();
    ports.take(id).await;
    instances.stop(id).await.unwrap();
    until(&ports.fixture, id, Status::Stopped).await;
    ports.until(id, |row| !row.forward_up).await;
    let foreign = std::net::TcpListener::bind(("127.0.0.1", ports.port)).unwrap();
    instances.start(id).await.unwrap();
    let row = ports
        .until(id, |row| {
            row.status == Status::Started && !row.forward_reason.is_empty()
        })
        .await;
    let own = format!("({})", std::process::id());
    assert!(row.forward_reason.contains(&own), "{}", row.forward_reason);
    assert!(row.port_active, "it is still wanted");
    drop(foreign);
    ports.until(id, |row| row.forward_up).await;
    assert_eq!(ports.connect().await.who().await, "App");
    ports.stop().await;
}

fn who(port: u16) -> Option<String> {
    use std::io::{BufRead as _, BufReader, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(b"who\n").ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    (!line.is_empty()).then(|| line.trim().to_owned())
}

/// Idle connections whose memory is measured, and what each may cost, kB.
const IDLE: u64 = 400;
const IDLE_COST: u64 = 6;

#[tokio::test]
async fn a_connection_that_waits_costs_a_few_kilobytes() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let dir = tempfile::tempdir().unwrap();
    write_blueprints(dir.path());
    let range = range();
    let options = ["--auth", "off", "--instance-port-range", &range.to_string()];
    let panel = Running::with(dir.path().to_str().unwrap(), &options, Stdio::null());
    let id = panel.launch("ports");
    panel.until(id, "started").await;
    let open = r#"{"public_access":"open"}"#;
    panel.request("PUT", &format!("/api/instances/{id}"), "", open);
    panel.verb(id, "activate");
    let talk = || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", range.first)).unwrap();
        stream.write_all(b"who\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream.try_clone().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ports\n");
        stream
    };
    // What is kept for the next ones is there already.
    drop((0..50).map(|_| talk()).collect::<Vec<_>>());
    let before = anonymous(&panel);
    let idle: Vec<_> = (0..IDLE).map(|_| talk()).collect();
    let each = anonymous(&panel).saturating_sub(before) / IDLE;
    assert!(each <= IDLE_COST, "{each} kB each");
    drop(idle);
    panel.verb(id, "stop");
    panel.until(id, "stopped").await;
    panel.end();
}

#[tokio::test]
async fn a_port_opens_again_with_a_panel_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    write_blueprints(dir.path());
    let range = range();
    let (ports, port) = (range.to_string(), range.first);
    let panel = || {
        let data = dir.path().to_str().unwrap();
        let options = ["--auth", "off", "--instance-port-range", &ports];
        Running::with(data, &options, Stdio::null())
    };
    let first = panel();
    let id = first.launch("ports");
    first.until(id, "started").await;
    let address = format!("/api/instances/{id}");
    let (status, _) = first.request("PUT", &address, "", r#"{"public_access":"open"}"#);
    assert!(status.starts_with("HTTP/1.1 200"), "{status}");
    assert_eq!(first.verb(id, "activate")["success"], true);
    assert_eq!(who(port).as_deref(), Some("ports"));
    let before: Value = first.get(&address);
    first.kill();
    assert_eq!(who(port), None);
    let second = panel();
    let name = wait_for("the port leads to the app again", || who(port)).await;
    assert_eq!(name, "ports");
    let after: Value = second.get(&address);
    assert_eq!(after["pid"], before["pid"]);
    assert_eq!(after["port_active"], true);
    second.verb(id, "stop");
    second.until(id, "stopped").await;
    second.end();
}
