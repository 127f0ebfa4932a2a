//! `/lite` over HTTP: asks the engine as the API does, and lets `app::lite` make the pages.
//!
//! Every action is a form. What goes well leads on to a page (303), so that loading it again does nothing twice; what is
//! refused is answered with the form as it was sent, and the reason above it.

mod asked;
mod desktop;
mod files;
mod instances;
mod jobs;
mod logs;
mod machine;
mod trash;

use app::ApiError;
use app::error::ErrorKind;
use app::lite::Typed;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use leptos::nonce::Nonce;

use self::asked::Asked;
use crate::error::HttpError;
use crate::state::Panel;

pub(crate) fn router(panel: &Panel) -> Router<Panel> {
    Router::new()
        .route("/lite", get(instances::list))
        .route("/lite/", get(instances::list))
        .route("/lite/new", get(instances::new).post(instances::create))
        .route("/lite/instances/{id}", get(instances::one))
        .route(
            "/lite/instances/{id}/start",
            get(instances::ask_start).post(instances::start),
        )
        .route("/lite/instances/{id}/stop", post(instances::stop))
        .route("/lite/instances/{id}/restart", post(instances::restart))
        .route("/lite/instances/{id}/activate", post(instances::activate))
        .route("/lite/instances/{id}/deactivate", post(instances::deactivate))
        .route("/lite/instances/{id}/port", post(instances::use_port))
        .route(
            "/lite/instances/{id}/takeover",
            get(instances::ask_takeover).post(instances::take_over),
        )
        .route(
            "/lite/instances/{id}/edit",
            get(instances::edit).post(instances::save),
        )
        .route(
            "/lite/instances/{id}/delete",
            get(instances::ask_delete).post(instances::delete),
        )
        .route(
            "/lite/instances/{id}/desktop",
            get(desktop::show).post(desktop::act),
        )
        .route("/lite/instances/{id}/logs", get(logs::one))
        .route(
            "/lite/instances/{id}/files/{file}",
            get(files::show).post(files::post),
        )
        .route("/lite/logs", get(logs::choose))
        .route("/lite/machine", get(machine::show))
        .route("/lite/jobs", get(jobs::list))
        .route("/lite/jobs/{id}", get(jobs::one))
        .route("/lite/jobs/{id}/cancel", post(jobs::cancel))
        .route("/lite/trash", get(trash::list))
        .route(
            "/lite/trash/restore",
            get(trash::ask_restore).post(trash::restore),
        )
        .route("/lite/trash/remove", get(trash::ask_remove).post(trash::remove))
        .route("/lite/trash/empty", get(trash::ask_empty).post(trash::empty))
        .route("/lite/{*unknown}", get(unknown))
        .method_not_allowed_fallback(only_by_a_form)
        .layer(from_fn_with_state(panel.clone(), say_in_a_page))
}

/// The answer of a handler.
type Answer = Result<Response, Refusal>;

/// What could not be done; becomes a page of its own.
#[derive(Clone, Debug)]
pub(crate) struct Refusal(ApiError);

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<engine::Error> for Refusal {
    fn from(error: engine::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.0.kind.status();
        (status, axum::Extension(self)).into_response()
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self(HttpError::from(rejection).0)
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        Self(HttpError::from(rejection).0)
    }
}

/// Gives refusals the look of the other pages.
async fn say_in_a_page(asked: Asked, request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    let Some(Refusal(error)) = answer.extensions().get::<Refusal>() else {
        return answer;
    };
    let asked = asked.with_problem(error);
    asked.answer(answer.status(), app::lite::Frame::sorry)
}

async fn unknown() -> Refusal {
    Refusal(ApiError::new(
        ErrorKind::NotFound,
        "unknown_page",
        "There is no such page.",
        "The address may be old or mistyped.",
    ))
}

/// Nothing is changed by following a link.
async fn only_by_a_form(asked: Asked) -> Response {
    let error = ApiError::new(
        ErrorKind::BadRequest,
        "wrong_method",
        "This is done by a button of a page, not by an address.",
        "",
    );
    asked
        .with_problem(&error)
        .answer(StatusCode::METHOD_NOT_ALLOWED, app::lite::Frame::sorry)
}

/// A part of the address.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Refusal))]
struct Part<T>(T);

/// The fields of a form.
struct Fields(Typed);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = Bytes::from_request(request, state).await?;
        let pairs = url::form_urlencoded::parse(&body);
        Ok(Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        ))
    }
}

/// Leads on to a path of these pages.
fn led(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// A finished page with its policy: nothing but itself, and no script at all.
fn page(status: StatusCode, nonce: &Nonce, html: String) -> Response {
    // What says its colour in numbers in a log is an attribute.
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    );
    let mut answer = (status, Html(html)).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        answer
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}
