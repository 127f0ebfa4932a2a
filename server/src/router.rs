//! Every route behind the guard.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::guard::{guard, panicked};
use crate::state::Panel;
use crate::{assets, pages, passes, routes, socket};

/// The panel itself, without its apps. The guard wraps the fallback too, so an unlisted route cannot fall through it.
pub fn router(panel: Panel) -> Router {
    let pages = pages::router(&panel).layer(CompressionLayer::new());
    Router::new()
        .merge(pages)
        .merge(routes::router())
        .merge(passes::router())
        .route("/pkg/{*path}", get(assets::serve))
        .route("/favicon.svg", get(assets::serve))
        .route("/ws", get(socket::open))
        .fallback(unknown)
        // The guard limits bodies, those of server functions too.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(panel.clone(), guard))
        .with_state(panel)
}

async fn unknown(State(panel): State<Panel>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") || path.starts_with("/fn/") {
        return routes::unknown().into_response();
    }
    pages::unknown(State(panel), request).await
}
