//! Activate, conflict, takeover, deactivate, and the links that go with them.

use serde_json::json;
use types::instances::{InstanceChange, InstanceId, PublicAccess, Status};

use super::{LONG, Ports};
use crate::support::{empty, request, until};

#[tokio::test]
async fn the_second_instance_on_a_port_asks_before_it_takes_it_and_no_app_notices() {
    let mut ports = Ports::open(LONG).await;
    let first = ports.start("First", "ports", PublicAccess::Open).await;
    let second = ports.start("Second", "ports", PublicAccess::Open).await;
    let pids = (ports.row(first).await.pid, ports.row(second).await.pid);
    assert!(ports.refuses().await, "nobody asked for the port yet");

    let (status, answer) = ports.activate(first, "").await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)));
    assert_eq!(
        (
            &answer["instance"]["port_active"],
            &answer["instance"]["forward_up"]
        ),
        (&json!(true), &json!(true))
    );
    assert_eq!(ports.connect().await.who().await, "First");

    let (status, conflict) = ports.activate(second, "false").await;
    assert_eq!(status, 200);
    assert_eq!(conflict["success"], false);
    assert_eq!(conflict["conflict"], true);
    assert_eq!(conflict["conflicting_instance_name"], "First");
    assert!(conflict["message"].as_str().unwrap().contains("First"));
    assert_eq!(ports.connect().await.who().await, "First");
    assert!(!ports.row(second).await.port_active);

    let mut old = ports.connect().await;
    assert_eq!(old.who().await, "First");
    ports.take(second).await;
    assert_eq!(ports.connect().await.who().await, "Second");
    assert_eq!(old.who().await, "First", "what was begun may end in its own time");
    let (one, two) = (ports.row(first).await, ports.row(second).await);
    assert_eq!((one.port_active, one.forward_up), (false, false));
    assert!(one.forward_reason.contains("Second"), "{}", one.forward_reason);
    assert_eq!((two.port_active, two.forward_up), (true, true));
    assert_eq!((one.pid, two.pid), pids);

    let answer = ports.deactivate(second).await;
    assert_eq!(answer["instance"]["port_active"], false);
    assert!(ports.refuses().await);
    assert_eq!(ports.row(second).await.status, Status::Started);
    ports.stop().await;
}

#[tokio::test]
async fn a_port_is_activated_for_a_started_instance_with_a_port_of_the_range() {
    let mut ports = Ports::open(LONG).await;
    let resting = ports.fixture.create("Resting", "ports").await.id;
    let (status, answer) = ports.activate(resting, "true").await;
    assert_eq!((status, &answer["code"]), (400, &json!("not_started")));
    let id = ports.start("App", "ports", PublicAccess::Open).await;
    let change = |port| InstanceChange {
        public_port: Some(port),
        ..InstanceChange::default()
    };
    let instances = &ports.fixture.engine.instances;
    instances.update(id, change(None), false).await.unwrap();
    let (status, answer) = ports.activate(id, "").await;
    assert_eq!((status, &answer["code"]), (400, &json!("no_public_port")));
    let outside = instances.update(id, change(Some(ports.port - 1)), false).await;
    assert!(
        matches!(outside, Err(engine::Error::PortOutOfRange { .. })),
        "{outside:?}"
    );
    assert_eq!(ports.activate(InstanceId(99), "").await.0, 404);
    assert_eq!(ports.activate(id, "maybe").await.0, 400);
    ports.stop().await;
}

