//! The layer in front of every route: **what is not known to be public needs a login**.

use app::ApiError;
use app::error::ErrorKind;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use http_body_util::Limited;

use crate::credentials::Credential;
use crate::error::HttpError;
use crate::headers;
use crate::login::{self, local_path};
use crate::proxy::{Place, shares};
use crate::state::{Panel, on_main};
use crate::{form_tokens, origin, passes, routes, sender};

/// The largest body the panel itself takes, bytes; what goes to an app has no limit.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// Lets a request through, or answers it.
pub(crate) async fn guard(State(panel): State<Panel>, request: Request, next: Next) -> Response {
    let asker = Asker::of(&request);
    let mut answer = match admit(&panel, request).await {
        Ok(request) => next.run(request).await,
        Err(answer) => answer,
    };
    if answer.extensions().get::<Panicked>().is_some() {
        answer = asker.refuse(ApiError::internal());
    }
    if asker.path.starts_with("/api/docs") {
        answer
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, headers::docs_policy());
    }
    headers::protect(answer.headers_mut());
    answer
}

async fn admit(panel: &Panel, mut request: Request) -> Result<Request, Response> {
    panel
        .hosts()
        .check(&request)
        .map_err(|error| refuse(&request, error.0))?;
    let credential = Credential::of(panel, request.headers()).await;
    request = form_tokens::vouch(panel, request, credential.as_ref()).await;
    origin::check(&request, credential.as_ref()).map_err(|error| refuse(&request, error.0))?;
    match credential {
        Some(credential) => {
            if matches!(credential, Credential::Session(_)) && accepts_html(request.headers()) {
                panel.homes().used(request.headers());
            }
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
    if is_received_piecewise(&request) {
        return Ok(request);
    }
    Ok(request.map(|body| Body::new(Limited::new(body, BODY_MAX))))
}

/// A wheel goes to a file as it comes and may be large; whoever receives it limits it.
fn is_received_piecewise(request: &Request) -> bool {
    let path = request.uri().path();
    match *request.method() {
        Method::PUT => path.starts_with("/api/wheels/"),
        Method::POST => path == routes::wheels::FORM,
        _ => false,
    }
}

/// The same for what goes to an app. Nothing there is public but the way in.
pub(crate) async fn admit_to_app<B>(
    panel: &Panel,
    place: &Place<'_>,
    request: &axum::http::Request<B>,
) -> Result<Credential, Response> {
    let (headers, uri) = (request.headers(), request.uri());
    place
        .check_host(panel, request)
        .map_err(|error| refuse(request, error.0))?;
    let credential = if panel.is_open() {
        Some(Credential::Open)
    } else if place.has_own_host() {
        Box::pin(on_main(
            panel,
            passes::credential(panel, place.public_port(), headers),
        ))
        .await
    } else {
        Box::pin(on_main(panel, Credential::of(panel, headers))).await
    };
    origin::check(request, credential.as_ref()).map_err(|error| refuse(request, error.0))?;
    if let Some(credential) = credential {
        return Ok(credential);
    }
    if let Some(shown) = Box::pin(shares::admit(panel, place, headers, uri)).await {
        return shown;
    }
    if place.is_reserved(uri.path()) || !place.needs_login() {
        return Ok(Credential::Open);
    }
    let program = place.has_own_host() && !accepts_html(headers);
    let Some(next) = login_path(request).filter(|_| !program) else {
        return Err(refuse(request, not_logged_in()));
    };
    if !place.has_own_host() {
        return Err(on_main(panel, to_login(panel, &next)).await);
    }
    Err(place.where_to_ask(headers, uri).map_or_else(
        || refuse(request, no_pass()),
        |address| Redirect::to(&address).into_response(),
    ))
}

/// The whole list of what works without a login.
fn is_public(method: &Method, path: &str) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match path {
        "/theme" | "/language" => *method == Method::POST,
        "/login" | "/setup" => reads || *method == Method::POST,
        "/favicon.svg" | "/favicon.ico" | "/api/health" => reads,
        _ => reads && path.starts_with("/pkg/"),
    }
}

/// Paths that belong to the apps.
fn is_proxied(path: &str) -> bool {
    path.starts_with("/instance/") || path.starts_with("/app/")
}

/// Where to go on after a login, for people; programs are told instead.
fn login_path<B>(request: &axum::http::Request<B>) -> Option<String> {
    let path = request.uri().path();
    let html = accepts_html(request.headers());
    if is_function(path) && html {
        let page = sender::page(request.headers());
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

fn no_pass() -> ApiError {
    ApiError::new(
        ErrorKind::Unauthorized,
        "not_logged_in",
        "You are not logged in here.",
        "Open this app from the panel: its link logs you in.",
    )
}

async fn to_login(panel: &Panel, next: &str) -> Response {
    if matches!(panel.engine.accounts.is_set_up().await, Ok(false)) {
        return Redirect::to("/setup").into_response();
    }
    Redirect::to(&login::address(next, &[])).into_response()
}

/// Answers in the shape the caller reads.
fn refuse<B>(request: &axum::http::Request<B>, error: ApiError) -> Response {
    Asker::of(request).refuse(error)
}

/// In which shape somebody reads an answer: programs an object, people a sentence.
pub(crate) struct Asker {
    path: String,
    html: bool,
}

impl Asker {
    pub(crate) fn of<B>(request: &axum::http::Request<B>) -> Self {
        Self {
            path: request.uri().path().to_owned(),
            html: accepts_html(request.headers()),
        }
    }

    pub(crate) fn refuse(&self, error: ApiError) -> Response {
        let function = is_function(&self.path);
        if function && !self.html {
            return (error.kind.status(), Json(error)).into_response();
        }
        // A form without scripts posts to a function, and a person reads the answer.
        if !self.html || is_program(&self.path) && !function {
            return HttpError(error).into_response();
        }
        (error.kind.status(), format!("{} {}\n", error.message, error.hint)).into_response()
    }
}

fn is_function(path: &str) -> bool {
    path.starts_with("/fn/")
}

fn is_program(path: &str) -> bool {
    path == "/ws"
        || path == "/metrics"
        || path.starts_with("/ws/")
        || path == "/api"
        || path.starts_with("/api/")
        || is_function(path)
}

pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

/// Marks the answer of a handler that panicked: the guard, which knows who asked, writes it.
#[derive(Clone, Copy)]
struct Panicked;

/// What a panicking handler answers instead of a cut connection.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, Extension(Panicked)).into_response()
}
