//! The trash over REST.

use app::links::RequestOrigin;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use types::jobs::Job;
use types::trash::{Restoring, TrashPreview, TrashSettings, Trashed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::instances::InstanceBody;
use crate::error::{Body, ErrorBody, HttpError, Segment};
use crate::pages::request_origin;
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(empty_preview))
        .routes(routes!(empty))
        .routes(routes!(settings))
        .routes(routes!(delete))
        .routes(routes!(preview))
        .routes(routes!(restore))
}

/// Everything in the trash, the newest first. Sizes that are not known yet are being counted.
#[utoipa::path(get, path = "/api/trash/", tag = "trash", responses((status = 200, body = Trashed)))]
async fn list(State(panel): State<Panel>) -> Result<Json<Trashed>, HttpError> {
    Ok(Json(panel.engine.trash.list().await?))
}

/// What emptying would remove, to the byte.
#[utoipa::path(get, path = "/api/trash/empty-preview", tag = "trash",
    responses((status = 200, body = TrashPreview)))]
async fn empty_preview(State(panel): State<Panel>) -> Result<Json<TrashPreview>, HttpError> {
    Ok(Json(panel.engine.trash.preview(None).await?))
}

/// What has to be typed by a person.
#[derive(Deserialize, ToSchema)]
pub(super) struct Confirmation {
    /// The name; to empty the trash, the word `empty`.
    confirm: String,
}

/// Removes every deleted instance for good; what AiKore did not put there stays. The work goes on as a job.
#[utoipa::path(post, path = "/api/trash/empty", tag = "trash", request_body = Confirmation,
    responses((status = 202, body = Job), (status = 422, body = ErrorBody)))]
async fn empty(
    State(panel): State<Panel>,
    Body(confirmation): Body<Confirmation>,
) -> Result<(StatusCode, Json<Job>), HttpError> {
    let job = panel.engine.trash.empty(Some(confirmation.confirm)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Chooses after how many days things leave the trash by themselves; what is older goes at once.
#[utoipa::path(put, path = "/api/trash/settings", tag = "trash", request_body = TrashSettings,
    responses((status = 200, body = TrashSettings), (status = 422, body = ErrorBody)))]
async fn settings(
    State(panel): State<Panel>,
    Body(settings): Body<TrashSettings>,
) -> Result<Json<TrashSettings>, HttpError> {
    Ok(Json(panel.engine.trash.set(settings).await?))
}

/// What removing one thing for good would remove, to the byte.
#[utoipa::path(get, path = "/api/trash/entries/{entry}/preview", tag = "trash", params(("entry" = String, Path)),
    responses((status = 200, body = TrashPreview), (status = 404, body = ErrorBody)))]
async fn preview(
    State(panel): State<Panel>,
    Segment(entry): Segment<String>,
) -> Result<Json<TrashPreview>, HttpError> {
    Ok(Json(panel.engine.trash.preview(Some(&entry)).await?))
}

/// Removes one thing for good; its name has to be given. The work goes on as a job.
#[utoipa::path(delete, path = "/api/trash/entries/{entry}", tag = "trash", params(("entry" = String, Path)),
    request_body = Confirmation,
    responses((status = 202, body = Job), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn delete(
    State(panel): State<Panel>,
    Segment(entry): Segment<String>,
    Body(confirmation): Body<Confirmation>,
) -> Result<(StatusCode, Json<Job>), HttpError> {
    let deleted = panel.engine.trash.delete(&entry, Some(confirmation.confirm));
    Ok((StatusCode::ACCEPTED, Json(deleted.await?)))
}

/// Brings a deleted instance back, with its number and its settings.
#[utoipa::path(post, path = "/api/trash/entries/{entry}/restore", tag = "trash", params(("entry" = String, Path)),
    request_body = Restoring,
    responses((status = 200, body = InstanceBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn restore(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Segment(entry): Segment<String>,
    Body(restoring): Body<Restoring>,
) -> Result<Json<InstanceBody>, HttpError> {
    let instance = panel.engine.trash.restore(&entry, restoring.name).await?;
    let origin: RequestOrigin = request_origin(&panel, Some(&headers));
    Ok(Json(InstanceBody::new(&origin, instance)))
}
