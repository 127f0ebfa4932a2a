//! A request made plain: one host, one path, and what is known about who asks.

use std::net::{IpAddr, SocketAddr};

use app::error::ErrorKind;
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};

use super::SiteOptions;
use crate::error::HttpError;

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(crate) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(crate) const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
pub(crate) const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Who asks, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The client, as far as it is known; its port counts for nothing behind a proxy.
    pub(crate) client: SocketAddr,
    /// Whether the browser speaks TLS, to us or to a proxy in front.
    pub(crate) https: bool,
}

/// Why a request is not read at all.
pub(crate) enum Unreadable {
    Method,
    TwoLengths,
    Path,
}

impl Arrival {
    /// Reads and removes what proxies say, and moves what HTTP/2 says elsewhere to where HTTP/1 has it.
    pub(crate) fn read<B>(
        request: &mut Request<B>,
        peer: SocketAddr,
        options: &SiteOptions,
        two_lengths: bool,
    ) -> Result<Self, Unreadable> {
        // A tunnel to anywhere, and an echo of secrets: neither is offered.
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(Unreadable::Method);
        }
        if two_lengths {
            return Err(Unreadable::TwoLengths);
        }
        if climbs(request.uri().path()) {
            return Err(Unreadable::Path);
        }
        name_host(request);
        let headers = request.headers_mut();
        let trusted = |address: IpAddr| options.trusted_proxies.iter().any(|one| one.contains(address));
        let mut arrival = Self {
            client: peer,
            https: options.https,
        };
        if trusted(peer.ip()) {
            arrival.believe(headers, trusted);
        }
        remove_if(headers, says_who_asks);
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(arrival.scheme()));
        Ok(arrival)
    }

    pub(crate) fn scheme(&self) -> &'static str {
        scheme(self.https)
    }

    /// Takes a trusted proxy at its word: the client nearest to us that is no trusted proxy, the scheme and the
    /// host that were asked for.
    fn believe(&mut self, headers: &mut HeaderMap, trusted: impl Fn(IpAddr) -> bool) {
        let chain: Vec<&str> = texts(headers, &X_FORWARDED_FOR)
            .flat_map(|value| value.split(','))
            .collect();
        for said in chain.iter().rev() {
            // What stands left of something unreadable was not written by a proxy of ours.
            let Ok(address) = said.trim().parse::<IpAddr>() else {
                break;
            };
            self.client = SocketAddr::new(address, 0);
            if !trusted(address) {
                break;
            }
        }
        if let Some(scheme) = texts(headers, &X_FORWARDED_PROTO).last() {
            self.https = scheme
                .rsplit(',')
                .next()
                .is_some_and(|last| last.trim() == "https");
        }
        let host = headers
            .get(X_FORWARDED_HOST)
            .filter(|host| !host.is_empty())
            .cloned();
        if let Some(host) = host {
            headers.insert(HOST, host);
        }
    }
}

/// Headers with which proxies speak about who asks.
fn says_who_asks(name: &str) -> bool {
    matches!(
        name,
        "forwarded"
            | "x-forwarded-for"
            | "x-forwarded-host"
            | "x-forwarded-proto"
            | "x-forwarded-prefix"
            | "x-real-ip"
    )
}

/// Removes headers by their names. Looking once at the few that are there is cheaper than searching for every name
/// that might be.
pub(crate) fn remove_if(headers: &mut HeaderMap, unwanted: impl Fn(&str) -> bool) {
    while let Some(name) = headers.keys().find(|name| unwanted(name.as_str())).cloned() {
        headers.remove(name);
    }
}

/// The scheme [`Arrival::read`] found.
pub(crate) fn asked_scheme(headers: &HeaderMap) -> &'static str {
    let https = headers
        .get(X_FORWARDED_PROTO)
        .is_some_and(|scheme| scheme == "https");
    scheme(https)
}

fn scheme(https: bool) -> &'static str {
    if https { "https" } else { "http" }
}

fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
}

/// HTTP/2 names the host in its address line.
fn name_host<B>(request: &mut Request<B>) {
    if request.headers().contains_key(HOST) {
        return;
    }
    let named = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned());
    if let Some(value) = named.and_then(|name| HeaderValue::from_str(&name).ok()) {
        request.headers_mut().insert(HOST, value);
    }
}

/// Whether a path leads upwards, in any spelling. Browsers resolve such paths before they ask; who sends one
/// hopes that somebody behind us resolves it differently.
fn climbs(path: &str) -> bool {
    if !path.contains("..") && !path.contains('%') {
        return false;
    }
    let mut plain = path.replace('\\', "/").to_ascii_lowercase();
    for (code, character) in [("%2e", "."), ("%2f", "/"), ("%5c", "/")] {
        plain = plain.replace(code, character);
    }
    plain.split('/').any(|part| part == "..")
}

impl IntoResponse for Unreadable {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong_method",
                "The panel is no proxy to elsewhere; this method is not possible here.",
            ),
            Self::TwoLengths => (
                StatusCode::BAD_REQUEST,
                "two_lengths",
                "The request gives the length of its body in two ways.",
            ),
            Self::Path => (
                StatusCode::BAD_REQUEST,
                "bad_path",
                "The request's path leads upwards; send it resolved.",
            ),
        };
        let mut answer = HttpError::new(ErrorKind::BadRequest, code, message, "").into_response();
        *answer.status_mut() = status;
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_upwards_are_seen() {
        for path in [
            "/instance/a/../b",
            "/instance/a/%2e%2e/b",
            "/instance/a/.%2E/b",
            "/instance/a/x%2f..%2fb",
            "/..",
            "/a/..%5cb",
        ] {
            assert!(climbs(path), "{path}");
        }
        for path in [
            "/",
            "/a..b/",
            "/...",
            "/api/userdata/workflows%2Fmine.json",
            "/%2e%2e%2e",
            "/a%20b",
        ] {
            assert!(!climbs(path), "{path}");
        }
    }

    fn arrival(peer: &str, headers: &[(&'static str, &'static str)]) -> (Arrival, HeaderMap) {
        let options = SiteOptions {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..SiteOptions::default()
        };
        let mut request = Request::builder().uri("/").body(()).unwrap();
        for (name, value) in headers {
            request
                .headers_mut()
                .append(*name, HeaderValue::from_static(value));
        }
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        let Ok(arrival) = Arrival::read(&mut request, peer, &options, false) else {
            panic!("not read");
        };
        (arrival, request.headers().clone())
    }

    const SAID: [(&str, &str); 4] = [
        ("host", "inner"),
        ("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.0.0.2"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "panel.example"),
    ];

    #[test]
    fn only_trusted_proxies_are_believed() {
        let (believed, headers) = arrival("10.0.0.1", &SAID);
        assert_eq!(believed.client.ip().to_string(), "192.0.2.7");
        assert!(believed.https);
        assert_eq!(headers["host"], "panel.example");
        let (foreign, headers) = arrival("192.0.2.9", &SAID);
        assert_eq!(foreign.client.ip().to_string(), "192.0.2.9");
        assert!(!foreign.https);
        assert_eq!(
            (&headers["host"], &headers["x-forwarded-proto"]),
            (&"inner".parse().unwrap(), &"http".parse().unwrap())
        );
        assert!(!headers.contains_key("x-forwarded-for"));
    }
}
