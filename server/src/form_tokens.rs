//! Forms of browsers that do not say where a form comes from.
//!
//! Text browsers (w3m, lynx) send neither `Origin` nor `Sec-Fetch-Site` with a form, lynx not even a `Referer` from a page
//! whose address has a query. Nor do they know `SameSite`, so a form on a foreign page would reach the panel with the
//! session's cookie. So every form of the plain pages carries a *token*: an HMAC-SHA-256 over the session's secret, which
//! no foreign page can know. It counts for the plain pages only, and only where both headers are missing: what a browser
//! says of a request always decides, and with scripts there is none that says nothing.
//!
//! Logging in and choosing the first password need no token: the form itself holds a secret that no foreign page knows,
//! and there is only one account that somebody could be logged in to.

use std::fmt::Write as _;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderMap, Method};
use ring::hmac;

use crate::credentials::Credential;
use crate::state::Panel;

/// The largest form, bytes: a script with every character escaped.
const FORM_MAX: usize = 4 * 1024 * 1024;

/// Name of the field.
const FIELD: &str = "token";

/// In a request's extensions: its form has shown that it is one of ours.
#[derive(Clone, Copy)]
pub(crate) struct Vouched;

/// The token of a session; empty where no session is asked for.
pub(crate) fn token(panel: &Panel, credential: Option<&Credential>) -> String {
    let Some(Credential::Session(secret)) = credential else {
        return String::new();
    };
    let tag = hmac::sign(&key(panel), &message(secret));
    tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Looks at the form of a browser that says nothing, and marks it if it is one of ours; passes on everything else as
/// it came.
pub(crate) async fn vouch(panel: &Panel, mut request: Request, credential: Option<&Credential>) -> Request {
    if !is_silent_form(&request) {
        return request;
    }
    match (request.uri().path(), credential) {
        ("/login" | "/setup", _) => {
            request.extensions_mut().insert(Vouched);
            request
        }
        (path, Some(Credential::Session(secret))) if is_plain(path) => {
            let (mut head, body) = request.into_parts();
            // What is too large is no form of ours; whoever handles it finds it empty.
            let body = to_bytes(body, FORM_MAX).await.unwrap_or_default();
            if fits(panel, secret, &body) {
                head.extensions.insert(Vouched);
            }
            Request::from_parts(head, Body::from(body))
        }
        _ => request,
    }
}

/// Whether a path is one that forms of the plain pages are sent to.
fn is_plain(path: &str) -> bool {
    path.starts_with("/lite/") || path == "/logout"
}

fn is_silent_form(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::POST
        && !headers.contains_key(ORIGIN)
        && !headers.contains_key("sec-fetch-site")
        && is_form(headers)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.and_then(|kind| kind.split(';').next()).is_some_and(|kind| {
        kind.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn fits(panel: &Panel, secret: &str, body: &[u8]) -> bool {
    let mut tokens = url::form_urlencoded::parse(body).filter(|(name, _)| name == FIELD);
    let (Some((_, token)), None) = (tokens.next(), tokens.next()) else {
        return false;
    };
    let digits = token.as_bytes().chunks(2).map(std::str::from_utf8);
    let tag: Option<Vec<u8>> = digits
        .map(|pair| u8::from_str_radix(pair.ok()?, 16).ok())
        .collect();
    tag.is_some_and(|tag| hmac::verify(&key(panel), &message(secret), &tag).is_ok())
}

fn key(panel: &Panel) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, panel.engine.accounts.cookie_key())
}

/// The key signs other things, too (`proxy/marks.rs`), whose messages begin with a number.
fn message(secret: &str) -> Vec<u8> {
    [b"a form of the plain pages:", secret.as_bytes()].concat()
}
