//! Every route behind the guard.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{from_fn_with_state, map_request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::guard::{guard, panicked};
use crate::state::Panel;
use crate::{assets, metrics, pages, passes, routes, sender, socket, terminals};

/// The panel itself, without its apps. The guard wraps the fallback too, so an unlisted route cannot fall through it.
pub fn router(panel: Panel) -> Router {
    let pages = pages::router(&panel)
        .layer(map_request(sender::close_menu))
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(5)));
    let all = Router::new()
        .merge(pages)
        .merge(routes::router())
        .merge(passes::router())
        .route("/pkg/{*path}", get(assets::serve))
        .route("/metrics", get(metrics::serve))
        .route("/favicon.svg", get(assets::serve))
        .route("/favicon.ico", get(assets::icon))
        .route("/ws", get(socket::open))
        .route("/ws/terminals/{id}", get(terminals::open))
        .fallback(unknown);
    guarded(all, panel)
}

fn guarded(routes: Router<Panel>, panel: Panel) -> Router {
    routes
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{StatusCode, header};
    use engine::{Engine, EngineConfig};
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    #[expect(clippy::panic, reason = "it is what happens here")]
    async fn broken() -> &'static str {
        panic!("a handler broke")
    }

    /// Asks a panel whose every route panics.
    async fn ask(path: &str, accept: &str) -> (StatusCode, String) {
        let dir = tempfile::tempdir().unwrap();
        let config = EngineConfig::new(dir.path().to_owned(), "/nothing/runs/here".into());
        let panel = Panel::new(Engine::open(config).await.unwrap(), true, &[]);
        let request = Request::builder()
            .uri(path)
            .header(header::HOST, "localhost:9000")
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .unwrap();
        let routes = Router::new().fallback(broken);
        let answer = guarded(routes, panel).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_an_error_in_the_shape_the_caller_reads() {
        let (status, text) = ask("/api/instances/", "*/*").await;
        let object: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(object["code"], "internal");
        assert!(object["message"].as_str().unwrap().ends_with('.'), "{object}");
        assert!(object["hint"].is_string(), "{object}");

        let (_, text) = ask("/fn/list_instances", "application/json").await;
        let error: app::ApiError = serde_json::from_str(&text).unwrap();
        assert_eq!(error.kind, app::error::ErrorKind::Internal);

        let (status, text) = ask("/", "text/html").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text.starts_with("The panel could not do this."), "{text}");
    }
}
