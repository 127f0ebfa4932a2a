//! Posts one message: HTTP/1.1, with TLS where the address says so, no redirects, within a deadline.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::message::Message;

/// For one message, from the name's look-up to the answer's first line.
const LIMIT: Duration = Duration::from_secs(10);

/// Why a message was not taken.
#[derive(Debug)]
pub(super) struct Failure {
    /// A sentence without the address.
    pub(super) message: String,
    /// Whether it may be taken later.
    pub(super) is_passing: bool,
}

impl Failure {
    fn passing(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_passing: true,
        }
    }

    fn lasting(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_passing: false,
        }
    }
}

/// Knows whom this machine trusts, once somebody has to be trusted: reading all certificates takes time and memory
/// that a panel without such webhooks can save.
#[derive(Default)]
pub(crate) struct Client {
    tls: OnceLock<Option<TlsConnector>>,
}

impl Client {
    fn tls(&self) -> Option<&TlsConnector> {
        self.tls.get_or_init(connector).as_ref()
    }

    pub(super) async fn post(&self, message: Message) -> Result<(), Failure> {
        match timeout(LIMIT, self.try_post(message)).await {
            Ok(done) => done,
            Err(_) => Err(Failure::passing(format!(
                "It did not answer within {} s.",
                LIMIT.as_secs()
            ))),
        }
    }

    async fn try_post(&self, message: Message) -> Result<(), Failure> {
        let unfit = || Failure::lasting("The address cannot be read; enter it again.");
        let url = Url::parse(&message.url).map_err(|_| unfit())?;
        let host = url.host().ok_or_else(unfit)?.to_owned();
        let port = url.port_or_known_default().ok_or_else(unfit)?;
        let stream = match &host {
            Host::Domain(name) => TcpStream::connect((name.as_str(), port)).await,
            Host::Ipv4(address) => TcpStream::connect((*address, port)).await,
            Host::Ipv6(address) => TcpStream::connect((*address, port)).await,
        };
        let stream = stream.map_err(|error| Failure::passing(format!("It cannot be reached ({error}).")))?;
        if url.scheme() == "http" {
            return send(stream, &url, message).await;
        }
        let name = match &host {
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| unfit())?,
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
        };
        let tls = self
            .tls()
            .ok_or_else(|| Failure::lasting("TLS does not work on this machine."))?;
        let stream = tls
            .connect(name, stream)
            .await
            .map_err(|error| Failure::passing(format!("TLS with it failed ({error}).")))?;
        send(stream, &url, message).await
    }
}

/// Trusts whom the machine trusts; none where that cannot be set up.
fn connector() -> Option<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Some(TlsConnector::from(Arc::new(config)))
}

async fn send<S>(stream: S, url: &Url, message: Message) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| Failure::passing(format!("The connection to it broke ({error})."));
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let authority = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let request = Request::post(path)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, concat!("AiKore/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_TYPE, message.content_type)
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::from(message.body)))
        .map_err(|_| Failure::lasting("The address cannot be read; enter it again."))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let driving = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(broken);
    // What it says beyond the first line is of no interest, however long it is.
    driving.abort();
    let status = answer?.status();
    if status.is_success() {
        return Ok(());
    }
    let told = format!("It answered {}.", status.as_u16());
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Failure::passing(told));
    }
    Err(Failure::lasting(told))
}
