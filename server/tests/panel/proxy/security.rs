//! What must not get through.

use axum::body::Body;
use axum::http::StatusCode;

use super::{Behind, Client, exchange};
use crate::support::{failure, open_fixture, request, value};

#[tokio::test]
async fn a_request_with_two_lengths_is_refused_and_smuggles_no_second_one() {
    let behind = Behind::start("strip").await;
    let address = behind.fixture.serve().await;
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 61\r\n",
        "transfer-encoding:chunked\r\ncontent-length:61\r\n",
    ] {
        let mut client = Client::connect(address).await;
        let request = format!(
            "POST /instance/my-app/echo HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
             Cookie: {}\r\n{lengths}\r\n0\r\n\r\nGET /api/health HTTP/1.1\r\nHost: {address}\r\n\r\n",
            behind.cookie
        );
        client.write(request).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("two_lengths"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
    behind.stop().await;
}

#[tokio::test]
async fn a_connection_ends_after_a_chunked_request() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    client.ask("POST echo", "Transfer-Encoding: chunked\r\n").await;
    client
        .write("5\r\nhello\r\n0\r\n\r\nGET /instance/my-app/echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    let answer = client.rest().await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    behind.stop().await;
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let (behind, address) = Behind::conformance().await;
    for head in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1, 2\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length : 3\r\n",
        "X-Folded: a\r\n b\r\n",
        "Host: elsewhere.example\r\n",
    ] {
        let answer = exchange(address, "POST echo", head).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?}: {answer}");
    }
    // The connections of others live on.
    let answer = exchange(address, "GET echo", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    behind.stop().await;
}

#[tokio::test]
async fn nothing_outside_the_table_can_be_reached() {
    let (behind, address) = Behind::conformance().await;
    let port = behind
        .fixture
        .engine
        .instances
        .get(behind.app.id)
        .await
        .unwrap()
        .internal_port
        .unwrap();
    for (line, expected) in [
        (format!("CONNECT 127.0.0.1:{port} HTTP/1.1"), "405"),
        (format!("CONNECT localhost:{port} HTTP/1.1"), "405"),
        ("TRACE /instance/my-app/ HTTP/1.1".to_owned(), "405"),
        (format!("GET http://127.0.0.1:{port}/ HTTP/1.1"), "400"),
        (
            "GET http://elsewhere.example/instance/my-app/ HTTP/1.1".to_owned(),
            "400",
        ),
        (format!("GET /instance/{port}/ HTTP/1.1"), "404"),
        (format!("GET /instance/127.0.0.1:{port}/ HTTP/1.1"), "404"),
        (format!("GET /instance/%2f%2f127.0.0.1:{port}/ HTTP/1.1"), "404"),
        ("GET /instance/my-app%2fecho HTTP/1.1".to_owned(), "404"),
        ("GET /instance/my-app/../../api/health HTTP/1.1".to_owned(), "400"),
        ("GET /instance/my-app/%2e%2e/other/ HTTP/1.1".to_owned(), "400"),
        ("GET /instance/my-app/..%2f..%2fother HTTP/1.1".to_owned(), "400"),
        ("GET /instance/../instance/my-app/ HTTP/1.1".to_owned(), "400"),
        ("GET //instance/my-app/ HTTP/1.1".to_owned(), "404"),
        ("GET @127.0.0.1/ HTTP/1.1".to_owned(), "400"),
    ] {
        let mut client = Client::connect(address).await;
        client
            .write(format!("{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
            .await;
        let answer = client.rest().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{line}: {answer}"
        );
    }
    let encoded = behind.get("userdata/workflows%2Fmine.json?x=%2e%2e%2f").await;
    assert_eq!(
        value(encoded).await["path"],
        "/userdata/workflows%2Fmine.json?x=%2e%2e%2f"
    );
    behind.stop().await;
}

#[tokio::test]
async fn an_upgrade_to_http2_is_no_way_around() {
    let (behind, address) = Behind::conformance().await;
    let upgrade = "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nOrigin: http://localhost\r\n";
    let mut client = Client::connect(address).await;
    client
        .ask(
            "GET echo",
            &format!("{upgrade}Connection: Upgrade, HTTP2-Settings\r\n"),
        )
        .await;
    let answer = client.until("\"trailers\": []}").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        !answer.contains("h2c") && !answer.contains("http2-settings"),
        "{answer}"
    );
    behind.stop().await;
}

#[tokio::test]
async fn noise_on_the_port_harms_no_other_connection() {
    let (behind, address) = Behind::conformance().await;
    let mut bystander = Client::connect(address).await;
    bystander.ask("GET events", "").await;
    bystander.until("data: one\n\n").await;
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense nonsense nonsense",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"P",
        b"",
    ] {
        let mut client = Client::connect(address).await;
        client.write(noise).await;
        tokio::io::AsyncWriteExt::shutdown(&mut client.stream)
            .await
            .unwrap();
        client.rest().await;
    }
    behind.get("release").await;
    bystander.until("data: two\n\n").await;
    behind.stop().await;
}

#[tokio::test]
async fn a_body_with_two_lengths_is_refused_in_memory_too() {
    let fixture = open_fixture().await;
    let request = request("POST", "/instance/a/")
        .header("content-length", "3")
        .header("transfer-encoding", "chunked")
        .body(Body::from("abc"))
        .unwrap();
    let refused = failure(fixture.send(request).await).await;
    assert_eq!(refused, (StatusCode::BAD_REQUEST, "two_lengths".to_owned()));
}
