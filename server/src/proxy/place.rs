//! Where an app was asked for, and what that means for addresses.

use std::sync::Arc;

use axum::extract::Request as PanelRequest;
use axum::http::{HeaderMap, Request, Uri};
use axum::response::{IntoResponse as _, Response};

use crate::addresses::{Addresses, Route, Way};
use crate::origin::{AllowedHosts, host};
use crate::passes::{self, RESERVED};
use crate::site::Upload;
use crate::state::Panel;
use crate::{assets, credentials};

/// An address that belongs to an app, or to none any more.
pub(crate) struct Place {
    route: Option<Arc<Route>>,
    way: Way,
    /// What stands before the app's own path as the panel sees it: `/instance/<slug>`, empty on a host of its own.
    shown: String,
    /// The slug as it was asked for.
    slug: String,
    /// The panel's own prefix, before `shown`.
    base: String,
    /// The host of the panel, with its port, where it is known from here.
    panel_host: Option<String>,
}

/// What the app behind a place is asked.
pub(super) struct Target<'a> {
    pub(super) route: &'a Arc<Route>,
    /// What stands before the app's own path as the browser sees it.
    pub(super) prefix: String,
    /// What stands before it as the app sees it.
    pub(super) app_prefix: String,
    pub(super) way: Way,
}

impl Target<'_> {
    /// Whether the app does not know its prefix.
    pub(super) fn strips(&self) -> bool {
        self.app_prefix.is_empty() && !self.prefix.is_empty()
    }
}

impl Place {
    /// A place below the panel's own address, if the path is an app's.
    pub(crate) fn below(path: &str, addresses: &Addresses, base: &str) -> Option<Self> {
        let (alias, rest) = ["/instance/", "/app/"]
            .iter()
            .find_map(|alias| Some((*alias, path.strip_prefix(alias)?)))?;
        let slug = rest.split('/').next().unwrap_or_default();
        Some(Self {
            route: addresses.by_slug(slug),
            way: Way::Path,
            shown: format!("{alias}{slug}"),
            slug: slug.to_owned(),
            base: base.to_owned(),
            panel_host: None,
        })
    }

    /// A place on a host of its own.
    pub(crate) fn own_host(route: Arc<Route>, hosts: &AllowedHosts, headers: &HeaderMap, base: &str) -> Self {
        let parent = host(headers)
            .and_then(|host| host.split_once('.'))
            .filter(|(label, parent)| {
                label.eq_ignore_ascii_case(&route.instance.slug) && hosts.allows(parent)
            })
            .map(|(_, parent)| parent.to_owned());
        Self {
            slug: route.instance.slug.clone(),
            route: Some(route),
            way: Way::Host,
            shown: String::new(),
            base: base.to_owned(),
            panel_host: parent,
        }
    }

    pub(super) fn route(&self) -> Option<&Arc<Route>> {
        self.route.as_ref()
    }

    pub(super) fn slug(&self) -> &str {
        &self.slug
    }

    pub(crate) fn has_own_host(&self) -> bool {
        self.way == Way::Host
    }

    /// Whether the way in is open to everybody.
    pub(crate) fn needs_login(&self) -> bool {
        self.route
            .as_ref()
            .is_none_or(|route| route.access(self.way) == crate::addresses::Access::Login)
    }

    /// Whether a path is answered by the panel, before anybody has logged in.
    pub(crate) fn is_reserved(&self, path: &str) -> bool {
        self.has_own_host() && path.starts_with(RESERVED)
    }

    /// Where a browser without a login goes from here.
    pub(crate) fn where_to_ask(&self, headers: &HeaderMap, uri: &Uri) -> Option<String> {
        passes::where_to_ask(headers, uri, self.panel_host.as_deref(), &self.base)
    }

    /// The beginning of the address of the panel's styles, as seen from here.
    pub(super) fn assets(&self) -> String {
        if self.has_own_host() {
            return RESERVED.trim_end_matches('/').to_owned();
        }
        self.base.clone()
    }

    /// The beginning of the address of the panel's pages, as seen from here.
    pub(super) fn panel(&self) -> Option<String> {
        if self.has_own_host() {
            return self
                .panel_host
                .as_ref()
                .map(|host| format!("//{host}{}", self.base));
        }
        Some(self.base.clone())
    }

    /// What the panel answers itself on an app's host: the way in, and the styles of its pages.
    pub(super) async fn own_answer(&self, panel: &Panel, request: &Request<Upload>) -> Option<Response> {
        if !self.has_own_host() {
            return None;
        }
        let path = request.uri().path().strip_prefix(RESERVED)?;
        if path == "enter" {
            let entered = passes::enter(panel, request.headers(), request.uri());
            return Some(entered.into_response());
        }
        // Whoever comes here need not be logged in, so from here on nothing may reach the app.
        let mut asset = PanelRequest::default();
        asset.headers_mut().clone_from(request.headers());
        *asset.uri_mut() = format!("/{path}").parse().unwrap_or_default();
        Some(assets::serve(asset).await)
    }

    /// The same address with a slash after it: relative links of an app need it.
    pub(super) fn missing_slash(&self, uri: &Uri) -> Option<String> {
        (self.way == Way::Path && uri.path() == self.shown).then(|| format!("{}/{}", self.shown, query(uri)))
    }

    /// Where to go from the root of a host, if its app was told a prefix: there is nothing at its root.
    pub(super) fn home(&self, uri: &Uri, keeps: bool) -> Option<String> {
        let lost = self.has_own_host() && keeps && uri.path() == "/";
        lost.then(|| format!("{}/instance/{}/{}", self.base, self.slug, query(uri)))
    }

    /// The part of an address that is the app's own.
    pub(super) fn rest<'a>(&self, address: &'a str) -> &'a str {
        address.strip_prefix(&self.shown).unwrap_or(address)
    }

    pub(super) fn target<'a>(&self, route: &'a Arc<Route>, keeps: bool) -> Target<'a> {
        let known = format!("{}/instance/{}", self.base, self.slug);
        let (prefix, app_prefix) = match (self.way, keeps) {
            (Way::Path, false) => (format!("{}{}", self.base, self.shown), String::new()),
            (Way::Path, true) => (format!("{}{}", self.base, self.shown), known),
            (Way::Host | Way::Port, _) => (String::new(), String::new()),
        };
        Target {
            route,
            prefix,
            app_prefix,
            way: self.way,
        }
    }
}

fn query(uri: &Uri) -> String {
    uri.query().map(|query| format!("?{query}")).unwrap_or_default()
}

/// Cookies that are the panel's own, on any host.
pub(super) fn is_own_cookie(name: &str) -> bool {
    name == credentials::COOKIE || name == passes::COOKIE
}
