//! Instances over REST.

use app::links::RequestOrigin;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::instances::{
    ChangePreview, DeleteMode, DeletePreview, Instance, InstanceChange, InstanceId, NewInstance,
};
use types::jobs::Job;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Body, ErrorBody, HttpError, Query, Segment};
use crate::pages::request_origin;
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(preview))
        .routes(routes!(reorder))
        .routes(routes!(get, update, delete))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(restart))
        .routes(routes!(delete_preview))
        // The same without the slash at the end, for clients that leave it out.
        .route("/api/instances", axum::routing::get(list).post(create))
}

/// An instance as the API shows it.
#[derive(Serialize, ToSchema)]
pub(super) struct InstanceBody {
    #[serde(flatten)]
    instance: Instance,
    /// The same as `public_port`, for clients of the original.
    port: Option<u16>,
}

impl InstanceBody {
    pub(super) fn new(origin: &RequestOrigin, instance: Instance) -> Self {
        let instance = origin.link(instance);
        Self {
            port: instance.public_port,
            instance,
        }
    }
}

type Shown = (StatusCode, Json<InstanceBody>);
type Answer = Result<Shown, HttpError>;

fn shown(status: StatusCode, panel: &Panel, headers: &HeaderMap, instance: Instance) -> Shown {
    let origin = request_origin(panel, Some(headers));
    (status, Json(InstanceBody::new(&origin, instance)))
}

/// Every instance in table order; never cut short.
#[utoipa::path(get, path = "/api/instances/", tag = "instances",
    responses((status = 200, body = Vec<InstanceBody>), (status = 401, body = ErrorBody)))]
async fn list(State(panel): State<Panel>, headers: HeaderMap) -> Result<Response, HttpError> {
    let origin = request_origin(&panel, Some(&headers));
    let generation = panel.engine.events.published();
    let asked = format!("{}://{}", origin.scheme, origin.host);
    let text = if let Some(text) = panel.list_cache().get(generation, &asked) {
        text
    } else {
        let text = list_text(&panel, &origin).await?;
        panel.list_cache().put(generation, &asked, text.clone());
        text
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

async fn list_text(panel: &Panel, origin: &RequestOrigin) -> Result<Bytes, HttpError> {
    let instances = panel.engine.instances.list().await?;
    let rows: Vec<InstanceBody> = instances
        .into_iter()
        .map(|row| InstanceBody::new(origin, row))
        .collect();
    let text = serde_json::to_vec(&rows)
        .map_err(|error| super::internal("the list could not be written", &error))?;
    Ok(text.into())
}

/// One instance.
#[utoipa::path(get, path = "/api/instances/{id}", tag = "instances", params(("id" = i64, Path)),
    responses((status = 200, body = InstanceBody), (status = 404, body = ErrorBody)))]
async fn get(State(panel): State<Panel>, headers: HeaderMap, Segment(id): Segment<InstanceId>) -> Answer {
    Ok(shown(
        StatusCode::OK,
        &panel,
        &headers,
        panel.engine.instances.get(id).await?,
    ))
}

