//! Unusual but legal HTTP, case by case, byte for byte.

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::{Behind, Client, body, exchange};
use crate::support::{DEADLINE, value};

#[tokio::test]
async fn encoded_bodies_stay_as_they_are() {
    let (behind, address) = Behind::conformance().await;
    for (case, beginning) in [("gzip", &b"\x1f\x8b"[..]), ("brotli", &b"\x1b\xbb"[..])] {
        let answer = behind.get(case).await;
        let coding = if case == "gzip" { "gzip" } else { "br" };
        assert_eq!(answer.headers()["content-encoding"], coding);
        let body = crate::support::bytes(answer).await;
        assert!(body.starts_with(beginning), "{case}: {body:?}");
    }
    let plain = exchange(address, "GET gzip", "").await;
    assert!(!plain.contains("chunked"), "its length was known: {plain}");
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

#[tokio::test]
async fn redirects_lead_where_the_browser_can_go() {
    let (behind, address) = Behind::conformance().await;
    for (to, expected) in [
        ("next", "next"),
        ("?page=2", "?page=2"),
        ("/login?x=1", "/instance/my-app/login?x=1"),
        ("http://localhost/a", "/instance/my-app/a"),
        ("http://127.0.0.1:PORT/a", "/instance/my-app/a"),
        ("http://LOCALHOST:PORT", "/instance/my-app/"),
        ("https://elsewhere.example/a", "https://elsewhere.example/a"),
        ("//elsewhere.example/a", "//elsewhere.example/a"),
        (
            "http://localhost.evil.example/a",
            "http://localhost.evil.example/a",
        ),
    ] {
        let to = to.replace('?', "%3F").replace('=', "%3D");
        let answer = exchange(address, &format!("GET redirect?to={to}"), "").await;
        let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
        assert_eq!(location, Some(expected), "{answer}");
    }
    behind.stop().await;
}

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
async fn a_part_is_a_part() {
    let (behind, address) = Behind::conformance().await;
    let answer = exchange(address, "GET range", "Range: bytes=7-12\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 206 "), "{answer}");
    assert!(answer.contains("content-range: bytes 7-12/700"), "{answer}");
    assert_eq!(body(&answer), "brotli");
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
async fn of_two_lengths_in_an_answer_the_encoding_counts() {
    let (behind, address) = Behind::conformance().await;
    let answer = exchange(address, "GET both", "").await;
    assert!(!answer.contains("content-length"), "{answer}");
    assert!(answer.ends_with("2\r\nhi\r\n0\r\n\r\n"), "{answer}");
    behind.stop().await;
}

#[tokio::test]
async fn an_old_app_answers_a_new_client() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    for _ in 0..2 {
        client.ask("GET old", "").await;
        let answer = client.until("from the past\r\n0\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    // An old client gets what it can read.
    let mut client = Client::connect(address).await;
    client
        .write("GET /instance/my-app/echo HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .await;
    let answer = client.rest().await;
    assert!(
        answer.contains("200 OK") && !answer.contains("chunked"),
        "{answer}"
    );
    behind.stop().await;
}

#[tokio::test]
async fn answers_without_a_body_keep_the_connection() {
    // Of a 304 the length may be left out, and is.
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    for (method, status, length) in [
        ("HEAD", "200", true),
        ("GET", "304", false),
        ("DELETE", "204", false),
    ] {
        client.ask(&format!("{method} bare"), "").await;
        let answer = client.until("\r\n\r\n").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(answer.contains("content-length: 700"), length, "{answer}");
    }
    client.ask("GET echo", "").await;
    assert!(
        client
            .until("\"trailers\": []}")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    behind.stop().await;
}

#[tokio::test]
async fn early_hints_do_not_take_the_place_of_the_answer() {
    let (behind, address) = Behind::conformance().await;
    let answer = exchange(address, "GET hints", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(body(&answer), "after hints");
    behind.stop().await;
}

#[tokio::test]
async fn heads_have_a_limit_that_is_said() {
    let (behind, address) = Behind::conformance().await;
    let answer = exchange(address, "GET many?headers=150", "").await;
    assert_eq!(answer.matches("x-header-").count(), 150);
    assert_eq!(body(&exchange(address, "GET huge?bytes=30000", "").await), "huge");
    let large = format!("X-Large: {}\r\n", "x".repeat(70_000));
    let answer = exchange(address, "GET echo", &large).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many = "X-Many: 1\r\n".repeat(300);
    let answer = exchange(address, "GET echo", &many).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    // More than the app may answer is said as well, instead of cutting the connection.
    let answer = exchange(address, "GET many?headers=400", "").await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
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
async fn what_an_app_breaks_off_is_broken_off_and_nonsense_is_said() {
    let (behind, address) = Behind::conformance().await;
    let broken = exchange(address, "GET broken", "").await;
    assert!(broken.ends_with("only this"), "{broken}");
    let nonsense = exchange(address, "GET nonsense", "").await;
    assert!(nonsense.starts_with("HTTP/1.1 502 "), "{nonsense}");
    assert_eq!(value(behind.get("echo").await).await["bytes"], 0);
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
