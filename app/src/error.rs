//! The only error on the wire.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// An error as browsers and scripts see it: a stable code, a sentence, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}{}{hint}", if .hint.is_empty() { "" } else { " " })]
pub struct ApiError {
    /// What kind of situation it is; decides the HTTP status. The API leaves it to that.
    #[serde(default)]
    pub kind: ErrorKind,
    /// Stable word for scripts, such as `name_taken`.
    pub code: String,
    /// A full sentence.
    pub message: String,
    /// What to do next; may be empty.
    pub hint: String,
}

/// Kinds of situations, one per HTTP status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// 400: the request cannot be read.
    BadRequest,
    /// 401: not logged in.
    Unauthorized,
    /// 403: logged in, or from elsewhere, but not allowed.
    Forbidden,
    /// 404.
    NotFound,
    /// 409: does not fit the present state.
    Conflict,
    /// 413: more than the panel takes.
    TooLarge,
    /// 422: readable, but breaks a rule.
    Invalid,
    /// 429.
    TooMany,
    /// 500: our fault; details are in the server's log.
    #[default]
    Internal,
    /// The server could not be reached.
    Transport,
}

impl ApiError {
    /// An error with a hint.
    pub fn new(kind: ErrorKind, code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            message: message.into(),
            hint: hint.to_owned(),
        }
    }

    /// Our fault; the server's log says more.
    #[cfg(feature = "ssr")]
    pub fn internal() -> Self {
        Self::new(
            ErrorKind::Internal,
            "internal",
            "The panel could not do this.",
            "Its log says why; the panel's terminal or service log shows it.",
        )
    }

    /// The panel cannot be reached, or does not speak as expected.
    pub(crate) fn transport(detail: &str) -> Self {
        Self::new(
            ErrorKind::Transport,
            "transport",
            format!("The panel did not answer: {detail}."),
            "Check that AiKore runs, then try again.",
        )
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::MissingArg(detail) => Self::new(
                ErrorKind::BadRequest,
                "bad_request",
                format!("The request cannot be read: {detail}."),
                "",
            ),
            other => Self::transport(&other.to_string()),
        }
    }
}

impl ApiError {
    /// The error of a form that was posted without scripts, as the answer puts it into the address: JSON in the
    /// URL's kind of base64.
    #[cfg(feature = "ssr")]
    pub(crate) fn of_address(text: &str) -> Self {
        leptos::server_fn::error::ServerFnUrlError::<Self>::decode_err(text)
    }

    /// The error of a form that was posted without scripts, as the answer puts it into the address: JSON in the
    /// URL's kind of base64.
    #[cfg(not(feature = "ssr"))]
    pub(crate) fn of_address(text: &str) -> Self {
        let text = text.replace('-', "+").replace('_', "/");
        let bytes = leptos::prelude::window().atob(&text).unwrap_or_default();
        // `escape` turns the characters that stand for bytes into what the other one reads as UTF-8.
        let text = js_sys::decode_uri_component(&String::from(js_sys::escape(&bytes)));
        let text = text.map(String::from).unwrap_or_default();
        crate::json::read(&text).unwrap_or_else(|error| Self::transport(&error.to_string()))
    }
}

/// *The* boundary: what the engine calls a situation becomes what people read. Internals are logged once, here.
#[cfg(feature = "ssr")]
impl From<engine::Error> for ApiError {
    fn from(error: engine::Error) -> Self {
        use engine::Error as E;
        let message = error.to_string();
        let (kind, code, hint) = match &error {
            E::UnknownInstance(_) => (
                ErrorKind::NotFound,
                "unknown_instance",
                "It may have been deleted; reload the list.",
            ),
            E::UnknownJob(_) => (ErrorKind::NotFound, "unknown_job", ""),
            E::UnknownRun { .. } => (ErrorKind::NotFound, "unknown_run", ""),
            E::UnknownToken(_) => (ErrorKind::NotFound, "unknown_token", ""),
            E::UnknownBlueprint(_) => (ErrorKind::Invalid, "unknown_blueprint", "Choose one of the list."),
            E::InvalidName(_) => (ErrorKind::Invalid, "invalid_name", ""),
            E::InvalidField { .. } => (ErrorKind::Invalid, "invalid_field", ""),
            E::PasswordTooShort(_) => (ErrorKind::Invalid, "password_too_short", ""),
            E::PortOutOfRange { .. } => (
                ErrorKind::Invalid,
                "port_out_of_range",
                "Choose a port of the range.",
            ),
            E::NameTaken(_) => (ErrorKind::Conflict, "name_taken", "Choose another name."),
            E::PortTaken { .. } => (
                ErrorKind::Conflict,
                "port_taken",
                "Choose another port, or end that program.",
            ),
            E::PortNotOpened { .. } => (
                ErrorKind::Conflict,
                "port_not_opened",
                "Check the addresses given with --bind-public.",
            ),
            E::NotStarted { .. } => (ErrorKind::BadRequest, "not_started", "Start it first."),
            E::NoPublicPort(_) => (
                ErrorKind::BadRequest,
                "no_public_port",
                "Give it a public port first, then save.",
            ),
            E::NoFreeInternalPort(_) => (
                ErrorKind::Conflict,
                "no_free_internal_port",
                "Stop some instances, or what else holds these ports.",
            ),
            E::StaleRow { .. } => (
                ErrorKind::Conflict,
                "stale_row",
                "Look at the present values, then save again.",
            ),
            E::WrongStatus { .. } => (ErrorKind::Conflict, "wrong_status", ""),
            E::NotRunning(_) => (ErrorKind::Conflict, "not_running", "Start it first."),
            E::HasSatellites { .. } => (
                ErrorKind::Conflict,
                "has_satellites",
                "Delete the satellites first.",
            ),
            E::NotConfirmed(_) => (ErrorKind::Invalid, "not_confirmed", "Type the name exactly."),
            E::AlreadySetUp => (ErrorKind::Conflict, "already_set_up", "Log in instead."),
            E::BadSetupToken => (
                ErrorKind::Forbidden,
                "bad_setup_link",
                "Restart AiKore; it prints a new link.",
            ),
            E::WrongPassword => (ErrorKind::Unauthorized, "wrong_password", ""),
            E::TooManyAttempts { .. } => (ErrorKind::TooMany, "too_many_attempts", ""),
            _ => {
                tracing::error!(error = %error, "request failed");
                return Self::internal();
            }
        };
        answer_with(kind);
        Self::new(kind, code, message, hint)
    }
}

#[cfg(feature = "ssr")]
impl ErrorKind {
    /// The status of a kind of situation.
    pub fn status(self) -> http::StatusCode {
        use http::StatusCode;
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal | Self::Transport => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Server functions answer every error with 500 otherwise. Browsers that post a form are sent back to their
/// page instead, which a status would undo.
#[cfg(feature = "ssr")]
fn answer_with(kind: ErrorKind) {
    use leptos::prelude::use_context;
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>()
        && use_context::<http::request::Parts>().is_some()
        && !asks_for_page()
    {
        response.set_status(kind.status());
    }
}

/// Whether a browser posted a plain form and shows the answer as its next page.
#[cfg(feature = "ssr")]
pub(crate) fn asks_for_page() -> bool {
    leptos::prelude::use_context::<http::request::Parts>().is_some_and(|request| {
        let accept = request.headers.get(http::header::ACCEPT);
        accept.is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
    })
}