/// Adds a stopped instance.
#[utoipa::path(post, path = "/api/instances/", tag = "instances", request_body = NewInstance,
    responses((status = 201, body = InstanceBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn create(State(panel): State<Panel>, headers: HeaderMap, Body(new): Body<NewInstance>) -> Answer {
    Ok(shown(
        StatusCode::CREATED,
        &panel,
        &headers,
        panel.engine.instances.create(new).await?,
    ))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Saving {
    /// Restart the instance if it runs and a changed value needs it.
    #[serde(default)]
    restart: bool,
}

/// Saves the given fields. With a `row_version` that is not the present one nothing is saved: 409.
#[utoipa::path(put, path = "/api/instances/{id}", tag = "instances", params(("id" = i64, Path), Saving),
    request_body = InstanceChange,
    responses((status = 200, body = InstanceBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn update(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Segment(id): Segment<InstanceId>,
    Query(saving): Query<Saving>,
    Body(change): Body<InstanceChange>,
) -> Answer {
    let instance = panel.engine.instances.update(id, change, saving.restart).await?;
    Ok(shown(StatusCode::OK, &panel, &headers, instance))
}

/// Asks to start; the status follows.
#[utoipa::path(post, path = "/api/instances/{id}/start", tag = "instances", params(("id" = i64, Path)),
    responses((status = 202, body = InstanceBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn start(State(panel): State<Panel>, headers: HeaderMap, Segment(id): Segment<InstanceId>) -> Answer {
    Ok(shown(
        StatusCode::ACCEPTED,
        &panel,
        &headers,
        panel.engine.instances.start(id).await?,
    ))
}

/// Asks to stop; `stopped` is shown once nothing of it is left.
#[utoipa::path(post, path = "/api/instances/{id}/stop", tag = "instances", params(("id" = i64, Path)),
    responses((status = 202, body = InstanceBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn stop(State(panel): State<Panel>, headers: HeaderMap, Segment(id): Segment<InstanceId>) -> Answer {
    Ok(shown(
        StatusCode::ACCEPTED,
        &panel,
        &headers,
        panel.engine.instances.stop(id).await?,
    ))
}

/// Asks to stop, then to start.
#[utoipa::path(post, path = "/api/instances/{id}/restart", tag = "instances", params(("id" = i64, Path)),
    responses((status = 202, body = InstanceBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn restart(State(panel): State<Panel>, headers: HeaderMap, Segment(id): Segment<InstanceId>) -> Answer {
    Ok(shown(
        StatusCode::ACCEPTED,
        &panel,
        &headers,
        panel.engine.instances.restart(id).await?,
    ))
}

/// What deleting would remove, to the byte.
#[utoipa::path(get, path = "/api/instances/{id}/delete-preview", tag = "instances", params(("id" = i64, Path)),
    responses((status = 200, body = DeletePreview), (status = 404, body = ErrorBody)))]
async fn delete_preview(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<DeletePreview>, HttpError> {
    Ok(Json(panel.engine.instances.delete_preview(id).await?))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct Deletion {
    /// What happens to its files.
    mode: DeleteMode,
    /// Its name, needed to delete permanently.
    confirm: Option<String>,
}

/// Deletes; the work goes on as a job. Without a body the files go to the trash.
#[utoipa::path(delete, path = "/api/instances/{id}", tag = "instances", params(("id" = i64, Path)),
    request_body = Option<Deletion>,
    responses((status = 202, body = Job), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn delete(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Job>), HttpError> {
    let body = body?;
    let deletion = if body.is_empty() {
        Deletion::default()
    } else {
        Json::<Deletion>::from_bytes(&body)?.0
    };
    let job = panel
        .engine
        .instances
        .delete(id, deletion.mode, deletion.confirm)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// The changes of one instance.
#[derive(Deserialize, ToSchema)]
pub(super) struct PlannedChange {
    /// Which instance.
    id: InstanceId,
    /// Its changes.
    change: InstanceChange,
}

/// What saving these changes would do; changes nothing.
#[utoipa::path(post, path = "/api/instances/preview", tag = "instances", request_body = Vec<PlannedChange>,
    responses((status = 200, body = Vec<ChangePreview>), (status = 404, body = ErrorBody)))]
async fn preview(
    State(panel): State<Panel>,
    Body(planned): Body<Vec<PlannedChange>>,
) -> Result<Json<Vec<ChangePreview>>, HttpError> {
    let changes = planned.into_iter().map(|one| (one.id, one.change)).collect();
    Ok(Json(panel.engine.instances.preview(changes).await?))
}

/// Puts the instances in this order; those not named keep their order after the named ones.
#[utoipa::path(post, path = "/api/instances/reorder", tag = "instances", request_body = Vec<InstanceId>,
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn reorder(
    State(panel): State<Panel>,
    Body(order): Body<Vec<InstanceId>>,
) -> Result<StatusCode, HttpError> {
    panel.engine.instances.reorder(order).await?;
    Ok(StatusCode::NO_CONTENT)
}
