//! A panel behind another proxy, below a prefix, over HTTP/2.

use axum::body::Body;
use axum::http::{Request, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use server::SiteOptions;
use tokio::net::TcpStream;

use super::{Behind, panel, sent, started};
use crate::support::{HOST, PASSWORD, empty, form, location, request, value};

fn below_x() -> SiteOptions {
    SiteOptions {
        base_path: "/x".to_owned(),
        ..SiteOptions::default()
    }
}

#[tokio::test]
async fn below_a_prefix_addresses_and_cookies_carry_it() {
    let behind = Behind::standing("strip", below_x()).await;
    let send = |request| behind.fixture.send(request);
    for path in ["/x/", "/x", "/"] {
        let anonymous = send(empty(request("GET", path))).await;
        assert_eq!(location(&anonymous), "/x/login", "{path}");
    }
    let login = form(
        request("POST", "/x/login"),
        &format!("password={}", PASSWORD.replace(' ', "+")),
    );
    let entered = send(login).await;
    assert_eq!(location(&entered), "/x/");
    let cookie = entered.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("Path=/x/;"), "{cookie}");
    let get = |path: &str| request("GET", path).header("cookie", &behind.cookie);
    let echo = value(send(empty(get("/x/instance/my-app/echo?a=1"))).await).await;
    assert_eq!(echo["path"], "/echo?a=1");
    assert_eq!(sent(&echo)["x-forwarded-prefix"], "/x/instance/my-app");
    for (to, expected) in [
        ("/login", "/x/instance/my-app/login"),
        ("/x/instance/my-app/a", "/x/instance/my-app/a"),
    ] {
        let moved = send(empty(get(&format!("/x/instance/my-app/redirect?to={to}")))).await;
        assert_eq!(location(&moved), expected);
    }
    let bare = send(empty(get("/x/instance/my-app"))).await;
    assert_eq!(location(&bare), "/x/instance/my-app/");
    assert_eq!(send(empty(get("/x/api/health"))).await.status(), StatusCode::OK);
    behind.stop().await;
}

#[tokio::test]
async fn an_app_that_keeps_its_prefix_is_told_the_whole_of_it() {
    let behind = Behind::standing("keep", below_x()).await;
    let asked = request("GET", "/x/app/my-app/echo").header("cookie", &behind.cookie);
    let echo = value(behind.fixture.send(empty(asked)).await).await;
    assert_eq!(echo["path"], "/x/instance/my-app/echo");
    assert_eq!(echo["subfolder"], "/x/instance/my-app/");
    behind.stop().await;
}

#[tokio::test]
async fn a_trusted_proxy_says_who_asks_and_how() {
    let trusting = SiteOptions {
        trusted_proxies: vec!["192.0.2.0/24".parse().unwrap()],
        ..SiteOptions::default()
    };
    let fixture = panel(true, trusting).await;
    let app = started(&fixture, "My app", "strip").await;
    let asked = |path: &str| {
        Request::builder()
            .uri(path)
            .header("host", "inner")
            .header("x-forwarded-host", HOST)
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-for", "203.0.113.9")
    };
    let echo = value(fixture.send(empty(asked("/instance/my-app/echo"))).await).await;
    let headers = sent(&echo);
    assert_eq!(headers["x-forwarded-for"], "203.0.113.9");
    assert_eq!(headers["x-forwarded-proto"], "https");
    assert_eq!(headers["host"], HOST);
    let rows = value(fixture.send(empty(asked("/api/instances/"))).await).await;
    let link = rows[0]["open_url"].as_str().unwrap();
    assert!(link.starts_with(&format!("https://{HOST}/")), "{link}");
    let login = asked("/login")
        .method("POST")
        .header("origin", format!("https://{HOST}"));
    assert_ne!(
        fixture.send(form(login, "password=x")).await.status(),
        StatusCode::FORBIDDEN
    );
    fixture.engine.instances.stop(app.id).await.unwrap();
}

#[tokio::test]
async fn http2_reaches_the_app_in_plain_text_too() {
    let (behind, address) = Behind::conformance().await;
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let asked = |path: &str| {
        Request::builder()
            .version(Version::HTTP_2)
            .uri(format!("http://{address}/instance/my-app/{path}"))
    };
    let upload = asked("echo")
        .method("POST")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(Body::from(vec![b'x'; 3_000_000]))
        .unwrap();
    let answer = sender.send_request(upload).await.unwrap();
    let echo: serde_json::Value =
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!(
        (&echo["bytes"], &echo["version"]),
        (&3_000_000.into(), &"HTTP/1.1".into())
    );
    let headers = sent(&echo);
    assert_eq!(
        (&headers["cookie"], headers["host"].to_str().unwrap()),
        (&"a=1; b=2".parse().unwrap(), address.to_string().as_str())
    );
    let trailing = sender
        .send_request(
            asked("trailers")
                .header("te", "trailers")
                .body(Body::empty())
                .unwrap(),
        )
        .await
        .unwrap();
    let collected = trailing.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-sum"], "42");
    let away = sender
        .send_request(asked("../other").body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(away.status(), StatusCode::BAD_REQUEST);
    behind.stop().await;
}
