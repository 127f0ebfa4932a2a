//! Unusual but legal answers, case by case, byte for byte.

use super::{Behind, Client, body, exchange};
use crate::support::value;

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
async fn a_part_is_a_part() {
    let (behind, address) = Behind::conformance().await;
    let answer = exchange(address, "GET range", "Range: bytes=7-12\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 206 "), "{answer}");
    assert!(answer.contains("content-range: bytes 7-12/700"), "{answer}");
    assert_eq!(body(&answer), "brotli");
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
async fn what_an_app_breaks_off_is_broken_off_and_nonsense_is_said() {
    let (behind, address) = Behind::conformance().await;
    let broken = exchange(address, "GET broken", "").await;
    assert!(broken.ends_with("only this"), "{broken}");
    let nonsense = exchange(address, "GET nonsense", "").await;
    assert!(nonsense.starts_with("HTTP/1.1 502 "), "{nonsense}");
    assert_eq!(value(behind.get("echo").await).await["bytes"], 0);
    behind.stop().await;
}
