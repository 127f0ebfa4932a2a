//! Jobs over REST.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::instances::LogPosition;
use serde::Deserialize;
use types::jobs::{Job, JobId, JobLog};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ErrorBody, HttpError, Query, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(cancel))
        .routes(routes!(log))
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

/// The longest a request for a log is held open, seconds.
const PATIENCE: u64 = 30;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Reading {
    /// First byte; 0 without it.
    offset: Option<u64>,
    /// Instead of `offset`: about so many bytes before the end, begun at a line.
    tail: Option<u64>,
    /// Seconds to wait for something new at `offset`, 30 at most; the end of the job ends the wait.
    #[serde(default)]
    wait: u64,
}

/// A piece of what a job printed: whole characters, at most 1 MiB. Ask again from `next_offset` until `ended`.
#[utoipa::path(get, path = "/api/jobs/{id}/log", tag = "jobs", params(("id" = u64, Path), Reading),
    responses((status = 200, body = JobLog), (status = 404, body = ErrorBody)))]
async fn log(
    State(panel): State<Panel>,
    Segment(id): Segment<JobId>,
    Query(reading): Query<Reading>,
) -> Result<Json<JobLog>, HttpError> {
    let position = match reading.tail {
        Some(bytes) => LogPosition::Tail(bytes),
        None => LogPosition::Offset(reading.offset.unwrap_or(0)),
    };
    let patience = Duration::from_secs(reading.wait.min(PATIENCE));
    Ok(Json(panel.engine.jobs.log(id, position, patience).await?))
}
