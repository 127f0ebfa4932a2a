//! Clones and satellites over REST.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use types::copies::{ClonePreview, NewCopy, NewSatellite};
use types::instances::InstanceId;
use types::jobs::Job;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::instances::InstanceBody;
use crate::error::{Body, ErrorBody, HttpError, Segment};
use crate::pages::request_origin;
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(copy_preview))
        .routes(routes!(copy))
        .routes(routes!(instantiate))
}

/// A clone that has begun.
#[derive(Serialize, ToSchema)]
pub(super) struct CloningBody {
    #[serde(flatten)]
    instance: InstanceBody,
    /// The work; it can be cancelled.
    job: Job,
}

/// What cloning would copy.
#[utoipa::path(get, path = "/api/instances/{id}/copy-preview", tag = "instances", params(("id" = i64, Path)),
    responses((status = 200, body = ClonePreview), (status = 404, body = ErrorBody)))]
async fn copy_preview(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<ClonePreview>, HttpError> {
    Ok(Json(panel.engine.instances.clone_preview(id).await?))
}

/// Clones a stopped instance: its settings and its files, without its environment, which the first start makes
/// anew. The clone is `installing` until the job is done; cancelling the job removes it.
#[utoipa::path(post, path = "/api/instances/{id}/copy", tag = "instances", params(("id" = i64, Path)),
    request_body = NewCopy,
    responses((status = 202, body = CloningBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn copy(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Segment(id): Segment<InstanceId>,
    Body(new): Body<NewCopy>,
) -> Result<(StatusCode, Json<CloningBody>), HttpError> {
    let cloning = panel.engine.instances.copy(id, new).await?;
    let origin = request_origin(&panel, Some(&headers));
    let body = CloningBody {
        instance: InstanceBody::new(&origin, cloning.instance),
        job: cloning.job,
    };
    Ok((StatusCode::ACCEPTED, Json(body)))
}

/// Adds a satellite: an instance that runs the script of this one, in its directory and with its environment.
#[utoipa::path(post, path = "/api/instances/{id}/instantiate", tag = "instances", params(("id" = i64, Path)),
    request_body = NewSatellite,
    responses((status = 201, body = InstanceBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn instantiate(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Segment(id): Segment<InstanceId>,
    Body(new): Body<NewSatellite>,
) -> Result<(StatusCode, Json<InstanceBody>), HttpError> {
    let instance = panel.engine.instances.instantiate(id, new).await?;
    let origin = request_origin(&panel, Some(&headers));
    Ok((StatusCode::CREATED, Json(InstanceBody::new(&origin, instance))))
}
