//! Where an app was asked for, and what that means for addresses.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Request as PanelRequest;
use axum::http::{HeaderMap, HeaderValue, Request, Uri};
use axum::response::{IntoResponse as _, Response};
use tokio_util::sync::CancellationToken;
use types::blueprints::Subpath;
use types::instances::InstanceId;

use super::marks::{Marks, is_mark};
use super::seats::Sitting;
use super::shares;
use crate::addresses::{ALIASES, Addresses, Manners, Route, Way};
use crate::error::HttpError;
use crate::homes::Homes;
use crate::origin::{self, AllowedHosts, host};
use crate::passes::{self, RESERVED};
use crate::site::Upload;
use crate::state::Panel;
use crate::{assets, credentials};

/// An address that belongs to an app, or to none any more.
pub(crate) struct Place<'a> {
    route: Option<Arc<Route>>,
    way: Way,
    /// What stands before the app's own path as the panel sees it: `/instance/<slug>`; none on a host of its own.
    shown: Option<Arc<str>>,
    /// The panel's own prefix, before `shown`.
    base: &'a str,
    /// The panel's own address without its prefix (`//host:port`, or with a scheme), where it is known from here.
    panel: Option<String>,
    /// The public port it is, and what cuts the connections of who had it before.
    public: Option<(u16, CancellationToken)>,
    /// It is the app's desktop that was asked for, not what the app serves.
    desktop: bool,
}

/// Where the desktop lies below an app's path.
const DESKTOP: &str = "/desktop";

/// What the app behind a place is asked.
pub(super) struct Target<'a> {
    pub(super) route: &'a Arc<Route>,
    /// What stands before the app's own path as the browser sees it.
    pub(super) prefix: Cow<'a, str>,
    /// What stands before it as the app sees it.
    pub(super) app_prefix: String,
    pub(super) way: Way,
    /// Whether it is the desktop.
    pub(super) desktop: bool,
    /// The seat of who is to control it.
    pub(super) sitting: Option<Sitting>,
    /// The way there is closed for good.
    pub(super) cut: Option<&'a CancellationToken>,
    /// What tells the app's cookies from its neighbours', where it has some.
    pub(super) marks: Option<&'a Marks>,
    /// Whether it also wants cookies that nobody marked.
    pub(super) script_cookies: bool,
}

impl Target<'_> {
    /// Whether the app does not know its prefix.
    pub(super) fn strips(&self) -> bool {
        self.app_prefix.is_empty() && !self.prefix.is_empty()
    }

    /// The prefix that the app does not know.
    pub(super) fn stripped(&self) -> Option<HeaderValue> {
        self.strips().then(|| HeaderValue::from_str(&self.prefix).ok())?
    }
}

impl<'a> Place<'a> {
    /// A place below the panel's own address, if the path is an app's.
    pub(crate) fn below(path: &str, addresses: &Addresses, base: &'a str) -> Option<Self> {
        let (number, rest) = ALIASES
            .iter()
            .enumerate()
            .find_map(|(number, alias)| Some((number, path.strip_prefix(alias)?)))?;
        let slug = rest.split('/').next().unwrap_or_default();
        let route = addresses.by_slug(slug);
        let desktop = route.as_ref().is_some_and(|route| route.instance.has_desktop())
            && rest
                .get(slug.len()..)
                .and_then(|rest| rest.strip_prefix(DESKTOP))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let shown = match &route {
            Some(route) if desktop => format!("{}{DESKTOP}", route.paths[number]).into(),
            Some(route) => route.paths[number].clone(),
            None => format!("{}{slug}", ALIASES[number]).into(),
        };
        Some(Self {
            route,
            way: Way::Path,
            shown: Some(shown),
            base,
            panel: None,
            public: None,
            desktop,
        })
    }

    /// A place on a host of its own. The panel is at the name's parent, or where people used it last.
    pub(crate) fn own_host(
        route: Arc<Route>,
        hosts: &AllowedHosts,
        homes: &Homes,
        headers: &HeaderMap,
        base: &'a str,
    ) -> Self {
        let parent = host(headers)
            .and_then(|host| host.split_once('.'))
            .filter(|(label, parent)| {
                label.eq_ignore_ascii_case(&route.instance.slug) && hosts.allows(parent)
            })
            .map(|(_, parent)| format!("//{parent}"));
        Self {
            desktop: route.instance.has_desktop(),
            route: Some(route),
            way: Way::Host,
            shown: None,
            base,
            panel: parent.or_else(|| homes.last()),
            public: None,
        }
    }

    /// A public port; `home` is the panel's address as seen from there.
    pub(crate) fn public(
        route: Option<Arc<Route>>,
        port: u16,
        cut: CancellationToken,
        home: Option<String>,
        base: &'a str,
    ) -> Self {
        Self {
            desktop: route.as_ref().is_some_and(|route| route.instance.has_desktop()),
            route,
            way: Way::Port,
            shown: None,
            base,
            panel: home,
            public: Some((port, cut)),
        }
    }

