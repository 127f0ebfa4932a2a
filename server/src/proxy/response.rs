//! What is changed in an app's answer before the browser sees it.

use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, LOCATION, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use axum::response::Response;

use super::Target;
use super::request::{Asked, drop_hop_by_hop};
use crate::credentials;

/// What an app must not decide for the panel it shares a host with: a script over all its paths, its storage,
/// its transport.
const NOT_THE_APPS: [HeaderName; 4] = [
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("alt-svc"),
    STRICT_TRANSPORT_SECURITY,
];

/// Drops what is not the browser's business and moves addresses below the prefix.
pub(super) fn prepare(answer: &mut Response, target: &Target, asked: &Asked) {
    *answer.version_mut() = Version::HTTP_11;
    let switching = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    let protocol = headers.get(UPGRADE).cloned();
    // With both, only the encoding counts; a length that is passed on could cut the answer short.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    drop_hop_by_hop(headers);
    if let (true, Some(protocol)) = (switching, protocol) {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    for name in &NOT_THE_APPS {
        headers.remove(name);
    }
    cookies(headers, target);
    location(headers, target, asked);
}

/// An app may not touch the panel's session, and its cookies stay below its own prefix, because two apps of
/// one kind use the same names.
fn cookies(headers: &mut HeaderMap, target: &Target) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let kept: Vec<HeaderValue> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| {
            let Ok(text) = value.to_str() else {
                return Some(value.clone());
            };
            let name = text.split(['=', ';']).next().unwrap_or_default().trim();
            if name == credentials::COOKIE {
                return None;
            }
            HeaderValue::from_str(&below(text, target)).ok()
        })
        .collect();
    headers.remove(SET_COOKIE);
    for value in kept {
        headers.append(SET_COOKIE, value);
    }
}

fn below(cookie: &str, target: &Target) -> String {
    if !target.strip {
        return cookie.to_owned();
    }
    let parts: Vec<String> = cookie
        .split(';')
        .map(|part| match part.trim().split_once('=') {
            Some((name, path)) if name.trim().eq_ignore_ascii_case("path") => {
                format!(" Path={}", prefixed(path.trim(), target))
            }
            _ => part.to_owned(),
        })
        .collect();
    parts.join(";")
}

/// `path` below the prefix, unless it is there already.
fn prefixed(path: &str, target: &Target) -> String {
    let inside = path
        .strip_prefix(&target.prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    if inside || !path.starts_with('/') {
        return path.to_owned();
    }
    format!("{}{path}", target.prefix)
}

/// Redirects of an app that does not know its prefix.
fn location(headers: &mut HeaderMap, target: &Target, asked: &Asked) {
    if !target.strip {
        return;
    }
    let Some(text) = headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return;
    };
    let port = target.instance.internal_port.unwrap_or_default();
    let own = [
        asked.host.clone(),
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
    ];
    if let Ok(value) = HeaderValue::from_str(&moved(text, &own, target)) {
        headers.insert(LOCATION, value);
    }
}

fn moved(location: &str, own: &[String], target: &Target) -> String {
    if location.starts_with('/') && !location.starts_with("//") {
        return prefixed(location, target);
    }
    let absolute = location
        .strip_prefix("http://")
        .or_else(|| location.strip_prefix("https://"));
    let Some(absolute) = absolute else {
        return location.to_owned();
    };
    let end = absolute.find(['/', '?', '#']).unwrap_or(absolute.len());
    let (host, path) = absolute.split_at(end);
    if !own.iter().any(|own| own.eq_ignore_ascii_case(host)) {
        return location.to_owned();
    }
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    prefixed(&path, target)
}
