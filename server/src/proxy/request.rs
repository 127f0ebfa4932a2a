//! What is changed in a request before the app sees it.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{
    AUTHORIZATION, CONNECTION, COOKIE, EXPECT, FORWARDED, HOST, ORIGIN, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version};

use super::Target;
use crate::credentials::{self, Credential};

/// Headers that speak of one connection only.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What is remembered of a request until its answer.
pub(super) struct Asked {
    /// Host with its port.
    pub(super) host: String,
    /// Its headers, for the page that is shown when the app does not answer.
    pub(super) headers: HeaderMap,
}

impl Asked {
    pub(super) fn read(request: &Request) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(accept) = request.headers().get(axum::http::header::ACCEPT) {
            headers.insert(axum::http::header::ACCEPT, accept.clone());
        }
        Self {
            host: crate::origin::host(request.headers())
                .unwrap_or_default()
                .to_owned(),
            headers,
        }
    }
}

/// Drops what is not the app's business and says for whom the request comes.
pub(super) fn prepare(
    request: &mut Request,
    target: &Target,
    credential: &Credential,
    client: Option<IpAddr>,
    upgrade: bool,
) {
    *request.version_mut() = Version::HTTP_11;
    let protocol = request.headers().get(UPGRADE).cloned();
    let headers = request.headers_mut();
    drop_hop_by_hop(headers);
    // Answered by this server itself as soon as the body is read.
    headers.remove(EXPECT);
    if let (true, Some(protocol)) = (upgrade, protocol) {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    drop_own_secrets(headers, credential);
    drop_foreign_origin(headers);
    forwarded(headers, target, client);
}

/// Removes the headers of one connection, also those named by `Connection`.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        // A client must not be able to take these away from the app.
        if *name != HOST && *name != COOKIE {
            headers.remove(name);
        }
    }
}

fn drop_own_secrets(headers: &mut HeaderMap, credential: &Credential) {
    if matches!(credential, Credential::Token(_)) {
        headers.remove(AUTHORIZATION);
    }
    let others: Vec<String> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .filter(|pair| pair.split('=').next().map(str::trim) != Some(credentials::COOKIE))
        .filter(|pair| !pair.is_empty())
        .map(str::to_owned)
        .collect();
    headers.remove(COOKIE);
    if let (false, Ok(value)) = (others.is_empty(), HeaderValue::from_str(&others.join("; "))) {
        headers.insert(COOKIE, value);
    }
}

/// Apps compare `Origin` with `Host`. Both stay as the browser wrote them; an origin that is not this panel
/// (possible when only reading) is not passed on.
fn drop_foreign_origin(headers: &mut HeaderMap) {
    let host = crate::origin::host(headers);
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let own = origin
        .and_then(|origin| origin.split_once("://"))
        .map(|(_, host)| host);
    if own.is_none()
        || !own
            .zip(host)
            .is_some_and(|(own, host)| own.eq_ignore_ascii_case(host))
    {
        headers.remove(ORIGIN);
    }
}

fn forwarded(headers: &mut HeaderMap, target: &Target, client: Option<IpAddr>) {
    // What a client says about itself is not passed on: the panel is the edge.
    headers.remove(FORWARDED);
    headers.remove("x-forwarded-prefix");
    let host = headers.get(HOST).cloned();
    let client = client.and_then(|ip| HeaderValue::from_str(&ip.to_canonical().to_string()).ok());
    let prefix = target
        .strip
        .then(|| HeaderValue::from_str(&target.prefix).ok())
        .flatten();
    for (name, value) in [
        ("x-forwarded-for", client.clone()),
        ("x-real-ip", client),
        ("x-forwarded-host", host),
        ("x-forwarded-proto", Some(HeaderValue::from_static("http"))),
        // Only when it was removed: an app that is asked with its prefix would add it a second time.
        ("x-forwarded-prefix", prefix),
    ] {
        match value {
            Some(value) => headers.insert(HeaderName::from_static(name), value),
            None => headers.remove(name),
        };
    }
}
