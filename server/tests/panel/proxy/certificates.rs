//! A certificate that is renewed while connections live.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use axum::http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use server::tls::{Files, self_signed};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::tls::client;
use crate::running::{Running, until};
use crate::support::DEADLINE;

/// What the program was told to use, and what it said.
struct Used {
    files: Files,
    log: PathBuf,
}

impl Used {
    fn take(&self, new: &Files) {
        std::fs::copy(&new.key, &self.files.key).unwrap();
        std::fs::copy(&new.certificate, &self.files.certificate).unwrap();
    }

    async fn until_said(&self, words: &str) {
        let said = || {
            std::fs::read_to_string(&self.log)
                .unwrap()
                .contains(words)
                .then_some(())
        };
        until(&format!("the log says “{words}”"), said).await;
    }
}

/// A connection of somebody who trusts one certificate only.
async fn connect(address: &str, trusted: &Path, protocol: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    client(trusted, protocol).connect(name, stream).await
}

enum Talk {
    Text(http1::SendRequest<String>),
    Frames(http2::SendRequest<String>),
}

impl Talk {
    async fn text(stream: TlsStream<TcpStream>) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self::Text(sender)
    }

    async fn frames(stream: TlsStream<TcpStream>) -> Self {
        let shaking = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, connection) = shaking.await.unwrap();
        tokio::spawn(connection);
        Self::Frames(sender)
    }

    /// Asks over this very connection.
    async fn is_answered(&mut self) {
        let asked = Request::builder().header("host", "localhost");
        let answering = async {
            match self {
                Self::Text(sender) => {
                    let request = asked.uri("/api/health").body(String::new()).unwrap();
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Self::Frames(sender) => {
                    let asked = Request::builder().uri("https://localhost/api/health");
                    let request = asked.body(String::new()).unwrap();
                    sender.send_request(request).await
                }
            }
        };
        let answer: axum::http::Response<Incoming> = timeout(DEADLINE, answering).await.unwrap().unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        // The connection is free again when the body was read.
        http_body_util::BodyExt::collect(answer.into_body())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_for_new_connections_and_a_broken_one_for_none() {
    let [first, second, data] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let old = self_signed(first.path(), &[]).unwrap();
    let new = self_signed(second.path(), &[]).unwrap();
    let files = Files {
        certificate: data.path().join("used.pem"),
        key: data.path().join("used.key"),
    };
    let log = data.path().join("stderr");
    let used = Used { files, log };
    used.take(&old);
    let options = [
        "--auth",
        "off",
        "--tls-cert",
        used.files.certificate.to_str().unwrap(),
        "--tls-key",
        used.files.key.to_str().unwrap(),
    ];
    let said = Stdio::from(std::fs::File::create(&used.log).unwrap());
    let running = Running::with(data.path().to_str().unwrap(), &options, said);
    let address = running.address().to_owned();
    let trusting =
        async |files: &Files, protocol: &[u8]| connect(&address, &files.certificate, protocol).await;

    let mut text = Talk::text(trusting(&old, b"http/1.1").await.unwrap()).await;
    let mut frames = Talk::frames(trusting(&old, b"h2").await.unwrap()).await;
    text.is_answered().await;
    frames.is_answered().await;

    std::fs::write(&used.files.certificate, "no certificate").unwrap();
    used.until_said("the old certificate stays in use").await;
    let mut late = Talk::text(trusting(&old, b"http/1.1").await.unwrap()).await;
    late.is_answered().await;

    used.take(&new);
    used.until_said("a new certificate is in use").await;
    let mut next = Talk::text(trusting(&new, b"http/1.1").await.unwrap()).await;
    next.is_answered().await;
    assert!(
        trusting(&old, b"http/1.1").await.is_err(),
        "the old one is still shown"
    );
    for talk in [&mut text, &mut frames, &mut late] {
        talk.is_answered().await;
    }
    assert_eq!(running.end(), Some(0));
}
