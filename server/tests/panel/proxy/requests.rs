//! What an app is asked.

use axum::body::Body;
use axum::http::Request;

use super::{Behind, sent};
use crate::support::{HOST, empty, location, request, value};

#[tokio::test]
async fn an_app_gets_its_request_without_the_panels_secrets() {
    let behind = Behind::start("strip").await;
    let request = behind
        .request("POST", "echo?a=1&b=%20")
        .header("cookie", "own=2; aikore_session_of_mine=3")
        .header("authorization", "Basic YTpi")
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-forwarded-host", "evil.example")
        .header("connection", "keep-alive, x-private")
        .header("x-private", "1")
        .header("te", "trailers")
        .header("proxy-authorization", "secret");
    let echo = value(
        behind
            .fixture
            .send(request.body(Body::from("hello")).unwrap())
            .await,
    )
    .await;
    assert_eq!(
        (&echo["method"], &echo["path"], &echo["bytes"]),
        (&"POST".into(), &"/echo?a=1&b=%20".into(), &5.into())
    );
    let headers = sent(&echo);
    assert_eq!(headers["cookie"], "own=2; aikore_session_of_mine=3");
    assert_eq!(headers["authorization"], "Basic YTpi");
    assert_eq!(headers["host"], HOST);
    assert_eq!(headers["x-forwarded-host"], HOST);
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-forwarded-prefix"], "/instance/my-app");
    assert_eq!(headers["x-forwarded-for"], "192.0.2.1");
    assert_eq!(
        headers["forwarded"],
        format!("for=192.0.2.1;host=\"{HOST}\";proto=http")
    );
    assert_eq!(headers["te"], "trailers");
    for gone in ["x-private", "proxy-authorization", "origin", "connection"] {
        assert!(!headers.contains_key(gone), "{gone}: {headers:?}");
    }
    let token = behind.fixture.token().await;
    let scripted = Request::builder()
        .uri("/app/my-app/echo")
        .header("host", HOST)
        .header("authorization", token);
    let echo = value(behind.fixture.send(empty(scripted)).await).await;
    assert!(
        !sent(&echo).contains_key("authorization"),
        "the panel's token reached the app"
    );
    behind.stop().await;
}

#[tokio::test]
async fn an_app_that_knows_its_prefix_keeps_it() {
    let behind = Behind::start("keep").await;
    for path in ["/instance/my-app/echo?x=1", "/app/my-app/echo?x=1"] {
        let answer = behind
            .fixture
            .send(empty(request("GET", path).header("cookie", &behind.cookie)))
            .await;
        let echo = value(answer).await;
        assert_eq!(echo["path"], "/instance/my-app/echo?x=1");
        assert!(!sent(&echo).contains_key("x-forwarded-prefix"));
    }
    assert_eq!(
        location(&behind.get("redirect?to=/elsewhere").await),
        "/elsewhere"
    );
    behind.stop().await;
}
