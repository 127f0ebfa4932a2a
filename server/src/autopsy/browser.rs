//! As much of a browser as the autopsy needs: asks, follows redirects, keeps cookies, and stays where it may be.

mod wire;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use url::Url;

use super::approach::{Approach, Door, panel};
use super::{Subject, cookies};
use crate::proxy::is_own_cookie;
use types::autopsy::Cookie;
use types::instances::PublicAccess;

/// How long one request may take.
const REQUEST_TIME: Duration = Duration::from_secs(5);

/// What is read of one answer, bytes.
const BODY_MAX: usize = 2 * 1024 * 1024;

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 10;

/// Whose an address is, seen from one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The instance's, on this way.
    Own,
    /// On the same host, but beside the instance.
    Outside,
    /// Where the app listens inside the machine.
    Internal,
    /// The same host without TLS, on a page that came over TLS.
    Insecure,
    /// Another host's.
    Foreign,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Page,
    Asset,
    Events,
    WebSocket,
}

/// An answer, as far as it was read.
pub(super) struct Answer {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The body ended, or more of it than is read had come.
    pub(super) complete: bool,
    /// It is not the panel's.
    pub(super) from_app: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    NoConnection,
    Silent,
    Cut,
    /// All of the autopsy's time is over.
    NoTime,
}

/// Where asking for an address led.
pub(super) struct Journey {
    /// Each address that redirects named.
    pub(super) hops: Vec<String>,
    pub(super) end: End,
}

/// How it ended.
pub(super) enum End {
    Answer(Box<Answer>),
    Trouble(Trouble),
    /// Sent to where the check does not go; by the app, or by the panel.
    Left {
        to: Url,
        whose: Whose,
        by_app: bool,
    },
    /// Round and round.
    Endless,
}

/// One visit.
pub(super) struct Browser<'a> {
    pub(super) subject: &'a Subject,
    pub(super) approach: &'a Approach,
    deadline: Instant,
    /// Host with port, name, value.
    jar: RefCell<Vec<(String, String, String)>>,
    /// What the app set.
    pub(super) cookies: RefCell<Vec<Cookie>>,
}

impl<'a> Browser<'a> {
    pub(super) fn new(subject: &'a Subject, approach: &'a Approach, deadline: Instant) -> Self {
        Self {
            subject,
            approach,
            deadline,
            jar: RefCell::default(),
            cookies: RefCell::default(),
        }
    }

    /// Gets a pass for a way that is neither the panel's own host nor without a login, as its first visitor would.
    pub(super) async fn log_in(&self) {
        let start = &self.approach.start;
        let entrance = panel(self.subject).and_then(|panel| {
            let path = format!("{}/pass", self.subject.visitor.way_in.base_path());
            panel.join(&path).map_err(|error| error.to_string())
        });
        if let (true, Ok(mut entrance)) = (self.asks_for_login(), entrance) {
            entrance.query_pairs_mut().append_pair("to", start.as_str());
            // What it leads to is asked for again: only the pass counts.
            self.open(&entrance, Wanted::Page).await;
        }
    }

    /// Whether the panel stands in the door of the public port.
    fn asks_for_login(&self) -> bool {
        matches!(self.approach.door, Door::Port { .. })
            && self.subject.instance.public_access == PublicAccess::Login
    }

    /// Asks for an address and follows redirects as far as they stay with the instance.
    pub(super) async fn open(&self, address: &Url, wanted: Wanted) -> Journey {
        let (mut url, mut hops) = (address.clone(), Vec::new());
        for _ in 0..=REDIRECTS_MAX {
            let answer = match self.ask(&url, wanted).await {
                Ok(answer) => answer,
                Err(trouble) => return Journey::new(hops, End::Trouble(trouble)),
            };
            let Some(to) = redirect(&answer) else {
                return Journey::new(hops, End::Answer(Box::new(answer)));
            };
            // Tickets of a login lie in the panel's own redirects; they are nobody's to read.
            if answer.from_app {
                hops.push(to.to_string());
            }
            let whose = self.whose(&to);
            if whose != Whose::Own && !self.is_entrance(&to, answer.from_app) {
                let by_app = answer.from_app;
                return Journey::new(hops, End::Left { to, whose, by_app });
            }
            url = to;
        }
        Journey::new(hops, End::Endless)
    }

