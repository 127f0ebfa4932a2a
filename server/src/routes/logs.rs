//! Runs and their logs over REST.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use engine::Engine;
use engine::instances::LogPosition;
use futures_util::stream;
use serde::Deserialize;
use types::instances::InstanceId;
use types::logs::{LogChunk, Run};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ErrorBody, HttpError, Query, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(runs))
        .routes(routes!(log))
        .routes(routes!(download))
}

/// The runs whose logs are kept, newest first.
#[utoipa::path(get, path = "/api/instances/{id}/runs", tag = "logs", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<Run>), (status = 404, body = ErrorBody)))]
async fn runs(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<Vec<Run>>, HttpError> {
    Ok(Json(panel.engine.instances.runs(id).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Reading {
    /// First byte; 0 without it.
    offset: Option<u64>,
    /// Instead of `offset`: about so many bytes before the end, begun at a line.
    tail: Option<u64>,
    /// Number of the run; the newest without it.
    run: Option<u32>,
}

/// A piece of a run's log: whole characters, at most 1 MiB. Ask again from `next_offset`.
#[utoipa::path(get, path = "/api/instances/{id}/logs", tag = "logs", params(("id" = i64, Path), Reading),
    responses((status = 200, body = LogChunk), (status = 404, body = ErrorBody)))]
async fn log(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(reading): Query<Reading>,
) -> Result<Json<LogChunk>, HttpError> {
    let position = match reading.tail {
        Some(bytes) => LogPosition::Tail(bytes),
        None => LogPosition::Offset(reading.offset.unwrap_or(0)),
    };
    Ok(Json(panel.engine.instances.log(id, reading.run, position).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Number of the run; the newest without it.
    run: Option<u32>,
}

/// A run's whole log as a text file.
#[utoipa::path(get, path = "/api/instances/{id}/logs/download", tag = "logs", params(("id" = i64, Path), Which),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = ErrorBody)))]
async fn download(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(which): Query<Which>,
) -> Result<impl IntoResponse, HttpError> {
    let slug = panel.engine.instances.get(id).await?.slug;
    let first = panel
        .engine
        .instances
        .log(id, which.run, LogPosition::Offset(0))
        .await?;
    let name = format!("attachment; filename=\"{slug}-run-{}.log\"", first.run);
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(rest(panel.engine, id, first))))
}

/// The first piece and those after it, up to the size the log had at the beginning: a running app must not
/// make a download endless.
fn rest(
    engine: Engine,
    id: InstanceId,
    first: LogChunk,
) -> impl futures_util::Stream<Item = Result<String, engine::Error>> {
    let (run, end) = (first.run, first.size);
    stream::try_unfold(
        (engine, Some(first), 0),
        move |(engine, ready, next)| async move {
            let chunk = match ready {
                Some(chunk) => chunk,
                None if next >= end => return Ok(None),
                None => {
                    engine
                        .instances
                        .log(id, Some(run), LogPosition::Offset(next))
                        .await?
                }
            };
            if chunk.content.is_empty() {
                return Ok(None);
            }
            let next = chunk.next_offset;
            Ok(Some((chunk.content, (engine, None, next))))
        },
    )
}
