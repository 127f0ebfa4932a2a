//! GPUs to choose from, over REST.

use axum::Json;
use axum::extract::State;
use types::gpus::{GpuChoices, GpuFit};
use types::instances::InstanceId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ErrorBody, HttpError, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new().routes(routes!(choices)).routes(routes!(fit))
}

/// Every GPU with what is free and who holds the rest.
#[utoipa::path(get, path = "/api/v1/gpus", tag = "telemetry", responses((status = 200, body = GpuChoices)))]
async fn choices(State(panel): State<Panel>) -> Result<Json<GpuChoices>, HttpError> {
    Ok(Json(panel.engine.telemetry.choices().await?))
}

/// Whether an instance would find enough GPU memory if it were started now, by its blueprint's word and by what it
/// held within the last 30 days.
#[utoipa::path(get, path = "/api/v1/instances/{id}/gpu-fit", tag = "telemetry", params(("id" = i64, Path)),
    responses((status = 200, body = GpuFit), (status = 404, body = ErrorBody)))]
async fn fit(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<GpuFit>, HttpError> {
    Ok(Json(panel.engine.telemetry.fit(id).await?))
}
