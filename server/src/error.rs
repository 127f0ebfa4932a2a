//! Errors as HTTP answers: the only place where statuses are chosen.

use app::ApiError;
use app::error::ErrorKind;
use axum::Json;
use axum::extract::rejection::{
    BytesRejection, FailedToBufferBody, JsonRejection, PathRejection, QueryRejection,
};
use axum::extract::{FromRequest, FromRequestParts};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// An error on its way to a client of the API.
#[derive(Debug)]
pub(crate) struct HttpError(pub(crate) ApiError);

/// What every failing route answers.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct ErrorBody {
    /// Stable word for scripts, such as `name_taken`.
    code: String,
    /// A full sentence.
    message: String,
    /// What to do next; may be empty.
    hint: String,
}

impl HttpError {
    pub(crate) fn new(kind: ErrorKind, code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self(ApiError::new(kind, code, message, hint))
    }
}

impl From<ApiError> for HttpError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<engine::Error> for HttpError {
    fn from(error: engine::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let ApiError {
            kind,
            code,
            message,
            hint,
        } = self.0;
        (kind.status(), Json(ErrorBody { code, message, hint })).into_response()
    }
}

/// What a library says about a request, ended as people end a sentence.
fn sentence(mut text: String) -> String {
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

impl From<JsonRejection> for HttpError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::JsonDataError(error) => Self::new(
                ErrorKind::Invalid,
                "invalid_body",
                sentence(error.body_text()),
                "The API's description at /api/docs says what each field holds.",
            ),
            JsonRejection::MissingJsonContentType(_) => Self::new(
                ErrorKind::BadRequest,
                "not_json",
                "The request's body is not marked as JSON.",
                "Send the header Content-Type: application/json.",
            ),
            JsonRejection::BytesRejection(error) => error.into(),
            other => Self::new(
                ErrorKind::BadRequest,
                "malformed_json",
                sentence(other.body_text()),
                "",
            ),
        }
    }
}

impl From<BytesRejection> for HttpError {
    fn from(rejection: BytesRejection) -> Self {
        if let BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) = rejection {
            return Self::new(
                ErrorKind::TooLarge,
                "too_large",
                "The request’s body is too large.",
                "The panel itself takes 4 MiB; apps take what they like.",
            );
        }
        Self::new(
            ErrorKind::BadRequest,
            "unreadable_body",
            sentence(rejection.body_text()),
            "",
        )
    }
}

impl From<PathRejection> for HttpError {
    fn from(rejection: PathRejection) -> Self {
        Self::new(
            ErrorKind::BadRequest,
            "bad_address",
            sentence(rejection.body_text()),
            "",
        )
    }
}

impl From<QueryRejection> for HttpError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(
            ErrorKind::BadRequest,
            "bad_query",
            sentence(rejection.body_text()),
            "",
        )
    }
}

/// A JSON body; what cannot be read is answered in the API's own shape.
#[derive(FromRequest)]
#[from_request(via(Json), rejection(HttpError))]
pub(crate) struct Body<T>(pub(crate) T);

/// A part of the address; what cannot be read is answered in the API's own shape.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(HttpError))]
pub(crate) struct Segment<T>(pub(crate) T);

/// The query; what cannot be read is answered in the API's own shape.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(HttpError))]
pub(crate) struct Query<T>(pub(crate) T);
