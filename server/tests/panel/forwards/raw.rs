//! Open ports: bytes, both ways, exactly.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use types::instances::{InstanceChange, PublicAccess};

use super::{LONG, Ports, Talk, exchange};
use crate::support::DEADLINE;

/// Connections made while the port changes hands; more by the environment.
fn load() -> usize {
    std::env::var("TAKEOVER_CONNECTIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3000)
}

const CLIENTS: usize = 8;

#[tokio::test]
async fn every_byte_arrives_and_the_end_of_one_direction_is_not_that_of_the_other() {
    let mut ports = Ports::open(LONG).await;
    let id = ports.start("App", "ports", PublicAccess::Open).await;
    ports.take(id).await;
    let sent: Vec<u8> = (0..8_000_000_u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    for address in ["127.0.0.1", "::1"] {
        let address = SocketAddr::new(address.parse().unwrap(), ports.port);
        let stream = Talk::to(address).await.stream;
        let (mut read, mut write) = stream.into_split();
        let bytes = sent.clone();
        let writing = tokio::spawn(async move {
            write.write_all(b"echo\n").await.unwrap();
            write.write_all(&bytes).await.unwrap();
            write.shutdown().await.unwrap();
        });
        let mut back = Vec::new();
        timeout(DEADLINE, read.read_to_end(&mut back))
            .await
            .unwrap()
            .unwrap();
        writing.await.unwrap();
        assert_eq!(back.len(), sent.len() + 3, "{address}");
        assert!(
            back.strip_suffix(b"end") == Some(&sent),
            "{address}: other bytes came back"
        );
    }
    ports.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_is_refused_or_reset_while_an_open_port_changes_hands() {
    change_hands(PublicAccess::Open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_is_refused_or_reset_while_a_port_with_a_login_changes_hands() {
    change_hands(PublicAccess::Login).await;
}

/// The app at the other end of a new connection.
async fn ask(address: SocketAddr, access: PublicAccess) -> String {
    if access == PublicAccess::Open {
        return Talk::to(address).await.who().await;
    }
    let answer = exchange(address, "GET /", "", "").await;
    answer.split("\r\n\r\n").nth(1).unwrap_or(&answer).to_owned()
}

async fn change_hands(access: PublicAccess) {
    let mut ports = Ports::open(LONG).await;
    let one = ports.start("One", "ports", access).await;
    let two = ports.start("Two", "ports", access).await;
    ports.take(one).await;
    let address = SocketAddr::from(([127, 0, 0, 1], ports.port));
    let total = load();
    let (done, progress) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (done, progress) = (done.clone(), progress.clone());
            tokio::spawn(async move {
                let mut seen = [0_usize; 2];
                while done.fetch_add(1, Ordering::Relaxed) < total {
                    match ask(address, access).await.as_str() {
                        "One" => seen[0] += 1,
                        "Two" => seen[1] += 1,
                        other => panic!("{other:?}"),
                    }
                    progress.notify_one();
                }
                seen
            })
        })
        .collect();
    let mut takeovers = 0;
    // One that failed has finished too.
    let over = || clients.iter().any(JoinHandle::is_finished);
    while !over() {
        // Every ten connections, so that many are in the middle of it.
        let next = done.load(Ordering::Relaxed) + 10;
        while done.load(Ordering::Relaxed) < next && !over() {
            let _ = timeout(Duration::from_secs(1), progress.notified()).await;
        }
        ports.take(if takeovers % 2 == 0 { two } else { one }).await;
        takeovers += 1;
    }
    let mut seen = [0; 2];
    for client in clients {
        // A refused or reset connection is a panic of its client.
        let by_app = timeout(DEADLINE, client).await.unwrap().unwrap();
        seen = [seen[0] + by_app[0], seen[1] + by_app[1]];
    }
    eprintln!("{total} connections, {takeovers} takeovers, {seen:?} by app");
    assert_eq!(seen[0] + seen[1], total);
    assert!(
        seen[0] > 0 && seen[1] > 0 && takeovers > 1,
        "{seen:?} {takeovers}"
    );
    ports.stop().await;
}

#[tokio::test]
async fn connections_of_the_old_instance_are_cut_after_their_time() {
    let mut ports = Ports::open(Duration::from_millis(50)).await;
    let one = ports.start("One", "ports", PublicAccess::Open).await;
    let two = ports.start("Two", "ports", PublicAccess::Open).await;
    ports.take(one).await;
    let mut old = ports.connect().await;
    assert_eq!(old.who().await, "One");
    ports.take(two).await;
    assert_eq!(old.rest().await, b"");
    let mut new = ports.connect().await;
    assert_eq!(new.who().await, "Two");
    ports.deactivate(two).await;
    assert_eq!(new.rest().await, b"");
    ports.stop().await;
}

#[tokio::test]
async fn a_port_that_asks_for_a_login_again_lets_nobody_stay() {
    let mut ports = Ports::with(false, Duration::from_millis(50)).await;
    let id = ports.start("App", "ports", PublicAccess::Open).await;
    ports.take(id).await;
    let mut inside = ports.connect().await;
    assert_eq!(inside.who().await, "App");
    let change = InstanceChange {
        public_access: Some(PublicAccess::Login),
        ..InstanceChange::default()
    };
    let instances = &ports.fixture.engine.instances;
    instances.update(id, change, false).await.unwrap();
    assert_eq!(inside.rest().await, b"");
    let mut outside = ports.connect().await;
    outside.say("who\n").await;
    let answer = String::from_utf8(outside.rest().await).unwrap();
    assert!(!answer.contains("App"), "{answer}");
    ports.stop().await;
}
