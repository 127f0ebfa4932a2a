//! The layer in front of every route: **what is not known to be public needs a login**.

use app::ApiError;
use app::error::ErrorKind;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::Limited;

use crate::credentials::Credential;
use crate::error::HttpError;
use crate::headers::{self, FromApp};
use crate::login::{self, is_local, local_path};
use crate::origin;
use crate::state::Panel;

/// The largest body the panel itself takes, bytes; apps behind the proxy have no limit.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// Lets a request through, or answers it.
pub(crate) async fn guard(State(panel): State<Panel>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let mut answer = match admit(&panel, request).await {
        Ok(request) => next.run(request).await,
        Err(answer) => answer,
    };
    if answer.extensions().get::<FromApp>().is_none() {
        if path.starts_with("/api/docs") {
            answer
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, headers::docs_policy());
        }
        headers::protect(answer.headers_mut());
    }
    if chunked && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        // The client, or a proxy in front of us, may have sent a Content-Length as well and think that the body
        // ends elsewhere. Hyper drops that header unseen, so what follows is never read as a request.
        answer
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

async fn admit(panel: &Panel, mut request: Request) -> Result<Request, Response> {
    panel
        .hosts()
        .check(&request)
        .map_err(|error| refuse(&request, error.0))?;
    let credential = Credential::of(panel, request.headers()).await;
    origin::check(&request, credential.as_ref()).map_err(|error| refuse(&request, error.0))?;
    match credential {
        Some(credential) => {
            request.extensions_mut().insert(credential);
        }
        None if is_public(request.method(), request.uri().path()) => {}
        None => {
            let answer = match login_path(&request) {
                Some(next) => to_login(panel, &next).await,
                None => refuse(&request, not_logged_in()),
            };
            return Err(answer);
        }
    }
    if !is_proxied(request.uri().path()) {
        request = request.map(|body| Body::new(Limited::new(body, BODY_MAX)));
    }
    Ok(request)
}

/// The whole list of what works without a login.
fn is_public(method: &Method, path: &str) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match path {
        "/theme" => *method == Method::POST,
        "/login" | "/setup" => reads || *method == Method::POST,
        "/favicon.svg" | "/api/health" => reads,
        _ => reads && path.starts_with("/pkg/"),
    }
}

/// Paths that belong to the apps.
fn is_proxied(path: &str) -> bool {
    path.starts_with("/instance/") || path.starts_with("/app/")
}

/// Where to go on after a login, for people; programs are told instead.
fn login_path(request: &Request) -> Option<String> {
    let path = request.uri().path();
    let html = accepts_html(request.headers());
    if is_function(path) && html {
        let page = referring_path(request.headers());
        return Some(page.map_or_else(|| "/".to_owned(), |page| local_path(&page)));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let page = reads && !is_program(path) && (html || !is_proxied(path));
    page.then(|| {
        request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned()
    })
}

fn not_logged_in() -> ApiError {
    ApiError::new(
        ErrorKind::Unauthorized,
        "not_logged_in",
        "You are not logged in.",
        "Log in at /login; scripts send an API token (Authorization: Bearer).",
    )
}

async fn to_login(panel: &Panel, next: &str) -> Response {
    if matches!(panel.engine.accounts.is_set_up().await, Ok(false)) {
        return Redirect::to("/setup").into_response();
    }
    Redirect::to(&login::address(next, &[])).into_response()
}

/// Answers in the shape the caller reads: an object for programs, a sentence for people.
fn refuse(request: &Request, error: ApiError) -> Response {
    let path = request.uri().path();
    let html = accepts_html(request.headers());
    if is_function(path) && !html {
        return (error.kind.status(), Json(error)).into_response();
    }
    // A form without scripts posts to a function, and a person reads the answer.
    if !html || is_program(path) && !is_function(path) {
        return HttpError(error).into_response();
    }
    (error.kind.status(), format!("{} {}\n", error.message, error.hint)).into_response()
}

fn is_function(path: &str) -> bool {
    path.starts_with("/fn/")
}

fn is_program(path: &str) -> bool {
    path == "/ws" || path == "/api" || path.starts_with("/api/") || is_function(path)
}

pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

/// The page a plain form was sent from, where it is one of ours.
pub(crate) fn referring_path(headers: &HeaderMap) -> Option<String> {
    let address = headers.get(header::REFERER)?.to_str().ok()?;
    let address = address.parse::<axum::http::Uri>().ok()?;
    let page = address.path_and_query()?.as_str();
    is_local(page).then(|| page.to_owned())
}

/// What a failing handler answers instead of a cut connection.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "The panel could not do this; its log says why.\n",
    )
        .into_response()
}
