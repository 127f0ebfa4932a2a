//! What is changed in a request before the app sees it.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};

use axum::body::Bytes;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONNECTION, COOKIE, FORWARDED, HOST, TE, TRAILER, UPGRADE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Version};

use super::marks::name_of;
use super::place::{Target, is_own_cookie};
use crate::credentials::{Credential, bearer};
use crate::site::arrival::{
    Arrival, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PREFIX, X_FORWARDED_PROTO, X_REAL_IP, remove_if,
};

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
    drop_named_by_connection(headers);
    remove_if(headers, |name| is_hop_by_hop(name) || is_answered_here(name));
    keep_trailers(headers);
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    drop_own_secrets(headers, target, credential);
    forwarded(headers, target, arrival);
}

/// Headers that speak of one connection only.
pub(super) fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Headers that are dealt with here already: this server itself goes on as soon as the app takes the body, and the
/// origin was compared with our host. Apps compare it with what they think is theirs, and some (`ComfyUI`) then
/// refuse, or never answer.
fn is_answered_here(name: &str) -> bool {
    matches!(name, "expect" | "origin")
}

/// Removes what a `Connection` header says is of one connection only.
pub(super) fn drop_named_by_connection(headers: &mut HeaderMap) {
    if !headers.contains_key(CONNECTION) {
        return;
    }
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

/// Headers after a body are passed on, so what announces them is, too; other encodings of a hop are not.
fn keep_trailers(headers: &mut HeaderMap) {
    if !headers.contains_key(TE) {
        return;
    }
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

fn drop_own_secrets(headers: &mut HeaderMap, target: &Target<'_>, credential: &Credential) {
    let ours = matches!(credential, Credential::Token(_))
        || bearer(headers).is_some_and(|secret| secret.starts_with(TOKEN_PREFIX));
    if ours {
        headers.remove(AUTHORIZATION);
    }
    if !headers.contains_key(COOKIE) {
        return;
    }
    // HTTP/2 sends each cookie in a header of its own; apps know one header only.
    // Their values may be any bytes.
    let all: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .map(<[u8]>::trim_ascii)
        .filter(|pair| !pair.is_empty())
        .collect();
    let mut others = match target.marks {
        Some(marks) => marks.own(target.route.instance.id, all, target.script_cookies),
        None => all,
    };
    others.retain(|pair| !is_own_cookie(&name_of(pair)));
    let others = others.join(&b"; "[..]);
    headers.remove(COOKIE);
    if let (false, Ok(value)) = (others.is_empty(), HeaderValue::from_bytes(&others)) {
        headers.insert(COOKIE, value);
    }
}

/// What a client said of itself was removed on arrival: the panel is the edge.
fn forwarded(headers: &mut HeaderMap, target: &Target<'_>, arrival: &Arrival) {
    let client = arrival.client.ip().to_canonical();
    let host = headers.get(HOST).cloned();
    LAST.with_borrow_mut(|last| {
        if last.client != client || last.host != host || last.https != arrival.https {
            *last = Said::new(client, host.as_ref(), arrival);
        }
        headers.insert(X_FORWARDED_FOR, last.by.clone());
        headers.insert(X_REAL_IP, last.by.clone());
        if let Some(forwarded) = &last.forwarded {
            headers.insert(FORWARDED, forwarded.clone());
        }
    });
    // Only when it was removed: an app that is asked with its prefix would add it a second time.
    if let Some(prefix) = target.stripped() {
        headers.insert(X_FORWARDED_PREFIX, prefix);
    }
    if let Some(host) = host {
        headers.insert(X_FORWARDED_HOST, host);
    }
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(arrival.scheme()));
}

/// What is said of a client. The next request is mostly of the same, so the last is kept.
struct Said {
    client: IpAddr,
    host: Option<HeaderValue>,
    https: bool,
    by: HeaderValue,
    forwarded: Option<HeaderValue>,
}

thread_local! {
    static LAST: RefCell<Said> = const { RefCell::new(Said::NOTHING) };
}

impl Said {
    const NOTHING: Self = Self {
        client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        host: None,
        https: false,
        by: HeaderValue::from_static("0.0.0.0"),
        forwarded: None,
    };

    fn new(client: IpAddr, host: Option<&HeaderValue>, arrival: &Arrival) -> Self {
        let (open, close) = if client.is_ipv6() {
            ("\"[", "]\"")
        } else {
            ("", "")
        };
        let scheme = arrival.scheme();
        let value = |text: String| HeaderValue::from_maybe_shared(Bytes::from(text)).ok();
        Self {
            client,
            // A copy: the value is a piece of the whole head.
            host: host.and_then(|host| HeaderValue::from_bytes(host.as_bytes()).ok()),
            https: arrival.https,
            by: value(client.to_string()).unwrap_or(Self::NOTHING.by),
            forwarded: host.and_then(|host| host.to_str().ok()).and_then(|host| {
                value(format!(
                    "for={open}{client}{close};host=\"{host}\";proto={scheme}"
                ))
            }),
        }
    }
}
