//! Jobs over REST.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use types::jobs::{Job, JobId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ErrorBody, HttpError, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(cancel))
}

/// Present and recent jobs, newest first.
#[utoipa::path(get, path = "/api/jobs/", tag = "jobs", responses((status = 200, body = Vec<Job>)))]
async fn list(State(panel): State<Panel>) -> Json<Vec<Job>> {
    Json(panel.engine.jobs.list())
}

/// One job.
#[utoipa::path(get, path = "/api/jobs/{id}", tag = "jobs", params(("id" = u64, Path)),
    responses((status = 200, body = Job), (status = 404, body = ErrorBody)))]
async fn get(State(panel): State<Panel>, Segment(id): Segment<JobId>) -> Result<Json<Job>, HttpError> {
    Ok(Json(panel.engine.jobs.get(id)?))
}

/// Asks a job to end; its state says when it has.
#[utoipa::path(post, path = "/api/jobs/{id}/cancel", tag = "jobs", params(("id" = u64, Path)),
    responses((status = 202, body = Job), (status = 404, body = ErrorBody)))]
async fn cancel(
    State(panel): State<Panel>,
    Segment(id): Segment<JobId>,
) -> Result<(StatusCode, Json<Job>), HttpError> {
    panel.engine.jobs.cancel(id)?;
    Ok((StatusCode::ACCEPTED, Json(panel.engine.jobs.get(id)?)))
}
