//! What reaches the apps and what comes back, with a real app behind a real instance.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use types::instances::{Instance, Status};

use crate::support::{
    DEADLINE, Fixture, HOST, empty, failure, location, open_fixture, request, text, until, value, with,
};

/// A blueprint that runs `upstream.py` and says how it likes its prefix.
fn blueprint(subpath: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/panel/upstream.py");
    format!(
        "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = Upstream\n# aikore.category = Test\n\
         # aikore.venv_type = none\n# aikore.ready = http\n# aikore.health_path = /health\n\
         # aikore.stop_grace = 1\n# aikore.subpath = {subpath}\n### AIKORE-METADATA-END ###\n\
         exec python3 -u '{script}'\n"
    )
}

async fn panel() -> Fixture {
    with(false, |dir| {
        let blueprints = dir.join("blueprints");
        std::fs::create_dir_all(&blueprints).unwrap();
        std::fs::write(blueprints.join("strip.sh"), blueprint("strip")).unwrap();
        std::fs::write(blueprints.join("keep.sh"), blueprint("yes")).unwrap();
    })
    .await
}

/// A panel, its cookie, and a started app.
struct Behind {
    fixture: Fixture,
    cookie: String,
    app: Instance,
}

impl Behind {
    async fn start(blueprint: &str) -> Self {
        let fixture = panel().await;
        let cookie = fixture.set_up().await;
        let app = fixture.create("My app", blueprint).await;
        fixture.engine.instances.start(app.id).await.unwrap();
        until(&fixture, app.id, Status::Started).await;
        Self { fixture, cookie, app }
    }

    /// Stops the app: no test leaves one behind.
    async fn stop(self) {
        self.fixture.engine.instances.stop(self.app.id).await.unwrap();
        until(&self.fixture, self.app.id, Status::Stopped).await;
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        request(method, &format!("/instance/my-app/{path}")).header("cookie", &self.cookie)
    }

    async fn get(&self, path: &str) -> Response<Body> {
        self.fixture.send(empty(self.request("GET", path))).await
    }
}

