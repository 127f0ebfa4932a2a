//! The REST API under `/api/` and its description.

mod health;

use app::error::ErrorKind;
use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::HttpError;
use crate::state::Panel;

/// Every route of the API.
pub(crate) fn router() -> Router<Panel> {
    let (router, _) = OpenApiRouter::<Panel>::new()
        .routes(routes!(health::health))
        .split_for_parts();
    router
}

/// The answer to an address below `/api/` that does not exist.
pub(crate) fn unknown() -> HttpError {
    HttpError::new(
        ErrorKind::NotFound,
        "unknown_route",
        "There is no such address in the API.",
        "Its description is at /api/docs.",
    )
}
