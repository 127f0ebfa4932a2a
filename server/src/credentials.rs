//! What a request proves: a session cookie, an API token, or nothing because nothing is asked.

use axum::http::{HeaderMap, HeaderValue, header};
use types::instances::InstanceId;

use crate::state::Panel;

/// Name of the session cookie.
pub(crate) const COOKIE: &str = "aikore_session";

/// How long the browser keeps the cookie; the server decides how long it is good.
const COOKIE_SECONDS: u32 = 30 * 24 * 3600;

/// Cookies of one name that are looked at.
pub(crate) const SAME_NAME_MAX: usize = 16;

/// What a request was let in by.
#[derive(Clone)]
pub(crate) enum Credential {
    /// A session's secret.
    Session(String),
    /// An API token's secret.
    Token(String),
    /// A link that shows one desktop.
    Share {
        /// Whose.
        id: InstanceId,
        /// Its secret.
        secret: String,
    },
    /// The panel asks for no login.
    Open,
}

impl Credential {
    /// What the headers prove now. A failing database proves nothing.
    pub(crate) async fn of(panel: &Panel, headers: &HeaderMap) -> Option<Self> {
        if panel.is_open() {
            return Some(Self::Open);
        }
        if bearer(headers).is_some()
            && let Some(token) = Self::of_token(panel, headers).await
        {
            return Some(token);
        }
        for secret in cookies(headers, COOKIE).take(SAME_NAME_MAX) {
            let checking = panel.engine.accounts.session_is_valid(secret);
            if checking.await.unwrap_or_else(failed) {
                return Some(Self::Session(secret.to_owned()));
            }
        }
        None
    }

    /// The same without looking at cookies.
    pub(crate) async fn of_token(panel: &Panel, headers: &HeaderMap) -> Option<Self> {
        if panel.is_open() {
            return Some(Self::Open);
        }
        let secret = bearer(headers)?;
        let valid = panel
            .engine
            .accounts
            .token_is_valid(secret)
            .await
            .unwrap_or_else(failed);
        valid.then(|| Self::Token(secret.to_owned()))
    }

    /// What it is called in an audit: never the secret.
    pub(crate) async fn label(&self, panel: &Panel) -> String {
        match self {
            Self::Session(secret) => format!("session {}", engine::accounts::short_name(secret)),
            Self::Token(secret) => match panel.engine.accounts.token_name(secret).await {
                Ok(name) => format!("token {}", name.unwrap_or_default()),
                Err(error) => {
                    tracing::error!(%error, "the name of a token is not known");
                    format!("token {}", engine::accounts::short_name(secret))
                }
            },
            Self::Share { secret, .. } => format!("link {}", engine::accounts::short_name(secret)),
            Self::Open => "anybody (--auth off)".to_owned(),
        }
    }

    /// Tells it from others; empty where nobody is asked who he is.
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Session(secret) | Self::Token(secret) | Self::Share { secret, .. } => secret,
            Self::Open => "",
        }
    }

    /// Whether it is still good.
    pub(crate) async fn is_valid(&self, panel: &Panel) -> bool {
        match self {
            Self::Session(secret) => panel.engine.accounts.session_is_valid(secret).await,
            Self::Token(secret) => panel.engine.accounts.token_is_valid(secret).await,
            Self::Share { id, secret } => {
                let until = panel.engine.desktops.shown_until(*id, secret).await;
                until.map(|until| until.is_some())
            }
            Self::Open => Ok(true),
        }
        .unwrap_or_else(failed)
    }
}

fn failed(error: engine::Error) -> bool {
    tracing::error!(%error, "could not check a login");
    false
}

/// The secret of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// The values of the cookies with this name, as they came. There may be several: an app on the same site can put
/// one of its own before ours, though never a good one. Other cookies may hold anything, not only text.
pub(crate) fn cookies<'a>(headers: &'a HeaderMap, wanted: &str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
        .filter(move |(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// The header that gives the browser its session.
pub(crate) fn set_cookie(secret: &str) -> Option<HeaderValue> {
    let text = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={COOKIE_SECONDS}");
    HeaderValue::from_str(&text).ok()
}

/// The header that takes it away.
pub(crate) fn clear_cookie() -> HeaderValue {
    HeaderValue::from_static("aikore_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}
