//! What must not get through.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

use super::{Behind, Client, exchange, panel, sent, started};
use crate::support::{HOST, empty, failure, open_fixture, request, value};

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

struct Asker {
    who: &'static str,
    header: Option<(&'static str, String)>,
}

/// Whether somebody gets to the app of a path, from each kind of page.
#[tokio::test]
async fn the_way_to_an_app_needs_a_login_and_our_own_origin() {
    let behind = Behind::start("strip").await;
    let ended = behind
        .fixture
        .engine
        .accounts
        .log_in(crate::support::PASSWORD, "x")
        .await
        .unwrap();
    behind.fixture.engine.accounts.log_out(&ended).await.unwrap();
    let askers = [
        Asker {
            who: "nobody",
            header: None,
        },
        Asker {
            who: "ended",
            header: Some(("cookie", format!("aikore_session={ended}"))),
        },
        Asker {
            who: "session",
            header: Some(("cookie", behind.cookie.clone())),
        },
        Asker {
            who: "token",
            header: Some(("authorization", behind.fixture.token().await)),
        },
    ];
    let own = format!("http://{HOST}");
    let origins = [
        Some(own.as_str()),
        Some("http://evil.example"),
        Some("null"),
        None,
    ];
    for asker in &askers {
        for origin in origins {
            for kind in ["read", "change", "socket"] {
                let mut builder = Request::builder()
                    .uri("/instance/my-app/echo")
                    .method(if kind == "change" { "POST" } else { "GET" })
                    .header("host", HOST);
                if kind == "socket" {
                    builder = builder
                        .header("connection", "Upgrade")
                        .header("upgrade", "websocket");
                }
                if let Some(origin) = origin {
                    builder = builder.header("origin", origin);
                }
                if let Some((name, value)) = &asker.header {
                    builder = builder.header(*name, value);
                }
                let known = matches!(asker.who, "session" | "token");
                let ours =
                    kind == "read" || origin == Some(&own) || (origin.is_none() && asker.who == "token");
                let expected = match (ours, known) {
                    (false, _) => StatusCode::FORBIDDEN,
                    (true, false) => StatusCode::UNAUTHORIZED,
                    (true, true) => StatusCode::OK,
                };
                let status = behind.fixture.send(empty(builder)).await.status();
                assert_eq!(status, expected, "{kind} by {} from {origin:?}", asker.who);
            }
        }
    }
    behind.stop().await;
}

#[tokio::test]
async fn cookies_of_an_app_stay_with_it() {
    let fixture = panel(true, server::SiteOptions::default()).await;
    let app = started(&fixture, "My app", "conformance").await;
    let set =
        "own=1;Path=/|wide=1;Path=/;Domain=localhost|deep=1;Path=/deep|aikore_session=x|aikore_pass=x;Path=/";
    let cookies = async |host: &str, path: &str| {
        let asked = Request::builder()
            .uri(format!("{path}?set={set}"))
            .header("host", host);
        let answer = fixture.send(empty(asked)).await;
        let cookies = answer.headers().get_all("set-cookie").iter();
        cookies
            .map(|cookie| cookie.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        cookies("localhost", "/instance/my-app/cookies").await,
        [
            "own=1; Path=/instance/my-app/",
            "wide=1; Path=/instance/my-app/",
            "deep=1; Path=/instance/my-app/deep"
        ]
    );
    assert_eq!(
        cookies("my-app.localhost", "/cookies").await,
        ["own=1; Path=/", "wide=1; Path=/", "deep=1; Path=/deep"]
    );
    fixture.engine.instances.stop(app.id).await.unwrap();
}

#[tokio::test]
async fn a_token_of_the_panel_never_reaches_an_app() {
    let behind = Behind::start("strip").await;
    for secret in [behind.fixture.token().await, "Bearer aik_0123".to_owned()] {
        let asked = behind.request("GET", "echo").header("authorization", secret);
        let echo = value(behind.fixture.send(empty(asked)).await).await;
        let headers = sent(&echo);
        assert!(!headers.contains_key("authorization"), "{headers:?}");
        assert!(!headers.contains_key("cookie"), "{headers:?}");
    }
    let own = behind
        .request("GET", "echo")
        .header("authorization", "Bearer the-apps-own");
    let echo: Value = value(behind.fixture.send(empty(own)).await).await;
    assert_eq!(sent(&echo)["authorization"], "Bearer the-apps-own");
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
