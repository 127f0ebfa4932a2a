//! How a login reaches an app that has a host name of its own.
//!
//! The panel's cookie stays on the panel's host: an app on a name of its own never gets it, not even as a
//! header. Who comes there without a pass is sent to the panel, which gives a ticket that is good once and for a
//! minute; the app's host changes it for a cookie of its own. A pass is good as long as the login it came from.
//!
//! Passes live in memory: after a restart of the panel the next page view gets a new one by itself.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::credentials::{self, Credential, SAME_NAME_MAX};
use crate::error::{HttpError, Query};
use crate::login::{encode, local_path};
use crate::origin;
use crate::site::arrival::asked_scheme;
use crate::state::Panel;

/// The cookie on an app's host.
const COOKIE: &str = "aikore_pass";

/// Cookies know no ports: each public port has its own.
fn cookie_name(port: Option<u16>) -> Cow<'static, str> {
    port.map_or(Cow::Borrowed(COOKIE), |port| format!("{COOKIE}_{port}").into())
}

/// Whether a cookie is a pass, to whatever.
pub(crate) fn is_pass(cookie: &str) -> bool {
    cookie
        .strip_prefix(COOKIE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Paths on an app's host that are the panel's.
pub(crate) const RESERVED: &str = "/.aikore/";

/// How long a ticket is good: as long as a browser may take for one redirect.
const TICKET_TIME: Duration = Duration::from_mins(1);

/// Passes and tickets kept; with more, all are forgotten, and browsers get new ones by themselves.
const KEPT_MAX: usize = 4096;

/// Every pass and ticket.
#[derive(Default)]
pub(crate) struct Passes(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    tickets: HashMap<String, (Pass, Instant)>,
    passes: HashMap<String, Pass>,
}

/// Lets a login in on one host.
#[derive(Clone)]
struct Pass {
    credential: Credential,
    /// With its port, as in `Host`.
    host: String,
}

impl Passes {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_ticket(&self, credential: Credential, host: String) -> String {
        let mut kept = self.kept();
        kept.tickets.retain(|_, (_, since)| since.elapsed() < TICKET_TIME);
        if kept.tickets.len() >= KEPT_MAX {
            kept.tickets.clear();
        }
        let ticket = secret();
        kept.tickets
            .insert(ticket.clone(), (Pass { credential, host }, Instant::now()));
        ticket
    }

    /// The secret of a new pass for a ticket that was given out for this host.
    fn change(&self, ticket: &str, host: &str) -> Option<String> {
        let mut kept = self.kept();
        let (pass, since) = kept.tickets.remove(ticket)?;
        if since.elapsed() >= TICKET_TIME || !pass.host.eq_ignore_ascii_case(host) {
            return None;
        }
        if kept.passes.len() >= KEPT_MAX {
            kept.passes.clear();
        }
        let secret = secret();
        kept.passes.insert(secret.clone(), pass);
        Some(secret)
    }

    /// The login behind the headers' pass, if the pass is for their host.
    fn login(&self, headers: &HeaderMap, port: Option<u16>) -> Option<Credential> {
        let host = origin::host(headers)?;
        let name = cookie_name(port);
        let kept = self.kept();
        let mut passes = credentials::cookies(headers, &name)
            .take(SAME_NAME_MAX)
            .filter_map(|secret| kept.passes.get(secret));
        let pass = passes.find(|pass| pass.host.eq_ignore_ascii_case(host))?;
        Some(pass.credential.clone())
    }
}

/// Nobody guesses it, and looking it up tells nothing: it is random and lives as long as the program.
fn secret() -> String {
    use std::fmt::Write as _;
    let bytes: [u8; 32] = rand::random();
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What the headers of a request to an app's own host or public port prove.
pub(crate) async fn credential(panel: &Panel, port: Option<u16>, headers: &HeaderMap) -> Option<Credential> {
    if port.is_some() {
        // The panel's own host, so its cookie comes along.
        if let Some(credential) = Credential::of(panel, headers).await {
            return Some(credential);
        }
    } else if panel.is_open() || credentials::bearer(headers).is_some() {
        // A cookie of the panel's name was not set here by the panel, so only a token or a pass counts.
        return Credential::of_token(panel, headers).await;
    }
    let credential = panel.passes().login(headers, port)?;
    credential.is_valid(panel).await.then_some(credential)
}

/// Where a browser without a pass gets one; none when the panel's own address is not known from here.
pub(crate) fn where_to_ask(
    headers: &HeaderMap,
    uri: &Uri,
    panel: Option<&str>,
    base: &str,
) -> Option<String> {
    let scheme = asked_scheme(headers);
    let host = origin::host(headers)?;
    let wanted = format!("{scheme}://{host}{uri}");
    let panel = match panel? {
        known if known.starts_with("//") => format!("{scheme}:{known}"),
        known => known.to_owned(),
    };
    Some(format!("{panel}{base}/pass?{}", encode(&[("to", &wanted)])))
}

pub(crate) fn router() -> Router<Panel> {
    Router::new().route("/pass", get(give_ticket))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    to: String,
}

/// Sends who is logged in back to the app's host, with a ticket.
async fn give_ticket(
    State(panel): State<Panel>,
    Extension(credential): Extension<Credential>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let Some((scheme, host, path)) = app_host(&panel, &headers, &wanted.to) else {
        return Redirect::to("/").into_response();
    };
    let ticket = panel.passes().new_ticket(credential, host.clone());
    let query = encode(&[("ticket", &ticket), ("to", &path)]);
    Redirect::to(&format!("{scheme}://{host}{RESERVED}enter?{query}")).into_response()
}

/// Scheme, host and path of an address, if the host is an app's and the scheme is the one it is asked by.
fn app_host(panel: &Panel, headers: &HeaderMap, address: &str) -> Option<(&'static str, String, String)> {
    let address: Uri = address.parse().ok()?;
    let host = address.authority()?.as_str();
    let mut named = HeaderMap::new();
    named.insert(header::HOST, HeaderValue::from_str(host).ok()?);
    let scheme = if leads_to_port(panel, headers, &named) {
        if panel.speaks_tls() { "https" } else { "http" }
    } else {
        panel.addresses().by_host(panel.hosts(), &named)?;
        asked_scheme(headers)
    };
    if address.scheme_str() != Some(scheme) {
        return None;
    }
    let path = address.path_and_query().map_or("/", |path| path.as_str());
    Some((scheme, host.to_owned(), path.to_owned()))
}

/// Whether an address is a public port of the host we are asked under.
fn leads_to_port(panel: &Panel, headers: &HeaderMap, named: &HeaderMap) -> bool {
    let (Some(own), Some(host)) = (origin::host(headers), origin::host(named)) else {
        return false;
    };
    let (own, name) = (origin::host_name(own), origin::host_name(host));
    let port = host[name.len()..]
        .strip_prefix(':')
        .and_then(|port| port.parse().ok());
    own.eq_ignore_ascii_case(name) && port.is_some_and(|port| panel.addresses().by_port(port).is_some())
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    to: String,
}

/// Changes a ticket for a pass, on the app's host.
pub(crate) fn enter(
    panel: &Panel,
    port: Option<u16>,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, HttpError> {
    let entry = axum::extract::Query::<Entry>::try_from_uri(uri)?.0;
    let mut answer = Redirect::to(&local_path(&entry.to)).into_response();
    let pass = origin::host(headers).and_then(|host| panel.passes().change(&entry.ticket, host));
    // Without one, the app's own address asks for a new ticket.
    let cookie = pass.and_then(|pass| {
        // Not `Strict`: links lead to apps, too. Requests that change something need our Origin anyway.
        let name = cookie_name(port);
        HeaderValue::from_str(&format!("{name}={pass}; Path=/; HttpOnly; SameSite=Lax")).ok()
    });
    if let Some(cookie) = cookie {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}
