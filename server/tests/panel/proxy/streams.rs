//! What matters is when bytes come, and in which order.

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::{Behind, Client, body, exchange};
use crate::support::{DEADLINE, value};

#[tokio::test]
async fn a_client_that_waits_is_told_to_go_on() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    client
        .ask(
            "POST echo",
            "Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n",
        )
        .await;
    client.until("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.write("hello").await;
    let echo: Value = serde_json::from_str(body(&client.rest().await)).unwrap();
    assert_eq!(echo["bytes"], 5);
    behind.stop().await;
}

#[tokio::test]
async fn headers_after_a_body_pass_both_ways() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    client
        .ask("GET trailers", "TE: trailers\r\nConnection: TE\r\n")
        .await;
    let answer = client.until("0\r\nx-sum: 42\r\n\r\n").await;
    assert!(answer.contains("trailer: X-Sum"), "{answer}");
    // Without a wish for them they are left out, and the body is whole.
    let answer = exchange(address, "GET trailers", "").await;
    assert!(answer.ends_with("5\r\nhello\r\n0\r\n\r\n"), "{answer}");
    let mut client = Client::connect(address).await;
    client
        .ask("POST echo", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n")
        .await;
    client.write("5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n").await;
    let answer = client.rest().await;
    assert!(answer.contains(r#""trailers": ["x-sum: 42"]"#), "{answer}");
    behind.stop().await;
}

#[tokio::test]
async fn an_answer_may_come_before_the_body_was_read() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    client.ask("POST early", "Content-Length: 1000000\r\n").await;
    client.write([b'x'; 1000]).await;
    client.until("too large").await;
    behind.get("release").await;
    behind.stop().await;
}

#[tokio::test]
async fn a_connection_that_the_app_ended_is_not_used_again() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    for turn in 0..20 {
        let closed = value(behind.get("state").await).await["closed"].as_u64();
        client.ask("GET once", "").await;
        client.until("once").await;
        // In this moment the end is known to the kernel, and to nobody else.
        let ended = async { while value(behind.get("state").await).await["closed"].as_u64() == closed {} };
        timeout(DEADLINE, ended).await.unwrap();
        // A request that must not be sent twice.
        client.ask("POST echo", "Content-Length: 2\r\n").await;
        client.write("hi").await;
        let answer = client.until("\"trailers\": []}").await;
        assert!(answer.contains("HTTP/1.1 200 "), "turn {turn}: {answer}");
    }
    behind.stop().await;
}

#[tokio::test]
async fn requests_that_are_sent_ahead_are_answered_in_order() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    let one = |path: &str| format!("GET /instance/my-app/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client
        .write(one("echo?first") + &one("hints") + &one("echo?third"))
        .await;
    client.until("echo?first").await;
    client.until("after hints").await;
    client.until("echo?third").await;
    behind.stop().await;
}

#[tokio::test]
async fn an_upload_waits_for_an_app_that_reads_slowly() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    let size = 50_000_000;
    client
        .ask(
            "POST slow",
            &format!("Content-Length: {size}\r\nConnection: close\r\n"),
        )
        .await;
    let mut stuck = 0;
    let piece = vec![b'x'; 64 * 1024];
    // The buffers in between fill up; then nothing more is taken.
    while let Ok(taken) = client
        .stream
        .try_write(&piece)
        .or_else(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => Ok(0),
            _ => Err(error),
        })
    {
        stuck += taken;
        let writable = tokio::time::timeout(std::time::Duration::from_secs(1), client.stream.writable());
        if taken == 0 && writable.await.is_err() {
            break;
        }
    }
    assert!(stuck < size, "an upload of {stuck} bytes lies in memory");
    behind.get("release").await;
    let mut left = size - stuck;
    while left > 0 {
        let end = left.min(piece.len());
        client.stream.write_all(&piece[..end]).await.unwrap();
        left -= end;
    }
    assert_eq!(body(&client.rest().await), size.to_string());
    behind.stop().await;
}

#[tokio::test]
async fn an_app_waits_for_a_client_that_reads_slowly() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    let size = 60_000_000_u64;
    client
        .ask(&format!("GET large?bytes={size}"), "Connection: close\r\n")
        .await;
    client.until("\r\n\r\n").await;
    // Nothing is read until the app cannot send any more.
    let mut before = size;
    let settled = async {
        loop {
            let left = value(behind.get("state").await).await["downloaded"]
                .as_u64()
                .unwrap();
            if left == before && left > 0 && left < size {
                return left;
            }
            before = left;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    };
    let left = tokio::time::timeout(crate::support::DEADLINE, settled)
        .await
        .unwrap();
    assert!(left > size / 2, "{} bytes lie in memory", size - left);
    assert_eq!(client.rest().await.len() as u64, size);
    behind.stop().await;
}

#[tokio::test]
async fn events_arrive_one_by_one() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    client.ask("GET events", "Accept: text/event-stream\r\n").await;
    assert!(client.until("data: one\n\n").await.contains("text/event-stream"));
    behind.get("release").await;
    client.until("data: two\n\n").await;
    behind.stop().await;
}

#[tokio::test]
async fn events_end_with_the_panel_not_before() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    client.ask("GET events", "").await;
    client.until("data: one\n\n").await;
    behind.fixture.panel.shutdown.cancel();
    let rest = client.rest().await;
    assert!(!rest.contains("data: two"), "{rest}");
    behind.get("release").await;
    behind.stop().await;
}