    /// Asks once.
    async fn ask(&self, url: &Url, wanted: Wanted) -> Result<Answer, Trouble> {
        let now = Instant::now();
        let end = self.deadline.min(now + REQUEST_TIME);
        if end <= now {
            return Err(Trouble::NoTime);
        }
        let silent = || {
            if Instant::now() >= self.deadline {
                Trouble::NoTime
            } else {
                Trouble::Silent
            }
        };
        let asking = tokio::time::timeout_at(end.into(), wire::exchange(self, url, wanted));
        let (from_app, answer) = asking.await.map_err(|_| silent())??;
        let (head, body) = answer.into_parts();
        let (body, complete) = wire::read(body, &head.headers, end).await;
        self.remember(url, &head.headers, from_app);
        Ok(Answer {
            url: url.clone(),
            status: head.status,
            headers: head.headers,
            body,
            complete,
            from_app,
        })
    }

    /// Whose an address is.
    pub(super) fn whose(&self, url: &Url) -> Whose {
        let start = &self.approach.start;
        if same_origin(url, start) {
            let inside = url.path().starts_with(&self.approach.scope)
                || url.path() == self.approach.scope.trim_end_matches('/');
            return if inside { Whose::Own } else { Whose::Outside };
        }
        let this_machine = matches!(
            url.host_str(),
            Some("localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]")
        );
        if this_machine && url.port_or_known_default() == Some(self.subject.inner_port()) {
            return if matches!(self.approach.door, Door::App) {
                Whose::Own
            } else {
                Whose::Internal
            };
        }
        if start.scheme() == "https" && url.scheme() == "http" && url.host_str() == start.host_str() {
            return Whose::Insecure;
        }
        Whose::Foreign
    }

    /// Whether an address is where the panel lets people in on another host, and the panel sent us there.
    fn is_entrance(&self, url: &Url, sent_by_app: bool) -> bool {
        let by_panel = match self.approach.door {
            Door::App => false,
            Door::Panel => !sent_by_app,
            Door::Port { .. } => self.asks_for_login(),
        };
        let path = format!("{}/pass", self.subject.visitor.way_in.base_path());
        by_panel && url.path() == path && self.is_panel(url)
    }

    /// Whether an address is the panel's own.
    fn is_panel(&self, url: &Url) -> bool {
        panel(self.subject).is_ok_and(|panel| same_origin(url, &panel))
    }

    fn remember(&self, url: &Url, headers: &HeaderMap, from_app: bool) {
        for text in headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
        {
            let (cookie, value) = cookies::read(text, url, &self.approach.scope);
            if cookie.problem.is_empty() {
                let (host, name) = (authority(url), cookie.name.clone());
                let mut jar = self.jar.borrow_mut();
                jar.retain(|(of, known, _)| *of != host || *known != name);
                jar.push((host, name, value));
            }
            let panels = is_own_cookie(&cookie.name);
            let mut known = self.cookies.borrow_mut();
            if from_app && !panels && !known.contains(&cookie) {
                known.retain(|other| other.name != cookie.name);
                known.push(cookie);
            }
        }
    }

    /// The `Cookie` header for an address.
    fn cookie_header(&self, url: &Url) -> Option<HeaderValue> {
        let host = authority(url);
        let jar = self.jar.borrow();
        let pairs: Vec<String> = jar
            .iter()
            .filter(|(of, _, _)| *of == host)
            .map(|(_, name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| HeaderValue::from_str(&pairs.join("; ")).ok())?
    }
}

impl Journey {
    fn new(hops: Vec<String>, end: End) -> Self {
        Self { hops, end }
    }

    pub(super) fn answer(&self) -> Option<&Answer> {
        match &self.end {
            End::Answer(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Answer {
    pub(super) fn text(&self, name: HeaderName) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(super) fn is_type(&self, kind: &str) -> bool {
        let found = self.text(header::CONTENT_TYPE).split(';').next();
        found.is_some_and(|found| found.trim().eq_ignore_ascii_case(kind))
    }

    pub(super) fn is_html(&self) -> bool {
        self.is_type("text/html") || self.is_type("application/xhtml+xml")
    }
}

fn redirect(answer: &Answer) -> Option<Url> {
    if !answer.status.is_redirection() {
        return None;
    }
    let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
    answer.url.join(location).ok()
}

fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Host with its port, as a browser writes it.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
