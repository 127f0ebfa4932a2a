//! Dark or light by a plain form, for browsers without scripts: a cookie that the pages are rendered by.

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;

use crate::credentials::cookies;
use crate::sender;
use crate::state::Panel;

/// The same cookie that the page's own script writes.
const COOKIE: &str = "aikore_theme";

/// The theme a browser asks for, as the document's `data-theme` names it.
pub(crate) fn of(headers: &HeaderMap) -> &'static str {
    chosen(headers).unwrap_or("dark")
}

/// The theme that a person chose; none = nobody did.
pub(crate) fn chosen(headers: &HeaderMap) -> Option<&'static str> {
    match cookies(headers, COOKIE).next()? {
        "light" => Some("light"),
        "dark" => Some("dark"),
        _ => None,
    }
}

pub(crate) fn router() -> Router<Panel> {
    Router::new().route("/theme", post(turn))
}

/// Turns the theme and leads back to the page.
async fn turn(headers: HeaderMap) -> Response {
    let value = if of(&headers) == "light" {
        "aikore_theme=dark; Path=/; Max-Age=31536000; SameSite=Lax"
    } else {
        "aikore_theme=light; Path=/; Max-Age=31536000; SameSite=Lax"
    };
    let back = sender::page(&headers).unwrap_or_else(|| "/".to_owned());
    let mut answer = Redirect::to(&back).into_response();
    answer
        .headers_mut()
        .insert(header::SET_COOKIE, HeaderValue::from_static(value));
    answer
}
