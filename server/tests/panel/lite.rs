//! The plain pages: what they hold, what their forms do, and what text browsers make of them.

mod forms;
mod pages;
mod silent;
mod text_browsers;

use axum::http::{StatusCode, header};
use axum::response::Response;

use crate::support::{Fixture, empty, form, request, text};

/// A page, which has to be there.
async fn page(fixture: &Fixture, path: &str) -> String {
    let answer = get(fixture, path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    text(answer).await
}

async fn get(fixture: &Fixture, path: &str) -> Response {
    let request = request("GET", path).header(header::ACCEPT, "text/html");
    fixture.send(empty(request)).await
}

/// Sends a form as a browser without scripts does.
async fn post(fixture: &Fixture, path: &str, body: &str) -> Response {
    let request = request("POST", path).header(header::ACCEPT, "text/html");
    fixture.send(form(request, body)).await
}

/// Every piece has to be in a page.
fn assert_holds(html: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(html.contains(piece), "{piece} is missing in {html}");
    }
}