#[tokio::test]
async fn a_program_that_is_none_of_ours_is_named_with_its_pid() {
    let mut ports = Ports::open(LONG).await;
    let id = ports.start("App", "ports", PublicAccess::Open).await;
    let foreign = std::net::TcpListener::bind(("127.0.0.1", ports.port)).unwrap();
    let (status, answer) = ports.activate(id, "true").await;
    assert_eq!((status, &answer["code"]), (409, &json!("port_taken")));
    let own = format!("({})", std::process::id());
    assert!(answer["message"].as_str().unwrap().contains(&own), "{answer}");
    assert!(!ports.row(id).await.port_active);
    // The same when a port is chosen.
    let instances = &ports.fixture.engine.instances;
    let new = types::instances::NewInstance {
        name: "Other".to_owned(),
        base_blueprint: "ports".to_owned(),
        public_port: Some(ports.port),
        ..Default::default()
    };
    let refused = instances.create(new.clone()).await;
    assert!(
        matches!(&refused, Err(engine::Error::PortTaken { holder, .. }) if holder.contains(&own)),
        "{refused:?}"
    );
    drop(foreign);
    assert!(instances.create(new).await.is_ok());
    ports.take(id).await;
    assert_eq!(ports.connect().await.who().await, "App");
    ports.stop().await;
}

#[tokio::test]
async fn a_port_follows_what_is_saved() {
    let mut ports = Ports::open(LONG).await;
    let id = ports.start("App", "ports", PublicAccess::Open).await;
    ports.take(id).await;
    let (old, new) = (ports.port, ports.port + 1);
    let change = InstanceChange {
        public_port: Some(Some(new)),
        ..InstanceChange::default()
    };
    let instances = ports.fixture.engine.instances.clone();
    instances.update(id, change, false).await.unwrap();
    ports
        .until(id, |row| row.public_port == Some(new) && row.forward_up)
        .await;
    ports.port = new;
    let named = async || tokio::net::TcpStream::connect(("127.0.0.1", new)).await.is_ok();
    assert!(named().await);
    let mut bus = ports.fixture.engine.events.subscribe();
    while tokio::net::TcpStream::connect(("127.0.0.1", old)).await.is_ok() {
        let _ = bus.recv().await;
    }
    instances.stop(id).await.unwrap();
    until(&ports.fixture, id, Status::Stopped).await;
    let row = ports.until(id, |row| !row.forward_up).await;
    assert!(row.port_active, "what is wanted outlives the run");
    assert!(ports.refuses().await);
    ports.stop().await;
}

#[tokio::test]
async fn the_panel_s_pages_may_show_apps_on_ports_and_sub_domains() {
    let ports = Ports::open(LONG).await;
    let asked = request("GET", "/").header("accept", "text/html");
    let page = ports.fixture.send(empty(asked)).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    let frames = "frame-src 'self' http://localhost:* http://*.localhost:* https://localhost:*";
    assert!(policy.contains(frames), "{policy}");
    ports.stop().await;
}

#[tokio::test]
async fn the_link_changes_with_the_pattern_at_once() {
    let mut ports = Ports::open(LONG).await;
    let id = ports.start("My app", "ports", PublicAccess::Login).await;
    let (panel, port) = ("panel.example:9000", ports.port);
    let (_, down) = ports.set_pattern(id, panel, "port").await;
    assert_eq!(down["open_url"], "http://panel.example:9000/instance/my-app/");
    ports.take(id).await;
    for (host, pattern, link) in [
        (panel, "port", format!("http://panel.example:{port}")),
        (panel, "subdomain", "http://my-app.panel.example:9000".to_owned()),
        (panel, "path", format!("http://{panel}/instance/my-app/")),
        ("127.0.0.1:9000", "subdomain", format!("http://127.0.0.1:{port}")),
        (
            "localhost:9000",
            "subdomain",
            "http://my-app.localhost:9000".to_owned(),
        ),
        ("[::1]:9000", "port", format!("http://[::1]:{port}")),
    ] {
        let (status, row) = ports.set_pattern(id, host, pattern).await;
        assert_eq!(
            (status, row["open_url"].as_str()),
            (200, Some(link.as_str())),
            "{pattern}"
        );
    }
    let (status, answer) = ports.set_pattern(id, panel, "tunnel").await;
    assert_eq!((status, &answer["code"]), (400, &json!("unknown_access_pattern")));
    ports.stop().await;
}
