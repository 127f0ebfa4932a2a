//! The only error on the wire.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::language::said;

/// An error as browsers and scripts see it: a stable code, a sentence, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}{}{}", said(.message), if .hint.is_empty() { "" } else { " " }, said(.hint))]
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

/// Why a plain form was refused, as the page that it leads back to finds it in its address: a part of a query.
#[cfg(feature = "ssr")]
pub fn in_address(form: &str, error: &ApiError) -> String {
    let refusal = leptos::server_fn::error::ServerFnUrlError::new(form, error.clone());
    // Only the query is of use.
    let address = refusal.to_url("http://panel/").ok();
    address
        .and_then(|address| address.query().map(ToOwned::to_owned))
        .unwrap_or_default()
}

/// *The* boundary: what the engine calls a situation becomes what people read. Internals are logged once, here.
#[cfg(feature = "ssr")]
impl From<engine::Error> for ApiError {
    #[expect(clippy::too_many_lines, reason = "one line for each situation")]
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
            E::UnknownTerminal(_) => (
                ErrorKind::NotFound,
                "unknown_terminal",
                "It has ended; open another one.",
            ),
            E::NoHostTerminal => (
                ErrorKind::Forbidden,
                "no_host_terminal",
                "Start AiKore with --host-terminal.",
            ),
            E::TooManyTerminals(_) => (
                ErrorKind::Conflict,
                "too_many_terminals",
                "Close one that is not needed.",
            ),
            E::UnknownRule(_) => (ErrorKind::NotFound, "unknown_rule", "Reload the list."),
            E::UnknownWebhook(_) => (ErrorKind::NotFound, "unknown_webhook", "Reload the list."),
            E::NoCrash(_) => (
                ErrorKind::NotFound,
                "no_crash",
                "Its runs and their logs are kept all the same.",
            ),
            E::UnknownToken(_) => (ErrorKind::NotFound, "unknown_token", ""),
            E::UnknownShare(_) => (ErrorKind::NotFound, "unknown_share", ""),
            E::UnknownBlueprint(_) => (ErrorKind::Invalid, "unknown_blueprint", "Choose one of the list."),
            E::NoSuchBlueprint(_) => (
                ErrorKind::NotFound,
                "unknown_blueprint",
                "Look at the list of blueprints.",
            ),
            E::BlueprintTaken(_) => (ErrorKind::Conflict, "blueprint_taken", "Choose another name."),
            E::StockBlueprint(_) => (
                ErrorKind::Conflict,
                "stock_blueprint",
                "Duplicate it, and change the copy.",
            ),
            E::BlueprintChanged(_) => (
                ErrorKind::Conflict,
                "blueprint_changed",
                "Open it again, then save.",
            ),
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
            E::NoGpuRoom(_) => (
                ErrorKind::Conflict,
                "no_gpu_room",
                "Choose another GPU, stop who holds the memory, or start it anyway.",
            ),
            E::NoDesktop { .. } => (ErrorKind::Conflict, "no_desktop", ""),
            E::DesktopsUnavailable { .. } => (ErrorKind::Conflict, "desktops_unavailable", ""),
            E::NotRunning(_) => (ErrorKind::Conflict, "not_running", "Start it first."),
            E::HasSatellites { .. } => (
                ErrorKind::Conflict,
                "has_satellites",
                "Delete the satellites first.",
            ),
            E::UnfitFile { .. } => (
                ErrorKind::Conflict,
                "unfit_file",
                "Put a plain text file in its place, for example in a terminal.",
            ),
            E::NotWritten { source, .. } => (ErrorKind::Conflict, "not_written", write_hint(source)),
            E::UnknownVersion(_) => (
                ErrorKind::NotFound,
                "unknown_version",
                "Only the newest versions are kept; look at the list again.",
            ),
            E::SharedScript { .. } => (ErrorKind::Forbidden, "shared_script", ""),
            E::IsSatellite { .. } => (
                ErrorKind::Conflict,
                "is_satellite",
                "Do this with the parent instead.",
            ),
            E::ParentGone(_) => (ErrorKind::Conflict, "parent_gone", "Restore the parent first."),
            E::NotInTrash(_) => (
                ErrorKind::NotFound,
                "not_in_trash",
                "It was restored or removed; load the page again.",
            ),
            E::NoRecord(_) => (
                ErrorKind::Conflict,
                "no_record",
                "Its files lie in trash/ of the data directory; move them by hand.",
            ),
            E::NoSpace { .. } => (ErrorKind::Conflict, "no_space", "Make room, then try again."),
            E::NotConfirmed(_) => (ErrorKind::Invalid, "not_confirmed", "Type the name exactly."),
            E::AlreadySetUp => (ErrorKind::Conflict, "already_set_up", "Log in instead."),
            E::BadSetupToken => (
                ErrorKind::Forbidden,
                "bad_setup_link",
                "Restart AiKore; it prints a new link.",
            ),
            E::WrongPassword => (ErrorKind::Unauthorized, "wrong_password", ""),
            E::TooManyAttempts { .. } => (ErrorKind::TooMany, "too_many_attempts", ""),
            full if full.is_disk_full() => {
                tracing::error!(error = %error, "the disk is full");
                return Self::new(
                    ErrorKind::Conflict,
                    "disk_full",
                    "The disk is full, so this could not be written down.",
                    "Make room where the data directory is, then look at what has become of it.",
                );
            }
            _ => {
                let Some(found) = of_environments(&error) else {
                    tracing::error!(error = %error, "request failed");
                    return Self::internal();
                };
                found
            }
        };
        answer_with(kind);
        Self::new(kind, code, message, hint)
    }
}

#[cfg(feature = "ssr")]
fn write_hint(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Io;
    match source.kind() {
        Io::StorageFull | Io::QuotaExceeded => "Free some space on the disk, then save again.",
        Io::PermissionDenied | Io::ReadOnlyFilesystem => {
            "Let AiKore's user write in the instance's directory, then save again."
        }
        _ => "Try again; if it stays, look at the disk.",
    }
}

/// The situations of environments and wheels.
#[cfg(feature = "ssr")]
fn of_environments(error: &engine::Error) -> Option<(ErrorKind, &'static str, &'static str)> {
    use engine::Error as E;
    Some(match error {
        E::SatellitesRun { .. } => (ErrorKind::Conflict, "satellites_run", ""),
        E::SharesDirectory { .. } => (ErrorKind::Conflict, "shares_directory", ""),
        E::Runs(_) => (ErrorKind::Conflict, "runs", ""),
        E::NoEnvironment(_) => (ErrorKind::Conflict, "no_environment", ""),
        E::NoInstaller => (ErrorKind::Conflict, "no_installer", "Install uv, then try again."),
        E::InvalidRequirement(_) => (ErrorKind::Invalid, "invalid_requirement", ""),
        E::UnknownWheel(_) => (ErrorKind::NotFound, "unknown_wheel", "Reload the list."),
        E::NoWheel(_) => (ErrorKind::Invalid, "no_wheel", ""),
        E::WheelInTheWay(_) => (ErrorKind::Conflict, "wheel_in_the_way", ""),
        E::Cancelled => (ErrorKind::Conflict, "cancelled", ""),
        E::CommandFailed { .. } => (ErrorKind::Conflict, "command_failed", "Its log says more."),
        _ => return None,
    })
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

#[cfg(feature = "ssr")]
impl From<types::blueprints::InvalidBlueprintName> for ApiError {
    fn from(problem: types::blueprints::InvalidBlueprintName) -> Self {
        answer_with(ErrorKind::Invalid);
        Self::new(ErrorKind::Invalid, "invalid_name", problem.to_string(), "")
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
