//! The autopsy over REST: which ways lead to an app that works.

use app::error::ErrorKind;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use types::autopsy::{AccessHint, Autopsy, KnownAccess};
use types::instances::InstanceId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::autopsy::{self, Visitor};
use crate::credentials::Credential;
use crate::error::{ErrorBody, HttpError, Segment};
use crate::origin::host;
use crate::site::WayIn;
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(known, examine))
        .routes(routes!(hints))
}

/// Opens the instance's page through every way and reports which works; takes up to twenty seconds. The
/// instance must be started. The report is kept with the instance, and as a hint with its blueprint.
#[utoipa::path(post, path = "/api/instances/{id}/autopsy", tag = "instances", params(("id" = i64, Path)),
    responses((status = 200, body = Autopsy), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn examine(
    State(panel): State<Panel>,
    Extension(way_in): Extension<WayIn>,
    Extension(credential): Extension<Credential>,
    headers: HeaderMap,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<Autopsy>, HttpError> {
    let visitor = Visitor {
        way_in,
        credential,
        host: host(&headers).unwrap_or("localhost").to_owned(),
    };
    let report = autopsy::examine(&panel, visitor, id).await?;
    let report = report.ok_or_else(|| {
        HttpError::new(
            ErrorKind::Internal,
            "autopsy_cut_short",
            "The check ended before it came to a result.",
            "Try again; if this happens again, the panel's log says why.",
        )
    })?;
    Ok(Json(panel.engine.autopsies.keep(report).await?))
}

/// The last report on an instance, and what its blueprint's other instances showed.
#[utoipa::path(get, path = "/api/instances/{id}/autopsy", tag = "instances", params(("id" = i64, Path)),
    responses((status = 200, body = KnownAccess), (status = 404, body = ErrorBody)))]
async fn known(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<KnownAccess>, HttpError> {
    Ok(Json(panel.engine.autopsies.known(id).await?))
}

/// What is known about the ways to reach instances of each blueprint, by file name.
#[utoipa::path(get, path = "/api/system/access-hints", tag = "system",
    responses((status = 200, body = Vec<AccessHint>)))]
async fn hints(State(panel): State<Panel>) -> Result<Json<Vec<AccessHint>>, HttpError> {
    Ok(Json(panel.engine.autopsies.hints().await?))
}
