//! Scripts, styles and icons, embedded in the program.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use rust_embed::{EmbeddedFile, RustEmbed};

use std::fmt::Write as _;

/// What the build puts into `target/site` of the workspace; missing in a build without the web part.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// Serves one file: the compressed sibling where the browser takes it, and 304 where it has it already.
pub(crate) async fn serve(request: Request) -> axum::response::Response {
    let path = request.uri().path().trim_start_matches('/');
    let Some((file, encoded)) = find(path, request.headers()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = etag(&file, encoded);
    let mut answer = Response::builder()
        .header(header::ETAG, &etag)
        .header(header::CACHE_CONTROL, keeping(path))
        .header(header::VARY, "accept-encoding");
    if request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| matches(known, &etag))
    {
        return finish(answer.status(StatusCode::NOT_MODIFIED).body(Body::empty()));
    }
    if encoded {
        answer = answer.header(header::CONTENT_ENCODING, "br");
    }
    let body = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes),
    };
    finish(answer.header(header::CONTENT_TYPE, content_type(path)).body(body))
}

/// How long a browser keeps a file: for ever where the name says which build it is of. Otherwise it asks each time; the
/// answer is 304 and costs next to nothing.
fn keeping(path: &str) -> &'static str {
    if hash_in(path).is_some() {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

/// The hash in a name such as `terminal-0123456789ab.js`.
fn hash_in(path: &str) -> Option<&str> {
    let (_, last) = path.rsplit_once('-')?;
    let (hash, _) = last.split_once('.')?;
    let is_hash = hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(hash)
}

/// The hash in the names of what is loaded when it is needed; empty in a build without the web part.
pub(crate) fn build() -> String {
    let mut names = Site::iter();
    let script = names.find(|name| name.starts_with("pkg/terminal-"));
    let hash = script.as_deref().and_then(hash_in);
    hash.unwrap_or_default().to_owned()
}

/// The icon under the name that browsers try for pages that name none: apps below the panel among them.
pub(crate) async fn icon(mut request: Request) -> axum::response::Response {
    *request.uri_mut() = Uri::from_static("/favicon.svg");
    serve(request).await
}

fn find(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, bool)> {
    if accepts_brotli(headers)
        && let Some(file) = Site::get(&format!("{path}.br"))
    {
        return Some((file, true));
    }
    Site::get(path).map(|file| (file, false))
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts.next() == Some("br") && !parts.any(refuses)
        })
}

/// Whether a parameter is a weight of nothing: `q=0`, `q=0.0`.
fn refuses(parameter: &str) -> bool {
    let weight = parameter
        .strip_prefix("q=")
        .and_then(|weight| weight.parse::<f32>().ok());
    weight.is_some_and(|weight| weight <= 0.0)
}

fn etag(file: &EmbeddedFile, encoded: bool) -> String {
    let mut text = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..12] {
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str(if encoded { "-br\"" } else { "\"" });
    text
}

fn matches(known: &HeaderValue, etag: &str) -> bool {
    known.to_str().is_ok_and(|known| {
        known
            .split(',')
            .any(|one| one.trim().trim_start_matches("W/") == etag)
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn finish(answer: Result<Response<Body>, axum::http::Error>) -> axum::response::Response {
    answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_by_its_build_is_kept_for_ever() {
        for path in [
            "pkg/terminal-0123456789ab.js",
            "pkg/split_a-b_1-00ff00ff00ff.wasm",
        ] {
            assert!(keeping(path).contains("immutable"), "{path}");
        }
        for path in [
            "pkg/aikore.css",
            "pkg/frontend_bg.wasm",
            "pkg/terminal-.js",
            "pkg/a-0123456789.js",
            "pkg/a-0123456789xy.js",
            "pkg/0123456789ab.js",
        ] {
            assert_eq!(keeping(path), "no-cache", "{path}");
        }
    }

    #[test]
    fn brotli_is_sent_only_to_who_takes_it() {
        for (value, takes) in [
            ("gzip, br", true),
            ("br;q=0", false),
            ("gzip, br; q=0.0", false),
            ("br;q=0.0001", true),
            ("gzip", false),
            ("br;q=0.8", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(accepts_brotli(&headers), takes, "{value}");
        }
    }
}
