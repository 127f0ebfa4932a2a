//! The whole matrix of who gets where: everything that can be asked for, in every way, by everybody, from every
//! kind of page. One function, [`verdict`], says what has to come of it; nothing is listed that can be asked of the
//! program itself.

mod apps;
mod askers;
mod listeners;
mod panel;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Response, StatusCode};

use crate::support::{location, text};

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Method(&'static str),
    WebSocket,
}

const HOWS: [How; 8] = [
    How::Method("GET"),
    How::Method("HEAD"),
    How::Method("OPTIONS"),
    How::Method("POST"),
    How::Method("PUT"),
    How::Method("PATCH"),
    How::Method("DELETE"),
    How::WebSocket,
];

impl How {
    fn method(self) -> &'static str {
        match self {
            Self::Method(method) => method,
            Self::WebSocket => "GET",
        }
    }

    /// Whether it changes nothing and opens nothing.
    fn only_reads(self) -> bool {
        matches!(self, Self::Method("GET" | "HEAD" | "OPTIONS"))
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    /// With a session that is over.
    Expired,
    User,
    Token,
}

const WHO: [Who; 4] = [Who::Nobody, Who::Expired, Who::User, Who::Token];

/// Which page the request says to come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// The very origin that is asked.
    Own,
    /// Another site's.
    Foreign,
    /// Another site's script, as browsers tell it.
    ForeignScript,
    /// A neighbour: the panel for an app, an app for the panel, one app for another. Same site, other origin.
    Neighbour(&'static str),
    /// A sandboxed frame, a file.
    Null,
    /// No page at all.
    Missing,
}

/// What has to come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It is refused because of the page it comes from.
    Foreign,
    /// A login is asked for.
    LogIn,
    /// It gets to what it asks for, whatever that answers.
    Passes,
}

/// The rule.
fn verdict(how: How, who: Who, from: From, is_public: bool) -> Verdict {
    let may_come = match from {
        From::Own => true,
        From::ForeignScript => false,
        From::Foreign | From::Neighbour(_) | From::Null => how.only_reads(),
        From::Missing => how.only_reads() || who == Who::Token,
    };
    let is_known = matches!(who, Who::User | Who::Token);
    match (may_come, is_known || is_public) {
        (false, _) => Verdict::Foreign,
        (true, false) => Verdict::LogIn,
        (true, true) => Verdict::Passes,
    }
}

/// Completes a request: how it asks, and the page it comes from.
fn told(how: How, from: From, own: &str) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    if how == How::WebSocket {
        headers.extend([
            ("connection", "Upgrade".to_owned()),
            ("upgrade", "websocket".to_owned()),
            ("sec-websocket-version", "13".to_owned()),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
        ]);
    }
    match from {
        From::Own => headers.push(("origin", own.to_owned())),
        From::Foreign => headers.push(("origin", "http://evil.example".to_owned())),
        From::ForeignScript => headers.extend([
            ("origin", "http://evil.example".to_owned()),
            ("sec-fetch-site", "cross-site".to_owned()),
            ("sec-fetch-mode", "cors".to_owned()),
        ]),
        From::Neighbour(origin) => headers.push(("origin", origin.to_owned())),
        From::Null => headers.push(("origin", "null".to_owned())),
        From::Missing => {}
    }
    headers
}

fn with(mut builder: Builder, headers: Vec<(&'static str, String)>) -> Builder {
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder
}

/// An answer, as far as it tells what came of a request.
#[derive(Debug)]
struct Seen {
    status: StatusCode,
    location: String,
    sets_cookie: bool,
    body: String,
}

impl Seen {
    async fn read(answer: Response<Body>) -> Self {
        let (status, location) = (answer.status(), location(&answer).to_owned());
        let sets_cookie = answer.headers().contains_key("set-cookie");
        // Only refusals are read: what passes may be endless.
        let refusal = matches!(status.as_u16(), 400..500);
        let body = if refusal {
            text(answer).await
        } else {
            String::new()
        };
        Self {
            status,
            location,
            sets_cookie,
            body,
        }
    }

    fn verdict(&self) -> Verdict {
        let says = |word: &str| self.body.is_empty() || self.body.contains(word);
        match self.status.as_u16() {
            403 if says("foreign_origin") || says("own pages") => Verdict::Foreign,
            401 if says("not_logged_in") || says("not logged in") => Verdict::LogIn,
            // Who logs out is led there as well, with the cookie taken away.
            303 if self.location.starts_with("/login") && !self.sets_cookie => Verdict::LogIn,
            _ => Verdict::Passes,
        }
    }
}
