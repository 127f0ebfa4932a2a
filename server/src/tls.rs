//! TLS: the certificate, and what happens when its file changes.
//!
//! The files are looked at every few seconds. A renewed certificate is used for the next connection; one that
//! cannot be read is reported and the old one stays.

mod reload;
mod self_signed;
mod trust_all;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use self_signed::self_signed;
pub(crate) use trust_all::trust_all;

use crate::origin;

/// Where certificate and key lie.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// The key, PEM.
    pub key: PathBuf,
}

/// Why there is no TLS; a full sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read.
    #[error("AiKore cannot read {path}: {reason}.", path = .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Files that do not belong together.
    #[error("The certificate in {path} cannot be used: {source}.", path = .path.display())]
    Certificate {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A certificate that could not be made.
    #[error("AiKore cannot make a certificate: {0}.")]
    SelfSigned(#[from] rcgen::Error),
    /// A certificate that could not be kept.
    #[error("AiKore cannot keep its certificate in {path}: {source}.", path = .path.display())]
    Keep {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A certificate in use; cheap to clone.
#[derive(Clone)]
pub struct Tls {
    present: watch::Receiver<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files and follows their changes. Needs a runtime.
    pub fn read(files: Files) -> Result<Self, Error> {
        let config = config(&files)?;
        let (sender, present) = watch::channel(Arc::new(config));
        tokio::spawn(reload::follow(files, sender));
        Ok(Self { present })
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = self.present.borrow().clone();
        TlsAcceptor::from(config).accept(stream).await
    }
}

fn config(files: &Files) -> Result<ServerConfig, Error> {
    let unreadable = |path: &PathBuf, reason: String| Error::File {
        path: path.clone(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(unreadable(
            &files.certificate,
            "it holds no certificate".to_owned(),
        ));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| unreadable(&files.key, error.to_string()))?;
    let wrong = |source| Error::Certificate {
        path: files.certificate.clone(),
        source,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(wrong)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The answer to plain HTTP on a port that speaks TLS.
pub(crate) fn speak_tls<B>(request: &Request<B>) -> Response<Body> {
    let sentence = "This port speaks TLS only; use https://.\n";
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Some(host) = origin::host(request.headers()) else {
        return (StatusCode::BAD_REQUEST, sentence).into_response();
    };
    let location = format!("https://{host}{path}");
    (
        StatusCode::PERMANENT_REDIRECT,
        [(header::LOCATION, location)],
        sentence,
    )
        .into_response()
}

#[cfg(test)]
mod tests;
