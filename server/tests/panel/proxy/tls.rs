//! A panel that speaks TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::{Request, StatusCode};
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

use super::{Client, panel, started};
use crate::running::{Running, output};
use crate::support::{DEADLINE, Fixture, PASSWORD, form};

/// A client that was told to trust one certificate.
pub(crate) fn client(certificate: &Path, protocol: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
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

/// Serves over TLS with a certificate that is made in `dir`; the certificate.
pub(super) async fn over_tls(fixture: &Fixture, dir: &Path) -> (SocketAddr, PathBuf) {
    let files = self_signed(dir, &[]).unwrap();
    let certificate = files.certificate.clone();
    let tls = Tls::read(files).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (site, shutdown) = (fixture.site.clone(), fixture.panel.shutdown.clone());
    tokio::spawn(server::serve::serve(listener, site, Some(tls), shutdown));
    (address, certificate)
}

#[tokio::test]
async fn an_upgrade_over_tls_carries_much_and_ends_one_side_at_a_time() {
    let fixture = panel(true, SiteOptions::default()).await;
    let app = started(&fixture, "My app", "conformance").await;
    let dir = tempfile::tempdir().unwrap();
    let (address, certificate) = over_tls(&fixture, dir.path()).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = client(&certificate, b"http/1.1")
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
    let (address, certificate) = over_tls(&fixture, dir.path()).await;
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
        let stream = client(&certificate, protocol)
            .connect(name, stream)
            .await
            .unwrap();
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
