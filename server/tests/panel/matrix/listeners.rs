//! Tunnels, and ways around the table, on everything that listens.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use server::SiteOptions;
use server::tls::{Tls, self_signed};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::apps::{Table, over};

/// What asks for something that is no address of ours; `{host}` is who is asked.
const TRICKS: [(&str, &[u16]); 16] = [
    ("CONNECT 127.0.0.1:22 HTTP/1.1", &[405]),
    ("CONNECT {host} HTTP/1.1", &[405]),
    ("CONNECT localhost:9000 HTTP/1.1", &[405]),
    ("TRACE / HTTP/1.1", &[405]),
    ("GET http://127.0.0.1:22/ HTTP/1.1", &[400]),
    ("GET http://evil.example/instance/my-app/ HTTP/1.1", &[400]),
    ("GET https://evil.example:443/ HTTP/1.1", &[400]),
    ("GET ftp://evil.example/ HTTP/1.1", &[400]),
    ("GET http://{host}@evil.example/ HTTP/1.1", &[400]),
    ("GET /instance/my-app/../nobody/ HTTP/1.1", &[400]),
    ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", &[400]),
    ("GET /instance/my-app/..%5c..%5cx HTTP/1.1", &[400]),
    ("GET //evil.example/ HTTP/1.1", &[303, 401, 404]),
    ("GET /\\evil.example/ HTTP/1.1", &[303, 400, 401, 404]),
    ("GET * HTTP/1.1", &[303, 400, 401, 404]),
    ("OPTIONS * HTTP/1.1", &[303, 400, 401, 403, 404]),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_listener_is_a_way_to_elsewhere() {
    let table = Table::new().await;
    let panel = table.fixture.serve().await;
    let token = table.fixture.token().await;
    for address in [panel, table.port] {
        for (line, expected) in TRICKS {
            let line = line.replace("{host}", &address.to_string());
            // Neither for nobody nor for who may do everything.
            for login in [String::new(), format!("Authorization: {token}\r\n")] {
                let text = format!("{line}\r\nHost: {address}\r\n{login}Connection: close\r\n\r\n");
                let answer = over(address, &text).await;
                let status: u16 = answer.get(9..12).unwrap_or("0").parse().unwrap();
                // On its port the app may be asked for any path of its own, odd ones among them.
                let is_path = expected.len() > 1;
                let by_app =
                    address == table.port && !login.is_empty() && is_path && matches!(status, 200 | 501);
                assert!(
                    expected.contains(&status) || by_app,
                    "{address}, {line}, {login}: {answer}"
                );
                assert!(!answer.contains("location: //"), "{line}: {answer}");
            }
        }
    }
    table.stop().await;
}

async fn encrypted(address: SocketAddr, dir: &std::path::Path, protocol: &[u8]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(dir.join("tls/certificate.pem")).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_listener_that_speaks_tls_is_one_either() {
    let dir = tempfile::tempdir().unwrap();
    let tls = || Tls::read(self_signed(dir.path(), &[]).unwrap()).unwrap();
    let options = SiteOptions {
        https: true,
        ..SiteOptions::default()
    };
    let table = Table::standing(options, Some(tls())).await;
    let panel = table.fixture.speak(Some(tls())).await;
    let token = table.fixture.token().await;
    for address in [panel, table.port] {
        for protocol in [&b"http/1.1"[..], b"h2"] {
            let stream = TokioIo::new(encrypted(address, dir.path(), protocol).await);
            let asked = Request::builder()
                .method(Method::CONNECT)
                .uri("127.0.0.1:22")
                .header("authorization", &token);
            let status = if protocol == b"h2" {
                let (mut sender, connection) =
                    hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
                        .await
                        .unwrap();
                tokio::spawn(connection);
                sender
                    .send_request(asked.body(Body::empty()).unwrap())
                    .await
                    .unwrap()
                    .status()
            } else {
                let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
                tokio::spawn(connection);
                let asked = asked.header("host", address.to_string());
                sender
                    .send_request(asked.body(Body::empty()).unwrap())
                    .await
                    .unwrap()
                    .status()
            };
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{address} {protocol:?}");
        }
    }
    table.stop().await;
}