/// The headers the app was sent.
fn sent(echo: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for pair in echo["headers"].as_array().unwrap() {
        let name: axum::http::HeaderName = pair[0].as_str().unwrap().parse().unwrap();
        headers.append(name, pair[1].as_str().unwrap().parse().unwrap());
    }
    headers
}

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
    assert_eq!(headers["origin"], format!("http://{HOST}"));
    assert_eq!(headers["x-forwarded-host"], HOST);
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-forwarded-prefix"], "/instance/my-app");
    for gone in ["x-private", "te", "proxy-authorization", "x-forwarded-for"] {
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
async fn an_answer_comes_back_without_what_would_harm_the_panel() {
    let behind = Behind::start("strip").await;
    let answer = behind.get("headers").await;
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["own=1; Path=/instance/my-app/; HttpOnly"]);
    for gone in [
        "service-worker-allowed",
        "clear-site-data",
        "x-private",
        "connection",
    ] {
        assert!(!answer.headers().contains_key(gone), "{gone}");
    }
    assert_eq!(
        answer.headers()["content-security-policy"],
        "default-src *",
        "the panel's rules reached the app"
    );
    for (to, expected) in [
        ("/login", "/instance/my-app/login"),
        ("/instance/my-app/x", "/instance/my-app/x"),
        ("next", "next"),
        ("http://localhost:9000/x", "/instance/my-app/x"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
        ("//elsewhere.example/x", "//elsewhere.example/x"),
    ] {
        let answer = behind.get(&format!("redirect?to={to}")).await;
        assert_eq!(
            (answer.status(), location(&answer)),
            (StatusCode::FOUND, expected)
        );
    }
    assert_eq!(text(behind.get("both").await).await, "hi");
    assert_eq!(behind.get("many").await.status(), StatusCode::OK);
    behind.stop().await;
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let behind = Behind::start("strip").await;
    let mut answer = behind.get("stream").await.into_body();
    let first = timeout(DEADLINE, answer.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(
        first.into_data().unwrap(),
        "one\n",
        "the first piece waited for the second"
    );
    behind.get("release").await;
    assert_eq!(answer.collect().await.unwrap().to_bytes(), "two\n");
    uploads_stream(&behind).await;
    // Larger than anything the panel itself takes.
    let large = Body::from(vec![b'x'; 6 * 1024 * 1024]);
    let echo = value(
        behind
            .fixture
            .send(behind.request("PUT", "echo").body(large).unwrap())
            .await,
    )
    .await;
    assert_eq!(echo["bytes"], 6 * 1024 * 1024);
    let answer = behind.get("large?bytes=20000000").await;
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes().len(),
        20_000_000
    );
    behind.stop().await;
}

/// The app sees the beginning of an upload whose end was not sent yet.
async fn uploads_stream(behind: &Behind) {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<&'static str, std::io::Error>>(1);
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let request = behind
        .request("POST", "echo")
        .body(Body::from_stream(pieces))
        .unwrap();
    let upload = tokio::spawn({
        let router = behind.fixture.router.clone();
        async move { tower::ServiceExt::oneshot(router, request).await.unwrap() }
    });
    sender.send(Ok("begin")).await.unwrap();
    let seen = async { while value(behind.get("uploaded").await).await != 5 {} };
    timeout(DEADLINE, seen).await.expect("the upload did not stream");
    sender.send(Ok("end")).await.unwrap();
    drop(sender);
    assert_eq!(value(upload.await.unwrap()).await["bytes"], 8);
}

#[tokio::test]
async fn connections_to_an_app_are_used_again() {
    let behind = Behind::start("strip").await;
    let before = value(behind.get("connections").await).await.as_u64().unwrap();
    for _ in 0..20 {
        assert!(!text(behind.get("echo").await).await.is_empty());
    }
    let after = value(behind.get("connections").await).await.as_u64().unwrap();
    assert!(
        after - before <= 2,
        "{} new connections for 20 requests",
        after - before
    );
    behind.stop().await;
}

#[tokio::test]
async fn a_request_with_two_lengths_smuggles_no_second_one() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let behind = Behind::start("strip").await;
    let address = behind.fixture.serve().await;
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 61\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /instance/my-app/echo HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
             Cookie: {}\r\n{lengths}\r\n0\r\n\r\nGET /api/health HTTP/1.1\r\nHost: {address}\r\n\r\n",
            behind.cookie
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = async {
            // Closed with a reset when what follows was not read.
            while matches!(stream.read_buf(&mut answer).await, Ok(1..)) {}
        };
        timeout(DEADLINE, read).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        if answer.starts_with("HTTP/1.1 200 ") {
            let echo: Value = serde_json::from_str(body).unwrap();
            let sent = sent(&echo);
            assert_eq!(echo["bytes"], 0);
            assert!(!(sent.contains_key("content-length") && sent.contains_key("transfer-encoding")));
        } else {
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
    }
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

type WebSocket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn websocket(address: SocketAddr, cookie: &str) -> WebSocket {
    let mut request = format!("ws://{address}/instance/my-app/ws")
        .into_client_request()
        .unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    request
        .headers_mut()
        .insert("origin", format!("http://{address}").parse().unwrap());
    connect_async(request).await.unwrap().0
}

#[tokio::test]
async fn a_websocket_reaches_the_app_and_ends_with_the_login() {
    let behind = Behind::start("strip").await;
    let address = behind.fixture.serve().await;
    let mut socket = websocket(address, &behind.cookie).await;
    for size in [5, 1000, 60_000] {
        let message = Message::text("x".repeat(size));
        socket.send(message.clone()).await.unwrap();
        assert_eq!(
            timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap(),
            message
        );
    }
    behind
        .fixture
        .send(empty(request("POST", "/logout").header("cookie", &behind.cookie)))
        .await;
    let ended = timeout(DEADLINE, socket.next()).await.unwrap();
    assert!(
        !matches!(ended, Some(Ok(Message::Text(_)))),
        "the tunnel outlived the login"
    );
    behind.stop().await;
}

#[tokio::test]
async fn an_app_that_does_not_answer_gets_a_page() {
    let behind = Behind::start("strip").await;
    let program = behind.get("cut").await;
    assert_eq!(
        failure(program).await,
        (StatusCode::BAD_GATEWAY, "app_unreachable".to_owned())
    );
    let person = behind
        .fixture
        .send(empty(behind.request("POST", "cut").header("accept", "text/html")))
        .await;
    assert_eq!(person.status(), StatusCode::BAD_GATEWAY);
    assert!(text(person).await.contains("My app does not answer"));
    behind.stop().await;
}

#[tokio::test]
async fn a_stopped_app_has_a_page_and_an_object() {
    let fixture = open_fixture().await;
    fixture.create("Sleepy co", "test-logs").await;
    let path = "/instance/sleepy-co/";
    let person = fixture
        .send(empty(request("GET", path).header("accept", "text/html")))
        .await;
    assert_eq!(person.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = text(person).await;
    assert!(
        page.contains("is stopped") && !page.contains("http-equiv=\"refresh\""),
        "{page}"
    );
    let program = fixture.send(empty(request("GET", path))).await;
    assert_eq!(
        failure(program).await,
        (StatusCode::SERVICE_UNAVAILABLE, "not_running".to_owned())
    );
    let unknown = fixture.send(empty(request("GET", "/instance/nobody/"))).await;
    assert_eq!(
        failure(unknown).await,
        (StatusCode::NOT_FOUND, "unknown_instance".to_owned())
    );
    let bare = fixture
        .send(empty(request("GET", "/instance/sleepy-co?x=1")))
        .await;
    assert_eq!(
        (bare.status(), location(&bare)),
        (StatusCode::TEMPORARY_REDIRECT, "/instance/sleepy-co/?x=1")
    );
}

#[tokio::test]
async fn a_starting_app_has_a_page_that_becomes_the_app() {
    let fixture = with(true, |dir| {
        let blueprints = dir.join("blueprints");
        std::fs::create_dir_all(&blueprints).unwrap();
        let script = blueprint("strip").replace(
            "exec python3",
            "echo '<script>alert(1)</script> loading'\nexec sleep 600; exec python3",
        );
        std::fs::write(blueprints.join("slow.sh"), script).unwrap();
    })
    .await;
    let app = fixture.create("My app", "slow").await;
    fixture.engine.instances.start(app.id).await.unwrap();
    let path = "/instance/my-app/";
    let shown = async {
        loop {
            let answer = fixture
                .send(empty(request("GET", path).header("accept", "text/html")))
                .await;
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(answer.headers().contains_key("retry-after"));
            let page = text(answer).await;
            assert!(
                page.contains("My app is starting") && page.contains("http-equiv=\"refresh\""),
                "{page}"
            );
            if page.contains("&lt;script&gt;alert(1)&lt;/script&gt; loading") {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, shown).await.expect("its log never showed");
    let program = fixture.send(empty(request("GET", path))).await;
    assert_eq!(
        failure(program).await,
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready".to_owned())
    );
    fixture.engine.instances.stop(app.id).await.unwrap();
    until(&fixture, app.id, Status::Stopped).await;
}
