//! How often the monitoring refreshes, by a plain form: a cookie that the page is rendered by.

use app::monitoring::pace;
use axum::Router;
use axum::extract::Form;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use serde::Deserialize;

use crate::sender;
use crate::state::Panel;

pub(crate) fn router() -> Router<Panel> {
    Router::new().route(pace::ACTION, post(choose))
}

#[derive(Deserialize)]
struct Choice {
    /// [`pace::FIELD`].
    seconds: u32,
}

/// Remembers the interval and leads back to the page.
async fn choose(headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    let seconds = pace::nearest(choice.seconds);
    let cookie = format!(
        "{}={seconds}; Path=/; Max-Age=31536000; SameSite=Lax",
        pace::COOKIE
    );
    let back = sender::page(&headers).unwrap_or_else(|| "/monitoring".to_owned());
    let mut answer = Redirect::to(&back).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}
