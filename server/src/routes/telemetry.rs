//! What is measured, over REST: now and before.

use axum::Json;
use axum::extract::State;
use engine::telemetry::HistoryQuery;
use serde::Deserialize;
use types::instances::InstanceId;
use types::telemetry::{History, InstanceReading, Readings};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ErrorBody, HttpError, Query, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(now))
        .routes(routes!(history))
        .routes(routes!(instance))
        .routes(routes!(instance_history))
}

/// The last reading of the machine, its GPUs and every running instance; at most five seconds old. Asking costs
/// nothing. Over the WebSocket (`/ws`) each reading comes as a binary message
/// (`{"readings":…}`) after `{"readings":true}`.
#[utoipa::path(get, path = "/api/v1/telemetry/now", tag = "telemetry", responses((status = 200, body = Readings)))]
async fn now(State(panel): State<Panel>) -> Json<Readings> {
    Json(panel.engine.telemetry.readings().as_ref().clone())
}

/// An hour.
const RANGE: i64 = 3600;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Stretch {
    /// Seconds back from `to`; an hour without it. Kept are an hour by seconds, a day by 15 s, 30 days by 5 min.
    range: Option<u32>,
    /// End, Unix milliseconds; now without it.
    to: Option<i64>,
    /// Seconds of a step; what suits a chart without it.
    step: Option<u32>,
    /// `machine`, `volume:<name>`, `gpu:<uuid>`, `instance:<id>`, or `gpu:*`; several with commas between; all without
    /// it.
    subjects: Option<String>,
    /// Such as `cpu_percent,memory`; all without it.
    metrics: Option<String>,
}

impl Stretch {
    fn query(&self) -> HistoryQuery {
        let list = |text: &Option<String>| {
            let words = text.iter().flat_map(|text| text.split(','));
            words
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect()
        };
        let to = self.to.unwrap_or_else(engine::now_ms);
        let range = self.range.map_or(RANGE, i64::from);
        HistoryQuery {
            from: to - range * 1000,
            to,
            step: i64::from(self.step.unwrap_or(0)) * 1000,
            subjects: list(&self.subjects),
            metrics: list(&self.metrics),
        }
    }
}

/// What was measured before, in equal steps with mean and peak, and when instances began and ended.
#[utoipa::path(get, path = "/api/v1/telemetry/history", tag = "telemetry", params(Stretch),
    responses((status = 200, body = History)))]
async fn history(
    State(panel): State<Panel>,
    Query(stretch): Query<Stretch>,
) -> Result<Json<History>, HttpError> {
    Ok(Json(panel.engine.telemetry.history(stretch.query()).await?))
}

/// What one instance uses now; `null` while it does not run.
#[utoipa::path(get, path = "/api/v1/telemetry/instances/{id}", tag = "telemetry", params(("id" = i64, Path)),
    responses((status = 200, body = Option<InstanceReading>), (status = 404, body = ErrorBody)))]
async fn instance(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<Option<InstanceReading>>, HttpError> {
    panel.engine.instances.get(id).await?;
    Ok(Json(panel.engine.telemetry.instance(id)))
}

/// What one instance used before, and when it began and ended. `subjects` is not looked at.
#[utoipa::path(get, path = "/api/v1/telemetry/instances/{id}/history", tag = "telemetry",
    params(("id" = i64, Path), Stretch),
    responses((status = 200, body = History), (status = 404, body = ErrorBody)))]
async fn instance_history(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(stretch): Query<Stretch>,
) -> Result<Json<History>, HttpError> {
    panel.engine.instances.get(id).await?;
    let query = HistoryQuery {
        subjects: vec![format!("instance:{id}")],
        ..stretch.query()
    };
    Ok(Json(panel.engine.telemetry.history(query).await?))
}
