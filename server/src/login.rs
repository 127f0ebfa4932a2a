//! The plain form routes: log in, choose the first password, log out. Their pages are the app's.

use std::net::{IpAddr, SocketAddr};

use axum::Form;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Router, routing::post};
use serde::Deserialize;

use crate::credentials::{Credential, clear_cookie, set_cookie};
use crate::error::HttpError;
use crate::guard;
use crate::state::Panel;

pub(crate) fn router() -> Router<Panel> {
    Router::new().route("/logout", post(log_out))
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// Checks the password and leads on.
pub(crate) async fn log_in(
    State(panel): State<Panel>,
    client: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Response {
    let client = client.map_or_else(
        || "local".to_owned(),
        |Extension(ConnectInfo(peer))| network(peer.ip()),
    );
    match panel.engine.accounts.log_in(&form.password, &client).await {
        Ok(secret) => enter(&secret, &local_path(&form.next)),
        Err(error) if !guard::accepts_html(&headers) => HttpError::from(error).into_response(),
        Err(engine::Error::WrongPassword) => {
            Redirect::to(&address(&form.next, &[("error", "wrong")])).into_response()
        }
        Err(engine::Error::TooManyAttempts { seconds }) => {
            let seconds = seconds.to_string();
            let location = address(&form.next, &[("error", "wait"), ("seconds", &seconds)]);
            ([(header::RETRY_AFTER, seconds)], Redirect::to(&location)).into_response()
        }
        Err(error) => HttpError::from(error).into_response(),
    }
}

/// What wrong passwords are counted by: the address, or the network that one household or server has of IPv6.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct SetupForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// Sets the first password and logs in.
pub(crate) async fn set_up(State(panel): State<Panel>, Form(form): Form<SetupForm>) -> Response {
    let back = |error: &str| {
        let query = encode(&[("token", &form.token), ("error", error)]);
        Redirect::to(&format!("/setup?{query}")).into_response()
    };
    if form.password != form.again {
        return back("mismatch");
    }
    match panel.engine.accounts.set_up(&form.token, &form.password).await {
        Ok(secret) => enter(&secret, "/"),
        Err(engine::Error::PasswordTooShort(_)) => back("short"),
        Err(engine::Error::BadSetupToken) => back("expired"),
        Err(engine::Error::AlreadySetUp) => Redirect::to("/login").into_response(),
        Err(error) => HttpError::from(error).into_response(),
    }
}

/// Ends the session and every socket that lives on it.
async fn log_out(State(panel): State<Panel>, request: Request) -> Result<Response, HttpError> {
    if let Some(Credential::Session(secret)) = request.extensions().get::<Credential>() {
        panel.engine.accounts.log_out(secret).await?;
        panel.login_ended();
    }
    let mut answer = Redirect::to("/login").into_response();
    answer.headers_mut().insert(header::SET_COOKIE, clear_cookie());
    Ok(answer)
}

fn enter(secret: &str, next: &str) -> Response {
    let Some(cookie) = set_cookie(secret) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut answer = Redirect::to(next).into_response();
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    answer
}

/// The address of the login page that leads on to `next`.
pub(crate) fn address(next: &str, more: &[(&str, &str)]) -> String {
    let next = local_path(next);
    let mut pairs = Vec::with_capacity(3);
    if next != "/" {
        pairs.push(("next", next.as_str()));
    }
    pairs.extend_from_slice(more);
    if pairs.is_empty() {
        return "/login".to_owned();
    }
    format!("/login?{}", encode(&pairs))
}

/// `next` if it stays inside the panel, otherwise the dashboard.
pub(crate) fn local_path(next: &str) -> String {
    let again = ["/login", "/logout", "/setup"]
        .iter()
        .any(|page| next.starts_with(page));
    if is_local(next) && !again {
        next.to_owned()
    } else {
        "/".to_owned()
    }
}

/// Whether an address stays inside the panel.
pub(crate) fn is_local(address: &str) -> bool {
    address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains('\\')
        && address.is_ascii()
        && !address.contains(|c: char| c.is_ascii_control() || c == ' ')
}

/// Pairs as a query.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", percent_encode(value)))
        .collect();
    encoded.join("&")
}

fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_of_ipv6_counts_as_one() {
        let network = |address: &str| super::network(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::7"), network("2001:db8:1:3::7"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn next_never_leads_away() {
        for next in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "/a\r\nb",
            "/login?next=/login",
        ] {
            assert_eq!(local_path(next), "/", "{next:?}");
        }
        assert_eq!(local_path("/instance/a/?x=1&y=2"), "/instance/a/?x=1&y=2");
        assert_eq!(address("/logs?id=1", &[]), "/login?next=/logs%3Fid%3D1");
        assert_eq!(address("/", &[]), "/login");
    }
}
