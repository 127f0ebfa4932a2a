//! Wheels over REST.

use app::error::ErrorKind;
use axum::body::Body as Stream;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures_util::StreamExt as _;
use serde::Deserialize;
use types::instances::InstanceId;
use types::jobs::Job;
use types::wheels::{BuildPreset, BuildRequest, InstanceWheels, Wheel};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Body, ErrorBody, HttpError, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(upload, delete))
        .routes(routes!(of_instance, select))
        .routes(routes!(presets))
        .routes(routes!(build))
}

/// Every wheel of the library.
#[utoipa::path(get, path = "/api/wheels/", tag = "wheels", responses((status = 200, body = Vec<Wheel>)))]
async fn list(State(panel): State<Panel>) -> Result<Json<Vec<Wheel>>, HttpError> {
    Ok(Json(panel.engine.wheels.list().await?))
}

/// Puts a wheel into the library, in the place of one of the same name; the body is the file.
#[utoipa::path(put, path = "/api/wheels/{filename}", tag = "wheels", params(("filename" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Wheel), (status = 422, body = ErrorBody)))]
async fn upload(
    State(panel): State<Panel>,
    Segment(filename): Segment<String>,
    body: Stream,
) -> Result<(StatusCode, Json<Wheel>), HttpError> {
    let mut upload = panel.engine.wheels.upload(&filename).await?;
    let mut bytes = body.into_data_stream();
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(|error| super::internal("a wheel was not received to its end", &error))?;
        upload.write(&piece).await?;
    }
    Ok((StatusCode::CREATED, Json(upload.finish().await?)))
}

/// Takes a wheel out of the library; instances that selected it keep theirs.
#[utoipa::path(delete, path = "/api/wheels/{filename}", tag = "wheels", params(("filename" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn delete(
    State(panel): State<Panel>,
    Segment(filename): Segment<String>,
) -> Result<StatusCode, HttpError> {
    panel.engine.wheels.delete(filename).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The library as an instance sees it, and the wheels a person gave it.
#[utoipa::path(get, path = "/api/instances/{id}/wheels", tag = "wheels", params(("id" = i64, Path)),
    responses((status = 200, body = InstanceWheels), (status = 404, body = ErrorBody)))]
async fn of_instance(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<InstanceWheels>, HttpError> {
    Ok(Json(panel.engine.wheels.of_instance(id).await?))
}

#[derive(Deserialize, ToSchema)]
struct Selection {
    /// Files of the library.
    selected: Vec<String>,
}

/// Has an instance install these wheels of the library, and no others of it, from its next start on.
#[utoipa::path(post, path = "/api/instances/{id}/wheels", tag = "wheels", params(("id" = i64, Path)),
    request_body = Selection,
    responses((status = 200, body = InstanceWheels), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn select(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Body(selection): Body<Selection>,
) -> Result<Json<InstanceWheels>, HttpError> {
    Ok(Json(panel.engine.wheels.select(id, selection.selected).await?))
}

/// Modules that are often built.
#[utoipa::path(get, path = "/api/builder/presets", tag = "wheels",
    responses((status = 200, body = Vec<BuildPreset>)))]
async fn presets(State(panel): State<Panel>) -> Json<Vec<BuildPreset>> {
    Json(panel.engine.wheels.presets())
}

/// Compiles a wheel in an environment of its own and puts it into the library; two builds run at the same time.
#[utoipa::path(post, path = "/api/builder/build", tag = "wheels", request_body = BuildRequest,
    responses((status = 202, body = Job), (status = 422, body = ErrorBody)))]
async fn build(
    State(panel): State<Panel>,
    Body(request): Body<BuildRequest>,
) -> Result<(StatusCode, Json<Job>), HttpError> {
    Ok((
        StatusCode::ACCEPTED,
        Json(panel.engine.wheels.build(request).await?),
    ))
}

// ---- the form of the tool, which works without scripts

/// Where the form with files is posted to.
pub(crate) const FORM: &str = app::tools::wheels::upload::UPLOAD;

/// What the tool's form posts to.
pub(crate) fn forms() -> Router<Panel> {
    Router::new().route(FORM, post(upload_form))
}

/// Takes the files of a form into the library, and leads back to the tool.
async fn upload_form(State(panel): State<Panel>, mut form: Multipart) -> Response {
    let mut instance = String::new();
    let received = receive(&panel, &mut form, &mut instance).await;
    let tool = match instance.parse::<i64>() {
        Ok(id) => format!("/?log={id}&tool=wheels"),
        Err(_) => "/?tool=wheels".to_owned(),
    };
    let refusal = received.err().map(|error| app::error::in_address(FORM, &error.0));
    Redirect::to(&refusal.map_or(tool.clone(), |refusal| format!("{tool}&{refusal}"))).into_response()
}

async fn receive(panel: &Panel, form: &mut Multipart, instance: &mut String) -> Result<(), HttpError> {
    let mut received = 0;
    while let Some(field) = form.next_field().await.map_err(cut)? {
        match field.name() {
            Some("id") => *instance = field.text().await.map_err(cut)?,
            Some("file") => received += u32::from(receive_one(panel, field).await?),
            _ => {}
        }
    }
    if received > 0 {
        return Ok(());
    }
    Err(HttpError::new(
        ErrorKind::Invalid,
        "no_file",
        "Choose a wheel first: a file that ends in .whl.",
        "",
    ))
}

/// Whether there was a file; a form without a choice sends one without a name.
async fn receive_one(panel: &Panel, mut field: Field<'_>) -> Result<bool, HttpError> {
    let Some(filename) = field.file_name().filter(|name| !name.is_empty()) else {
        return Ok(false);
    };
    let mut upload = panel.engine.wheels.upload(filename).await?;
    while let Some(piece) = field.chunk().await.map_err(cut)? {
        upload.write(&piece).await?;
    }
    upload.finish().await?;
    Ok(true)
}

fn cut(problem: MultipartError) -> HttpError {
    tracing::debug!(%problem, "a form was not received to its end");
    HttpError::new(
        ErrorKind::BadRequest,
        "unreadable_form",
        "The file was not received to its end; choose it again.",
        "",
    )
}
