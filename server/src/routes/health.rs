//! Whether the panel answers.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The panel's own health.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// Version of the panel.
    version: &'static str,
}

/// Answers as soon as the panel serves; needs no login.
#[utoipa::path(get, path = "/api/health", tag = "system", responses((status = 200, body = Health)))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}
