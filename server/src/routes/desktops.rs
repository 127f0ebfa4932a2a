//! Desktops of instances over REST.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use types::desktops::{Availability, DesktopStatus, Input, NewShare, Share};
use types::instances::InstanceId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Body, ErrorBody, HttpError, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(availability))
        .routes(routes!(status))
        .routes(routes!(screenshot))
        .routes(routes!(input))
        .routes(routes!(shares, share))
        .routes(routes!(end_share))
}

/// Whether this machine can show desktops, and what to do if not.
#[utoipa::path(get, path = "/api/v1/desktops", tag = "desktops", responses((status = 200, body = Availability)))]
async fn availability(State(panel): State<Panel>) -> Result<Json<Availability>, HttpError> {
    Ok(Json(panel.engine.desktops.availability().await?))
}

/// How the desktop of a running instance is doing; `null` for one that has none or does not run.
#[utoipa::path(get, path = "/api/v1/instances/{id}/desktop", tag = "desktops", params(("id" = i64, Path)),
    responses((status = 200, body = Option<DesktopStatus>), (status = 404, body = ErrorBody)))]
async fn status(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<Option<DesktopStatus>>, HttpError> {
    Ok(Json(panel.engine.desktops.status(id).await?))
}

/// What a desktop shows now, as a picture.
#[utoipa::path(get, path = "/api/v1/instances/{id}/desktop/screenshot", tag = "desktops", params(("id" = i64, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn screenshot(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<impl IntoResponse, HttpError> {
    let picture = panel.engine.desktops.screenshot(id).await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], picture))
}

/// Clicks, scrolls or types on a desktop.
#[utoipa::path(post, path = "/api/v1/instances/{id}/desktop/input", tag = "desktops", params(("id" = i64, Path)),
    request_body = Input, responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn input(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Body(input): Body<Input>,
) -> Result<StatusCode, HttpError> {
    panel.engine.desktops.input(id, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The links that show a desktop to who has no login, newest first, without their secrets.
#[utoipa::path(get, path = "/api/v1/instances/{id}/desktop/shares", tag = "desktops", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<Share>), (status = 404, body = ErrorBody)))]
async fn shares(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<Vec<Share>>, HttpError> {
    Ok(Json(panel.engine.desktops.shares(id).await?))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct WantedShare {
    /// How long it is good, 60 to 2,592,000 (30 days).
    seconds: i64,
}

/// Makes a link that shows a desktop and takes no input; its secret is shown only now.
#[utoipa::path(post, path = "/api/v1/instances/{id}/desktop/shares", tag = "desktops", params(("id" = i64, Path)),
    request_body = WantedShare, responses((status = 201, body = NewShare), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn share(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Body(wanted): Body<WantedShare>,
) -> Result<(StatusCode, Json<NewShare>), HttpError> {
    let new = panel.engine.desktops.share(id, wanted.seconds).await?;
    Ok((StatusCode::CREATED, Json(new)))
}

/// Ends a link, and whoever watches by it.
#[utoipa::path(delete, path = "/api/v1/instances/{id}/desktop/shares/{share}", tag = "desktops",
    params(("id" = i64, Path), ("share" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn end_share(
    State(panel): State<Panel>,
    Segment((id, share)): Segment<(InstanceId, i64)>,
) -> Result<StatusCode, HttpError> {
    panel.engine.desktops.end_share(id, share).await?;
    panel.login_ended();
    Ok(StatusCode::NO_CONTENT)
}
