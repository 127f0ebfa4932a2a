//! Which names the panel answers to, and which pages may make it do something.
//!
//! The Host check defeats DNS rebinding: a foreign name that resolves to this machine is refused. The Origin
//! check defeats pages of other origins, which a `SameSite=Strict` cookie alone does not: another port of the
//! same host is the same *site*.

use app::error::ErrorKind;
use axum::http::header::{CONTENT_LENGTH, HOST, ORIGIN, TRANSFER_ENCODING, UPGRADE};
use axum::http::{HeaderMap, Method, Request, header};

use crate::credentials::Credential;
use crate::error::HttpError;
use crate::form_tokens::Vouched;

/// The names the panel answers to besides addresses and `localhost`.
pub(crate) struct AllowedHosts {
    names: Vec<String>,
}

impl AllowedHosts {
    /// This machine's own name and the configured ones.
    pub(crate) fn new(configured: &[String]) -> Self {
        let mut names: Vec<String> = configured.iter().map(|name| name.trim().to_lowercase()).collect();
        if let Some(own) = nix::unistd::gethostname()
            .ok()
            .and_then(|name| name.into_string().ok())
        {
            let own = own.to_lowercase();
            names.push(format!("{own}.local"));
            names.push(own);
        }
        names.retain(|name| !name.is_empty());
        Self { names }
    }

    /// Whether the panel may be reached under a name.
    pub(crate) fn allows(&self, host: &str) -> bool {
        // The most frequent case costs nothing.
        if is_address(host_name(host)) {
            return true;
        }
        let host = host.to_lowercase();
        let name = host_name(&host);
        let name = name.strip_suffix('.').unwrap_or(name);
        if name == "localhost" || name.ends_with(".localhost") {
            return true;
        }
        self.names.iter().any(|allowed| match allowed.strip_prefix('.') {
            Some(parent) => name == parent || name.ends_with(allowed),
            None => name == allowed,
        })
    }

    /// Whether a plain name is the panel's own, whatever instances are called.
    pub(crate) fn names(&self, name: &str) -> bool {
        name == "localhost" || is_address(name) || self.names.iter().any(|own| own == name)
    }

    /// Refuses a request that does not say one host name of ours.
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Result<(), HttpError> {
        let host = one_host(request)?;
        if self.allows(host) {
            return Ok(());
        }
        Err(HttpError::new(
            ErrorKind::Forbidden,
            "wrong_host",
            format!("This panel does not answer to the name “{}”.", host_name(host)),
            "Start it with --allowed-hosts and this name, or use the machine's address.",
        ))
    }
}

/// The one host a request names.
pub(crate) fn one_host<B>(request: &Request<B>) -> Result<&str, HttpError> {
    let refused = |message: &str| HttpError::new(ErrorKind::BadRequest, "wrong_host", message, "");
    let headers = request.headers();
    if headers.get_all(HOST).iter().count() != 1 {
        return Err(refused("The request names no host, or several."));
    }
    let host = host(headers).ok_or_else(|| refused("The request's host cannot be read."))?;
    // `GET http://elsewhere/ …` would make a host other than the one checked here.
    let elsewhere = request
        .uri()
        .authority()
        .is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host));
    if elsewhere {
        return Err(refused("The request names two different hosts."));
    }
    Ok(host)
}

/// The host with its port, as the browser wrote it.
pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    (!host.is_empty() && host.chars().all(plain)).then_some(host)
}

/// The host without its port.
pub(crate) fn host_name(host: &str) -> &str {
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Nobody can make an address of ours point elsewhere, so addresses need no list.
fn is_address(name: &str) -> bool {
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    bare.parse::<std::net::IpAddr>().is_ok()
}

/// Refuses what a page of another origin may have sent.
///
/// | `Origin` | allowed |
/// |---|---|
/// | the panel's own | always |
/// | another one, or `null` | never, for requests that change something and for `WebSocket`s |
/// | missing | with an API token; without login at all; when the browser says `Sec-Fetch-Site: same-origin` or `none`; or when the browser says nothing, and its form shows that it is ours (`form_tokens.rs`) |
///
/// Reading with `GET` is refused to other sites' scripts too where the browser tells (`Sec-Fetch-Site`), except
/// for navigations: a link may lead here.
pub(crate) fn check<B>(request: &Request<B>, credential: Option<&Credential>) -> Result<(), HttpError> {
    let headers = request.headers();
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(HttpError::new(
            ErrorKind::BadRequest,
            "two_lengths",
            "The request gives the length of its body in two ways.",
            "",
        ));
    }
    let site = text(headers, "sec-fetch-site");
    let foreign_site = matches!(site, Some("cross-site" | "same-site"));
    if !changes_something(request) && !is_upgrade(headers) {
        let navigation = text(headers, "sec-fetch-mode") == Some("navigate");
        return if foreign_site && !navigation {
            Err(foreign())
        } else {
            Ok(())
        };
    }
    match headers.get(ORIGIN) {
        Some(origin) => match (origin.to_str().ok().and_then(origin_host), host(headers)) {
            (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host) => Ok(()),
            _ => Err(foreign()),
        },
        None => match (credential, site) {
            (Some(Credential::Token(_)), _) | (Some(Credential::Open), None) => Ok(()),
            // Browsers always send an Origin with a WebSocket.
            (_, Some("same-origin" | "none")) if !is_upgrade(headers) => Ok(()),
            (_, None) if request.extensions().get::<Vouched>().is_some() => Ok(()),
            _ => Err(foreign()),
        },
    }
}

fn foreign() -> HttpError {
    HttpError::new(
        ErrorKind::Forbidden,
        "foreign_origin",
        "This request does not come from the panel's own pages.",
        "Scripts use an API token (Authorization: Bearer); people open the panel itself.",
    )
}

fn changes_something<B>(request: &Request<B>) -> bool {
    !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether the client asks to switch protocols, as for a WebSocket.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(UPGRADE)
        && headers
            .get_all(header::CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
}

/// The host of an origin; its scheme is not compared, because a proxy in front may add TLS.
fn origin_host(origin: &str) -> Option<&str> {
    origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let hosts = AllowedHosts::new(&["panel.example".into(), ".lan.example".into()]);
        for host in [
            "localhost",
            "LOCALHOST:9000",
            "app.localhost:9000",
            "127.0.0.1:9000",
            "[::1]:9000",
            "192.168.1.20",
            "panel.example:9000",
            "panel.example.",
            "gpu.lan.example",
        ] {
            assert!(hosts.allows(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "xpanel.example",
            "127.0.0.1.evil.example",
            "lan.example.evil",
        ] {
            assert!(!hosts.allows(host), "{host}");
        }
    }
}