    /// Refuses a request under a name that is not ours: a foreign one may have been made to lead here.
    pub(crate) fn check_host<B>(&self, panel: &Panel, request: &Request<B>) -> Result<(), HttpError> {
        match self.way {
            Way::Path => panel.hosts().check(request),
            // The name is why it is this place.
            Way::Host => origin::one_host(request).map(drop),
            Way::Port => {
                let named = panel.addresses().by_host(panel.hosts(), request.headers());
                match (named, &self.route) {
                    (Some(named), Some(own)) if named.instance.id == own.instance.id => {
                        origin::one_host(request).map(drop)
                    }
                    _ => panel.hosts().check(request),
                }
            }
        }
    }

    /// The port, where it is a public one: the host's cookies come there, the panel's among them.
    pub(crate) fn public_port(&self) -> Option<u16> {
        self.public.as_ref().map(|(port, _)| *port)
    }

    /// Whether the desktop was asked for.
    pub(super) fn is_desktop(&self) -> bool {
        self.desktop
    }

    /// Whose desktop was asked for below the panel's own address, where links show it.
    pub(super) fn shared_desktop(&self) -> Option<InstanceId> {
        let below = self.desktop && self.way == Way::Path;
        Some(self.route.as_ref().filter(|_| below)?.instance.id)
    }

    /// The path of the place with a slash after it, as it is without the panel's prefix.
    pub(super) fn whole_path(&self) -> String {
        format!("{}/", self.shown())
    }

    pub(super) fn route(&self) -> Option<&Arc<Route>> {
        self.route.as_ref()
    }

    /// The slug, as it was asked for.
    pub(super) fn slug(&self) -> &str {
        match &self.route {
            Some(route) => &route.instance.slug,
            None => self.shown().rsplit('/').next().unwrap_or_default(),
        }
    }

    /// Whether all paths of its origin are the app's.
    pub(crate) fn has_own_host(&self) -> bool {
        self.way != Way::Path
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
        passes::where_to_ask(headers, uri, self.panel.as_deref(), self.base)
    }

    /// The beginning of the address of the panel's styles, as seen from here.
    pub(super) fn assets(&self) -> String {
        if self.has_own_host() {
            return RESERVED.trim_end_matches('/').to_owned();
        }
        self.base.to_owned()
    }

    /// The beginning of the address of the panel's pages, as seen from here.
    pub(super) fn panel(&self) -> Option<String> {
        if self.has_own_host() {
            return self.panel.as_ref().map(|panel| format!("{panel}{}", self.base));
        }
        Some(self.base.to_owned())
    }

    /// What the panel answers itself on an app's host: the way in, and the styles of its pages. Whoever comes here
    /// need not be logged in.
    pub(super) async fn own_answer(&self, panel: &Panel, request: &Request<Upload>) -> Response {
        let path = request.uri().path().trim_start_matches(RESERVED);
        if path == "enter" {
            return passes::enter(panel, self.public_port(), request.headers(), request.uri())
                .into_response();
        }
        let mut asset = PanelRequest::default();
        asset.headers_mut().clone_from(request.headers());
        *asset.uri_mut() = format!("/{path}").parse().unwrap_or_default();
        assets::serve(asset).await
    }

    /// The same address with a slash after it: relative links of an app need it.
    pub(super) fn missing_slash(&self, uri: &Uri) -> Option<String> {
        let shown = self.shown();
        (self.way == Way::Path && uri.path() == shown).then(|| format!("{shown}/{}", query(uri)))
    }

    /// Where to go from the root of a host, if its app was told a prefix: there is nothing at its root.
    pub(super) fn home(&self, uri: &Uri, keeps: bool) -> Option<String> {
        let lost = self.has_own_host() && keeps && uri.path() == "/";
        lost.then(|| format!("{}/instance/{}/{}", self.base, self.slug(), query(uri)))
    }

    /// The part of an address that is the app's own.
    pub(super) fn rest<'b>(&self, address: &'b str) -> &'b str {
        address.strip_prefix(self.shown()).unwrap_or(address)
    }

    fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or_default()
    }

    pub(super) fn target<'b>(
        &'b self,
        panel: &'b Panel,
        route: &'b Arc<Route>,
        manners: Manners,
    ) -> Target<'b> {
        let keeps = manners.subpath == Subpath::Keep;
        let prefix = if self.base.is_empty() {
            Cow::Borrowed(self.shown())
        } else {
            Cow::Owned(format!("{}{}", self.base, self.shown()))
        };
        let (prefix, app_prefix) = match (self.way, keeps) {
            (Way::Path, false) => (prefix, String::new()),
            (Way::Path, true) => (prefix, format!("{}/instance/{}", self.base, self.slug())),
            (Way::Host | Way::Port, _) => (Cow::Borrowed(""), String::new()),
        };
        Target {
            route,
            prefix,
            app_prefix,
            way: self.way,
            desktop: self.desktop,
            sitting: None,
            cut: self.public.as_ref().map(|(_, cut)| cut),
            marks: (self.way == Way::Host).then(|| panel.marks()),
            script_cookies: manners.script_cookies,
        }
    }
}

fn query(uri: &Uri) -> String {
    uri.query().map(|query| format!("?{query}")).unwrap_or_default()
}

/// Cookies that are the panel's own, on any host.
pub(crate) fn is_own_cookie(name: &str) -> bool {
    name == credentials::COOKIE || name == shares::COOKIE || passes::is_pass(name) || is_mark(name)
}
