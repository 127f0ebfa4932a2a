//! A request for one of the plain pages, with what every page is made with.

use std::convert::Infallible;

use app::ApiError;
use app::language::{of_request, speaking};
use app::links::RequestOrigin;
use app::lite::Frame;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use leptos::nonce::Nonce;
use leptos::prelude::{Owner, provide_context};

use crate::credentials::Credential;
use crate::login::is_local;
use crate::pages::request_origin;
use crate::state::Panel;
use crate::{form_tokens, theme};

/// Seconds between two loads that may be asked for.
const PACES: std::ops::RangeInclusive<u32> = 1..=3600;

/// Who asks for a page, and how.
pub(super) struct Asked {
    pub(super) panel: Panel,
    pub(super) origin: RequestOrigin,
    frame: Frame,
    /// What the page's style sheet carries, so that it and no other is allowed.
    nonce: Nonce,
    parts: Parts,
}

impl FromRequestParts<Panel> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, panel: &Panel) -> Result<Self, Infallible> {
        Ok(Self::new(parts.clone(), panel.clone()))
    }
}

impl Asked {
    fn new(parts: Parts, panel: Panel) -> Self {
        let mut query: Vec<(String, String)> = pairs(&parts).collect();
        let refresh = value(&query, "refresh").and_then(|text| text.parse().ok());
        let done = value(&query, "done").map(str::to_owned);
        query.retain(|(name, _)| name != "refresh" && name != "done");
        let nonce = Nonce::new();
        let frame = Frame {
            nonce: nonce.to_string(),
            now: engine::now_ms(),
            path: parts.uri.path().to_owned(),
            query,
            refresh: refresh.filter(|seconds| PACES.contains(seconds)),
            token: form_tokens::token(&panel, parts.extensions.get::<Credential>()),
            theme: theme::chosen(&parts.headers),
            done,
            problem: None,
        };
        Self {
            origin: request_origin(&panel, Some(&parts.headers)),
            panel,
            frame,
            nonce,
            parts,
        }
    }

    /// A value of the query.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        value(&self.frame.query, name)
    }

    /// A number of the query.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.value(name)?.parse().ok()
    }

    /// Whether a small screen asks; browsers of phones say so.
    pub(super) fn is_phone(&self) -> bool {
        let agent = self.parts.headers.get(header::USER_AGENT);
        agent
            .and_then(|agent| agent.to_str().ok())
            .is_some_and(|agent| agent.contains("Mobi"))
    }

    /// With the reason why something was refused. Such a page is not loaded again by itself: what was typed would be gone.
    pub(super) fn with_problem(mut self, error: &ApiError) -> Self {
        self.frame.problem = Some(error.to_string());
        self.frame.refresh = None;
        self
    }

    /// As if the page at this path was asked for; for a form that is answered with another page than its own.
    pub(super) fn at(mut self, path: String) -> Self {
        self.frame.path = path;
        self.frame.query.clear();
        self
    }

    /// The page.
    pub(super) fn show(&self, render: impl FnOnce(&Frame) -> String) -> Response {
        self.answer(StatusCode::OK, render)
    }

    /// The page with a status.
    pub(super) fn answer(&self, status: StatusCode, render: impl FnOnce(&Frame) -> String) -> Response {
        // Components may ask who asks, as they do on every other page.
        let html = speaking(of_request(&self.parts.headers), || {
            Owner::new().with(|| {
                provide_context(self.parts.clone());
                provide_context(self.origin.clone());
                render(&self.frame)
            })
        });
        super::page(status, &self.nonce, html)
    }
}

fn pairs(parts: &Parts) -> impl Iterator<Item = (String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Where a form leads on to: the page it stood on, if it is one of these; otherwise `other`.
pub(super) fn back(from: Option<&String>, other: String) -> String {
    let is_ours = |from: &&String| {
        is_local(from) && (*from == "/lite" || from.starts_with("/lite?") || from.starts_with("/lite/"))
    };
    from.filter(is_ours).cloned().unwrap_or(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_plain_pages_only() {
        for from in ["/lite", "/lite?page=2&refresh=5", "/lite/instances/3"] {
            assert_eq!(back(Some(&from.to_owned()), "/lite/x".to_owned()), from);
        }
        for from in [
            "",
            "//evil.example",
            "https://evil.example/lite",
            "/",
            "/liter",
            "/lite\r\nX: y",
            "/lite/\\evil",
        ] {
            assert_eq!(
                back(Some(&from.to_owned()), "/lite/x".to_owned()),
                "/lite/x",
                "{from:?}"
            );
        }
    }
}
