//! The language by a plain form: a cookie that the pages are rendered by.

use app::language::{COOKIE, Language};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Form, Router};
use serde::Deserialize;

use crate::sender;
use crate::state::Panel;

pub(crate) fn router() -> Router<Panel> {
    Router::new().route("/language", post(choose))
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    language: String,
}

/// Keeps the choice for a year and leads back to the page.
async fn choose(headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    let back = sender::page(&headers).unwrap_or_else(|| "/".to_owned());
    let mut answer = Redirect::to(&back).into_response();
    if let Some(language) = Language::of_tag(&choice.language)
        && let Ok(cookie) = HeaderValue::from_str(&format!(
            "{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax",
            language.tag()
        ))
    {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}
