//! What is added to answers because of where the panel stands: behind TLS, below a prefix.
//!
//! Handlers know neither; they write addresses and cookies as if the panel were alone on its host.

use axum::http::header::{LOCATION, SET_COOKIE, STRICT_TRANSPORT_SECURITY};
use axum::http::{HeaderMap, HeaderValue, Response};

use super::arrival::Arrival;
use super::{Download, SiteOptions};

/// Half a year: long enough to count, short enough to come back from.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=15768000");

/// Completes an answer. What an app answered has its addresses right already, and the panel's prefix does not
/// count on an app's own host.
pub(super) fn dress(
    answer: &mut Response<Download>,
    arrival: &Arrival,
    options: &SiteOptions,
    own_host: bool,
) {
    let from_app = matches!(answer.body(), Download::App(_));
    let headers = answer.headers_mut();
    if options.hsts && arrival.https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    if from_app {
        return;
    }
    if !own_host && !options.base_path.is_empty() {
        below(headers, &options.base_path);
    }
    if arrival.https && headers.contains_key(SET_COOKIE) {
        each_cookie(headers, |cookie| format!("{cookie}; Secure"));
    }
}

fn below(headers: &mut HeaderMap, base: &str) {
    let moved = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .filter(|location| location.starts_with('/') && !location.starts_with("//"))
        .and_then(|location| HeaderValue::from_str(&format!("{base}{location}")).ok());
    if let Some(location) = moved {
        headers.insert(LOCATION, location);
    }
    if headers.contains_key(SET_COOKIE) {
        each_cookie(headers, |cookie| {
            cookie.replacen("Path=/", &format!("Path={base}/"), 1)
        });
    }
}

fn each_cookie(headers: &mut HeaderMap, change: impl Fn(&str) -> String) {
    let axum::http::header::Entry::Occupied(mut cookies) = headers.entry(SET_COOKIE) else {
        return;
    };
    for value in cookies.iter_mut() {
        if let Some(changed) = value
            .to_str()
            .ok()
            .and_then(|text| HeaderValue::from_str(&change(text)).ok())
        {
            *value = changed;
        }
    }
}
