//! What is changed in a request before the app sees it.

use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, COOKIE, EXPECT, FORWARDED, HOST, ORIGIN, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Version};

use super::place::{Target, is_own_cookie};
use crate::credentials::{Credential, bearer};
use crate::site::arrival::{
    Arrival, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PREFIX, X_FORWARDED_PROTO, X_REAL_IP,
};

/// Headers that speak of one connection only.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What a token for the panel looks like; an app has no use for one, even if it is not good any more.
const TOKEN_PREFIX: &str = "aik_";

/// What is remembered of a request until its answer.
pub(super) struct Asked {
    /// Host with its port.
    pub(super) host: Option<HeaderValue>,
    /// For the page that is shown when the app does not answer.
    accept: Option<HeaderValue>,
}

impl Asked {
    pub(super) fn read<B>(request: &Request<B>) -> Self {
        Self {
            host: request.headers().get(HOST).cloned(),
            accept: request.headers().get(ACCEPT).cloned(),
        }
    }

    /// As much of the request's headers as the page needs.
    pub(super) fn for_page(self) -> HeaderMap {
        self.accept.map(|accept| (ACCEPT, accept)).into_iter().collect()
    }
}

/// Drops what is not the app's business and says for whom the request comes.
pub(super) fn prepare<B>(
    request: &mut Request<B>,
    target: &Target<'_>,
    credential: &Credential,
    arrival: &Arrival,
    upgrade: bool,
) {
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    let protocol = upgrade.then(|| headers.get(UPGRADE).cloned()).flatten();
    drop_hop_by_hop(headers);
    keep_trailers(headers);
    // Answered by this server itself as soon as the app takes the body.
    headers.remove(EXPECT);
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    drop_own_secrets(headers, credential);
    // It was compared with our host already. Apps compare it with what they think is theirs, and some (ComfyUI)
    // then refuse, or never answer.
    headers.remove(ORIGIN);
    forwarded(headers, target, arrival);
}

/// Removes the headers of one connection, also those named by `Connection`.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| name.trim().parse().ok())
            // A client must not be able to take these away from the app.
            .filter(|name| *name != HOST && *name != COOKIE)
            // Looked at by themselves.
            .filter(|name| *name != TE && *name != TRAILER)
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Headers after a body are passed on, so what announces them is, too; other encodings of a hop are not.
fn keep_trailers(headers: &mut HeaderMap) {
    let wanted = headers
        .get_all(TE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case("trailers"));
    headers.remove(TE);
    if wanted {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

fn drop_own_secrets(headers: &mut HeaderMap, credential: &Credential) {
    let ours = matches!(credential, Credential::Token(_))
        || bearer(headers).is_some_and(|secret| secret.starts_with(TOKEN_PREFIX));
    if ours {
        headers.remove(AUTHORIZATION);
    }
    if !headers.contains_key(COOKIE) {
        return;
    }
    // HTTP/2 sends each cookie in a header of its own; apps know one header only.
    let others: Vec<&str> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .filter(|pair| !is_own_cookie(pair.split('=').next().unwrap_or_default().trim()))
        .collect();
    let others = others.join("; ");
    headers.remove(COOKIE);
    if let (false, Ok(value)) = (others.is_empty(), HeaderValue::from_str(&others)) {
        headers.insert(COOKIE, value);
    }
}

/// What a client said of itself was removed on arrival: the panel is the edge.
fn forwarded(headers: &mut HeaderMap, target: &Target<'_>, arrival: &Arrival) {
    let client = arrival.client.ip().to_canonical();
    let scheme = arrival.scheme();
    let host = headers.get(HOST).cloned();
    let mut insert = |name, text: String| {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    };
    if let Some(host) = host.as_ref().and_then(|host| host.to_str().ok()) {
        let (open, close) = if client.is_ipv6() {
            ("\"[", "]\"")
        } else {
            ("", "")
        };
        insert(
            FORWARDED,
            format!("for={open}{client}{close};host=\"{host}\";proto={scheme}"),
        );
    }
    insert(X_FORWARDED_FOR, client.to_string());
    // Only when it was removed: an app that is asked with its prefix would add it a second time.
    if target.strips() {
        insert(X_FORWARDED_PREFIX, target.prefix.to_string());
    }
    if let Some(client) = headers.get(X_FORWARDED_FOR).cloned() {
        headers.insert(X_REAL_IP, client);
    }
    if let Some(host) = host {
        headers.insert(X_FORWARDED_HOST, host);
    }
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
}
