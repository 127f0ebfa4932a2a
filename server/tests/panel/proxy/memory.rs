//! What large bodies cost: time, but no memory.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::blueprint;
use crate::running::{Running, anonymous, until};

/// One gigabyte.
const SIZE: u64 = 1 << 30;

/// Allowed growth, kB.
const GROWTH: u64 = 24_000;

#[tokio::test]
async fn a_gigabyte_passes_both_ways_in_flat_memory() {
    let data = tempfile::tempdir().unwrap();
    let blueprints = data.path().join("blueprints");
    std::fs::create_dir_all(&blueprints).unwrap();
    std::fs::write(
        blueprints.join("conformance.sh"),
        blueprint("conformance", "strip"),
    )
    .unwrap();
    let options = ["--auth", "off", "--stop-instances-on-exit"];
    let running = Running::with(
        data.path().to_str().unwrap(),
        &options,
        std::process::Stdio::null(),
    );
    let made = r#"{"name":"My app","base_blueprint":"conformance"}"#;
    assert_eq!(
        running.request("POST", "/api/instances/", "", made).0,
        "HTTP/1.1 201 Created"
    );
    running.request("POST", "/api/instances/1/start", "", "");
    until("the app is started", || {
        let (_, row) = running.request("GET", "/api/instances/1", "", "");
        row.contains(r#""status":"started""#).then_some(())
    })
    .await;
    let before = anonymous(&running);
    let most = |running: &Running, most: u64| most.max(anonymous(running));
    let mut peak = before;
    let mut piece = vec![b'x'; 1 << 20];
    let mut stream = TcpStream::connect(running.address()).unwrap();
    write!(
        stream,
        "POST /instance/my-app/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {SIZE}\r\n\r\n"
    )
    .unwrap();
    for _ in 0..SIZE / piece.len() as u64 {
        stream.write_all(&piece).unwrap();
        peak = most(&running, peak);
    }
    let mut answer = [0; 4096];
    let read = stream.read(&mut answer).unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 200 "));
    let mut stream = TcpStream::connect(running.address()).unwrap();
    write!(
        stream,
        "GET /instance/my-app/large?bytes={SIZE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut left = SIZE;
    loop {
        let read = stream.read(&mut piece).unwrap() as u64;
        if read == 0 {
            break;
        }
        left = left.saturating_sub(read);
        peak = most(&running, peak);
    }
    assert_eq!(left, 0);
    assert!(peak < before + GROWTH, "{before} kB before, {peak} kB at most");
    assert_eq!(running.end(), Some(0));
}
