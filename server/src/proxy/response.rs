//! What is changed in an app's answer before the browser sees it.

use axum::http::header::{CONNECTION, CONTENT_LENGTH, LOCATION, SET_COOKIE, TRANSFER_ENCODING, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Version};

use super::place::{Target, is_own_cookie};
use super::request::{Asked, drop_named_by_connection, is_hop_by_hop};
use crate::addresses::Way;
use crate::site::arrival::remove_if;

/// What an app must not decide for the panel it shares a host with: a script over all its paths, its storage.
fn is_not_beside_the_panel(name: &str) -> bool {
    matches!(name, "service-worker-allowed" | "clear-site-data")
}

/// What an app must not decide anywhere: where and how its host is reached.
fn is_not_the_apps(name: &str) -> bool {
    matches!(name, "alt-svc" | "strict-transport-security")
}

/// Drops what is not the browser's business and moves addresses below the prefix.
pub(super) fn prepare<B>(answer: &mut Response<B>, target: &Target<'_>, asked: &Asked) {
    *answer.version_mut() = Version::HTTP_11;
    let switching = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    let protocol = switching.then(|| headers.get(UPGRADE).cloned()).flatten();
    // With both, only the encoding counts; a length that is passed on could cut the answer short.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    drop_named_by_connection(headers);
    let shared = target.way != Way::Host;
    remove_if(headers, |name| {
        is_hop_by_hop(name) || is_not_the_apps(name) || shared && is_not_beside_the_panel(name)
    });
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    cookies(headers, target);
    location(headers, target, asked);
}

/// An app may not touch the panel's session, and its cookies stay its own: on a host it shares below its own
/// prefix, because two apps of one kind use the same names; and never for more hosts than its own. On a host of its
/// own each gets a mark beside it.
fn cookies(headers: &mut HeaderMap, target: &Target<'_>) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let set: Vec<String> = headers.get_all(SET_COOKIE).iter().map(letters).collect();
    headers.remove(SET_COOKIE);
    for cookie in set {
        let name = cookie.split(['=', ';']).next().unwrap_or_default().trim();
        if is_own_cookie(name) {
            continue;
        }
        let cookie = contained(&cookie, target);
        let mark = target
            .marks
            .map(|marks| marks.beside(target.route.instance.id, &cookie));
        for value in mark.iter().chain([&cookie]).filter_map(|text| header_value(text)) {
            headers.append(SET_COOKIE, value);
        }
    }
}

/// Each byte as a letter: values may be written in any encoding, and none is a way around what is looked for.
fn letters(value: &HeaderValue) -> String {
    value.as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes behind such letters.
fn header_value(letters: &str) -> Option<HeaderValue> {
    let bytes: Result<Vec<u8>, _> = letters.chars().map(u8::try_from).collect();
    HeaderValue::from_bytes(&bytes.ok()?).ok()
}

fn contained(cookie: &str, target: &Target<'_>) -> String {
    let parts: Vec<String> = cookie
        .split(';')
        .enumerate()
        .filter_map(|(place, part)| {
            let (name, value) = part.trim().split_once('=').unwrap_or((part.trim(), ""));
            if place > 0 && name.trim().eq_ignore_ascii_case("domain") {
                return None;
            }
            if place > 0 && name.trim().eq_ignore_ascii_case("path") {
                return Some(format!(" Path={}", prefixed(value.trim(), target)));
            }
            Some(part.to_owned())
        })
        .collect();
    parts.join(";")
}

/// `path` below the prefix, unless it is there already.
fn prefixed(path: &str, target: &Target<'_>) -> String {
    let inside = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    };
    if target.prefix.is_empty() || !path.starts_with('/') || inside(&target.prefix) {
        return path.to_owned();
    }
    // An app that was told its prefix was told this one, whichever alias was asked for.
    if !target.app_prefix.is_empty() && inside(&target.app_prefix) {
        return path.to_owned();
    }
    format!("{}{path}", target.prefix)
}

/// Redirects of an app that does not know its prefix, or not its public host.
fn location(headers: &mut HeaderMap, target: &Target<'_>, asked: &Asked) {
    let Some(text) = headers.get(LOCATION).map(letters) else {
        return;
    };
    let port = target.route.instance.internal_port.unwrap_or_default();
    let inner = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let public = asked.host.as_ref().and_then(|host| host.to_str().ok());
    if let Some(value) = header_value(&moved(&text, public, &inner, target)) {
        headers.insert(LOCATION, value);
    }
}

fn moved(location: &str, public: Option<&str>, inner: &[String], target: &Target<'_>) -> String {
    let move_path = |path: &str| {
        if target.strips() {
            prefixed(path, target)
        } else {
            path.to_owned()
        }
    };
    if location.starts_with('/') && !location.starts_with("//") {
        return move_path(location);
    }
    let absolute = location
        .strip_prefix("http://")
        .or_else(|| location.strip_prefix("https://"));
    let Some(absolute) = absolute else {
        return location.to_owned();
    };
    let end = absolute.find(['/', '?', '#']).unwrap_or(absolute.len());
    let (host, path) = absolute.split_at(end);
    let own = public
        .into_iter()
        .chain(inner.iter().map(String::as_str))
        .any(|own| own.eq_ignore_ascii_case(host));
    if !own {
        return location.to_owned();
    }
    if path.starts_with('/') {
        move_path(path)
    } else {
        move_path(&format!("/{path}"))
    }
}
