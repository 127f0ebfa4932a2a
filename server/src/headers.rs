//! Headers that keep browsers from doing harm with the panel's own pages.

use app::links::RequestOrigin;
use axum::http::{HeaderMap, HeaderValue, header};
use leptos::nonce::use_nonce;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::origin::host_name;

/// Sets the policy of a rendered page, with the nonce its inline scripts carry. Runs inside the rendering.
pub(crate) fn allow_inline_scripts() {
    let origin = use_context::<RequestOrigin>();
    let frames = origin.map(|origin| apps(&origin)).unwrap_or_default();
    if let (Some(options), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce())
        && let Ok(value) = HeaderValue::from_str(&policy(&format!("'nonce-{nonce}'"), &frames))
    {
        options.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// Adds what a handler has not set itself.
pub(crate) fn protect(headers: &mut HeaderMap) {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let is = |kinds: &[&str]| kind.is_some_and(|kind| kinds.iter().any(|known| kind.starts_with(known)));
    // A part of a page, which has a policy of its own: opened alone it is text.
    let is_part = is(&["application/wasm", "text/css", "text/javascript"]);
    // Data and pictures ask for nothing, whoever opens them.
    let is_data = is(&["application/json", "image/"]);
    let mut default = |name, value: &str| {
        if !headers.contains_key(&name)
            && let Ok(value) = HeaderValue::from_str(value)
        {
            headers.insert(name, value);
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::CACHE_CONTROL, "no-store");
    if is_data {
        default(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'self'",
        );
    } else if !is_part {
        default(header::CONTENT_SECURITY_POLICY, &policy("", ""));
        default(header::X_FRAME_OPTIONS, "SAMEORIGIN");
        // Not `no-referrer`: plain form posts would then carry `Origin: null`, which is refused.
        default(header::REFERRER_POLICY, "same-origin");
    }
}

/// Where apps lie that the panel may show inside its pages: on ports and sub-domains of the asking host.
fn apps(origin: &RequestOrigin) -> String {
    let name = host_name(&origin.host);
    // Nothing stands before an address.
    let is_address = name.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
    ["http", "https"]
        .map(|scheme| {
            let below = format!(" {scheme}://*.{name}:*");
            format!("{scheme}://{name}:*{}", if is_address { "" } else { &below })
        })
        .join(" ")
}

/// Everything from the panel itself; style *attributes* may be inline because rendered sizes need them.
fn policy(script: &str, frames: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' {script}; style-src 'self' {script}; \
         style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-src 'self' {frames}; frame-ancestors 'self'"
    )
}

/// The policy of the API's interactive description, whose vendored script writes `<style>` elements.
pub(crate) fn docs_policy() -> HeaderValue {
    HeaderValue::from_static(
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    )
}
