//! What is settled before a request goes to a desktop: whether browsers can show it, who controls it, and what those may
//! do who only watch.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use app::error::ErrorKind;
use app::language::t;
use axum::http::{Method, Request, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use types::instances::Instance;

use super::place::Place;
use super::seats::Sitting;
use super::waiting::{self, escape};
use crate::credentials::Credential;
use crate::error::HttpError;
use crate::guard::accepts_html;
use crate::origin::{self, host_name, is_upgrade};
use crate::site::arrival::Arrival;
use crate::state::Panel;

/// Where pictures and input flow.
const STREAM: &str = "/api/websockets";
/// What a page asks besides that and its own files.
const HARMLESS: [&str; 2] = ["/api/status", "/api/health"];
/// In the stream's address: the session takes no input from such a connection.
const WATCHING: (&str, &str) = ("role", "viewer");
/// What else a page may say about itself there.
const SAID_OF_ITSELF: [&str; 3] = ["role", "slot", "token"];
/// In the page's address: to watch, and to take the control.
const WATCH: &str = "watch";
const CONTROL: &str = "control";

/// Lets a request on, with the seat where it is to control the desktop; or answers it.
pub(super) fn admit<B>(
    panel: &Panel,
    place: &Place<'_>,
    instance: &Instance,
    credential: &Credential,
    arrival: &Arrival,
    request: &mut Request<B>,
) -> Result<Option<Sitting>, Box<Response>> {
    let path = place.rest(request.uri().path()).to_owned();
    let watches_only = matches!(credential, Credential::Share { .. });
    if path == "/" && has(request.uri(), CONTROL) && request.method() == Method::POST && !watches_only {
        panel.seats().take(instance.id, credential.secret());
        return Err(Redirect::to(&place.whole_path()).into_response().into());
    }
    if path == "/" && accepts_html(request.headers()) {
        return page(panel, place, instance, credential, arrival, request)
            .map_or(Ok(None), |said| Err(said.into()));
    }
    if path == STREAM && is_upgrade(request.headers()) {
        let wants_control = !watches_only && !is_said(request.uri(), WATCHING);
        let seat = wants_control.then(|| panel.seats().sit(instance.id, credential.secret()));
        let seat = seat.flatten();
        if seat.is_none() {
            only_watch(request.uri_mut());
        }
        return Ok(seat);
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let harmless = HARMLESS.contains(&path.as_str()) || !path.starts_with("/api/");
    if watches_only && !(reads && harmless) {
        let (text, hint) = (
            "This link shows the desktop and allows nothing else.",
            "Ask who gave it to you for a login.",
        );
        return Err(Box::new(
            HttpError::new(ErrorKind::Forbidden, "only_watching", text, hint).into_response(),
        ));
    }
    Ok(None)
}

/// What is said instead of the desktop's own page.
fn page<B>(
    panel: &Panel,
    place: &Place<'_>,
    instance: &Instance,
    credential: &Credential,
    arrival: &Arrival,
    request: &Request<B>,
) -> Option<Response> {
    let headers = request.headers();
    if !arrival.https && !is_this_machine(origin::host(headers)?) {
        return Some(waiting::desktop_needs_https(headers, place, instance));
    }
    let watches = matches!(credential, Credential::Share { .. }) || has(request.uri(), WATCH);
    if !watches && panel.seats().is_others(instance.id, credential.secret()) {
        return Some(waiting::desktop_is_others(headers, place, instance, &choice));
    }
    None
}

/// To watch, or to take over.
fn choice() -> String {
    let mut html = String::new();
    let _ = write!(
        html,
        "<form class=\"row\" method=\"post\" action=\"?{CONTROL}\"><a class=\"button\" href=\"?{WATCH}#shared\">{}</a>\
         <button class=\"button button--filled\" type=\"submit\">{}</button></form>",
        escape(t("Only watch")),
        escape(t("Take control"))
    );
    html
}

/// Whether browsers trust a plain connection to this host: they give pages what shows films only where they do.
fn is_this_machine(host: &str) -> bool {
    let name = host_name(host).to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || name
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

fn pairs(uri: &Uri) -> impl Iterator<Item = (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

fn has(uri: &Uri, key: &str) -> bool {
    pairs(uri).any(|(name, _)| name == key)
}

fn is_said(uri: &Uri, (key, value): (&str, &str)) -> bool {
    pairs(uri).any(|(name, said)| name == key && said == value)
}

/// Makes a stream's address one that takes no input, whatever the page says of itself.
fn only_watch(uri: &mut Uri) {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs(uri).filter(|(name, _)| !SAID_OF_ITSELF.contains(&name.as_ref())));
    query.append_pair(WATCHING.0, WATCHING.1);
    let address = format!("{}?{}", uri.path(), query.finish());
    // Its parts were those of an address, so this does not fail; the root streams nothing.
    *uri = address.parse().unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_trusted_without_encryption() {
        for host in [
            "localhost:9000",
            "a.localhost",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:9",
            "LOCALHOST.",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "192.168.1.2:9000",
            "gpu.lan",
            "localhost.evil.example",
            "[fe80::1]",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn who_watches_says_so_whatever_the_page_says() {
        for (asked, sent) in [
            ("/api/websockets", "/api/websockets?role=viewer"),
            (
                "/x/api/websockets?role=controller&a=1&slot=2&token=t&role=viewer",
                "/x/api/websockets?a=1&role=viewer",
            ),
        ] {
            let mut uri: Uri = asked.parse().unwrap();
            only_watch(&mut uri);
            assert_eq!(uri.to_string(), sent);
        }
    }
}
