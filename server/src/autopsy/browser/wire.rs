//! One request and its answer: through the panel's own door, or over a connection.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Url;

use super::{BODY_MAX, Browser, Trouble, Wanted, authority};
use crate::autopsy::approach::Door;
use crate::credentials::{self, Credential};
use crate::relay::Side;
use crate::site::{Download, Upload};
use crate::tls;

/// Some apps refuse who does not look like a browser.
const USER_AGENT: HeaderValue = HeaderValue::from_static("Mozilla/5.0 (compatible; AiKore autopsy)");

/// Any sixteen bytes do.
const WEBSOCKET_KEY: HeaderValue = HeaderValue::from_static("QWlLb3JlIGF1dG9wc3khIQ==");

/// The answer, and whether it is the app's.
pub(super) async fn exchange(
    browser: &Browser<'_>,
    url: &Url,
    wanted: Wanted,
) -> Result<(bool, Response<Body>), Trouble> {
    let mut request = request(browser, url, wanted).ok_or(Trouble::NoConnection)?;
    // The login goes to the panel's own host, as it would from the visitor's browser, and never to an app.
    if browser.is_panel(url) {
        prove(&browser.subject.visitor.credential, request.headers_mut());
        return inside(browser, request).await;
    }
    match &browser.approach.door {
        Door::Panel => inside(browser, request).await,
        Door::App => {
            let instances = &browser.subject.panel.engine.instances;
            let stream = instances.connect(browser.subject.instance.id).await;
            let stream = stream.map_err(|_| Trouble::NoConnection)?;
            Ok((true, over(Side::of(stream), request).await?))
        }
        Door::Port { at, tls } => {
            // Each in turn: one of several addresses that does not answer is met by few.
            let stream = TcpStream::connect(&at[..]).await;
            let stream = stream.map_err(|_| Trouble::NoConnection)?;
            if *tls {
                let stream = encrypted(stream, url).await.ok_or(Trouble::Cut)?;
                return Ok((true, over(stream, request).await?));
            }
            Ok((true, over(Side::Tcp(stream), request).await?))
        }
    }
}

fn request(browser: &Browser<'_>, url: &Url, wanted: Wanted) -> Option<Request<Upload>> {
    let mut request = Request::new(Upload::Nothing);
    *request.uri_mut() = url[url::Position::BeforePath..url::Position::AfterQuery]
        .parse()
        .ok()?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_str(&authority(url)).ok()?);
    headers.insert(header::USER_AGENT, USER_AGENT);
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept(wanted)));
    if let Some(cookies) = browser.cookie_header(url) {
        headers.insert(header::COOKIE, cookies);
    }
    if wanted == Wanted::WebSocket {
        let origin = url.origin().ascii_serialization();
        headers.insert(header::ORIGIN, HeaderValue::from_str(&origin).ok()?);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, WEBSOCKET_KEY);
    }
    Some(request)
}

fn accept(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Page => "text/html,application/xhtml+xml,*/*;q=0.8",
        Wanted::Asset | Wanted::WebSocket => "*/*",
        Wanted::Events => "text/event-stream",
    }
}

fn prove(credential: &Credential, headers: &mut HeaderMap) {
    let (name, text) = match credential {
        Credential::Session(secret) => (header::COOKIE, format!("{}={secret}", credentials::COOKIE)),
        Credential::Token(secret) => (header::AUTHORIZATION, format!("Bearer {secret}")),
        Credential::Share { .. } | Credential::Open => return,
    };
    let others = headers.get(&name).and_then(|value| value.to_str().ok());
    let text = others.map_or_else(|| text.clone(), |others| format!("{text}; {others}"));
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(name, value);
    }
}

async fn inside(browser: &Browser<'_>, request: Request<Upload>) -> Result<(bool, Response<Body>), Trouble> {
    let asking = browser.subject.visitor.way_in.ask(request);
    let answer = Box::pin(asking).await.ok_or(Trouble::NoConnection)?;
    let from_app = matches!(answer.body(), Download::App(_));
    Ok((from_app, answer.map(Body::new)))
}

/// The port is this panel's own, on this machine, so whose certificate it shows says nothing here.
async fn encrypted(stream: TcpStream, url: &Url) -> Option<TlsStream<TcpStream>> {
    let config = tls::trust_all().ok()?;
    let name = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).ok()?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .ok()
}

async fn over<S>(side: S, request: Request<Upload>) -> Result<Response<Body>, Trouble>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let shaken = http1::handshake(TokioIo::new(side)).await;
    let (mut sender, connection) = shaken.map_err(|_| Trouble::Cut)?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection of an autopsy ended early");
        }
    });
    let answer = sender.send_request(request).await;
    Ok(answer.map_err(|_| Trouble::Cut)?.map(Body::new))
}

/// As much of a body as is wanted, and whether it is all of that. A stream of events has shown what it is with
/// its first bytes, and may never end.
pub(super) async fn read(mut body: Body, headers: &HeaderMap, end: Instant) -> (Bytes, bool) {
    let is_stream = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    let mut read = Vec::new();
    loop {
        let Ok(frame) = tokio::time::timeout_at(end.into(), body.frame()).await else {
            return (read.into(), false);
        };
        match frame {
            None => return (read.into(), true),
            Some(Err(_)) => return (read.into(), false),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    read.extend_from_slice(&data);
                }
            }
        }
        if read.len() >= BODY_MAX || is_stream && !read.is_empty() {
            read.truncate(BODY_MAX);
            return (read.into(), true);
        }
    }
}
