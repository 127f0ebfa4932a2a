//! A panel behind TLS, behind another proxy, below a prefix, over HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use server::SiteOptions;
use server::tls::{Tls, self_signed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Behind, Client, panel, sent, started};
use crate::running::{Running, output};
use crate::support::{DEADLINE, Fixture, HOST, PASSWORD, empty, form, location, request, value};

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

/// The certificate of a panel's own making, as a client that was told to trust it.
fn client(dir: &std::path::Path, protocol: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let certificate = dir.join("tls/certificate.pem");
    roots
        .add(CertificateDer::from_pem_file(certificate).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Serves over TLS with a certificate that is made in `dir`.
async fn over_tls(fixture: &Fixture, dir: &std::path::Path) -> SocketAddr {
    let tls = Tls::read(self_signed(dir, &[]).unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (site, shutdown) = (fixture.site.clone(), fixture.panel.shutdown.clone());
    tokio::spawn(server::serve::serve(listener, site, Some(tls), shutdown));
    address
}

#[tokio::test]
async fn an_upgrade_over_tls_carries_much_and_ends_one_side_at_a_time() {
    let fixture = panel(true, SiteOptions::default()).await;
    let app = started(&fixture, "My app", "conformance").await;
    let dir = tempfile::tempdir().unwrap();
    let address = over_tls(&fixture, dir.path()).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = client(dir.path(), b"http/1.1")
        .connect(name, stream)
        .await
        .unwrap();
    let (mut reads, mut writes) = tokio::io::split(stream);
    let upgrade = "GET /instance/my-app/raw HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost\r\n\
                   Connection: Upgrade\r\nUpgrade: raw\r\n\r\n";
    writes.write_all(upgrade.as_bytes()).await.unwrap();
    let sending = tokio::spawn(async move {
        writes.write_all(&vec![b'x'; 5_000_000]).await.unwrap();
        writes.shutdown().await.unwrap();
    });
    let mut answer = Vec::new();
    timeout(DEADLINE, reads.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    sending.await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(answer.matches('x').count(), 5_000_000);
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("x goodbye"));
    fixture.engine.instances.stop(app.id).await.unwrap();
}

#[tokio::test]
async fn tls_is_spoken_and_plain_clients_are_told() {
    let options = SiteOptions {
        https: true,
        hsts: true,
        ..SiteOptions::default()
    };
    let fixture = panel(false, options).await;
    fixture.set_up().await;
    let app = started(&fixture, "My app", "conformance").await;
    let dir = tempfile::tempdir().unwrap();
    let address = over_tls(&fixture, dir.path()).await;
    let mut plain = Client::connect(address).await;
    plain
        .write("GET /a?b=1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n")
        .await;
    let told = plain.rest().await;
    assert!(told.starts_with("HTTP/1.1 308 "), "{told}");
    assert!(
        told.contains("location: https://localhost:1/a?b=1") && told.contains("TLS only"),
        "{told}"
    );
    for protocol in [&b"http/1.1"[..], b"h2"] {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = client(dir.path(), protocol).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        let login = |builder: axum::http::request::Builder| {
            let password = format!("password={}", PASSWORD.replace(' ', "+"));
            form(
                builder
                    .method("POST")
                    .header("origin", format!("https://{address}")),
                &password,
            )
        };
        let answer = if protocol == b"h2" {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                    .await
                    .unwrap();
            tokio::spawn(connection);
            let asked = Request::builder().uri(format!("https://{address}/login"));
            sender.send_request(login(asked)).await.unwrap()
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .unwrap();
            tokio::spawn(connection);
            let asked = Request::builder()
                .uri("/login")
                .header("host", address.to_string());
            sender.send_request(login(asked)).await.unwrap()
        };
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert!(
            answer.headers()["set-cookie"]
                .to_str()
                .unwrap()
                .ends_with("; Secure")
        );
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=15768000");
    }
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

#[test]
fn a_program_with_tls_says_so_in_its_link_and_is_well() {
    let data = tempfile::tempdir().unwrap();
    let options = ["--tls", "self-signed", "--base-path", "/x"];
    let running = Running::with(
        data.path().to_str().unwrap(),
        &options,
        std::process::Stdio::null(),
    );
    assert!(running.link.contains("https://127.0.0.1:"), "{}", running.link);
    assert!(running.link.contains("/x/setup?token="), "{}", running.link);
    let well = output(&["healthcheck", "--addr", running.address()]);
    assert_eq!(well.status.code(), Some(0), "{}", crate::running::sentence(&well));
    assert_eq!(running.end(), Some(0));
}

#[test]
fn a_certificate_that_cannot_be_used_is_bad_configuration() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("file.pem");
    std::fs::write(&file, "nothing").unwrap();
    let (dir, file) = (data.path().to_str().unwrap(), file.to_str().unwrap());
    let refused = output(&[
        "--addr",
        "127.0.0.1:0",
        "--data-dir",
        dir,
        "--tls-cert",
        file,
        "--tls-key",
        file,
    ]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(crate::running::sentence(&refused).contains("file.pem"));
}
