//! Why an instance ended by itself, over REST.

use std::io::Write as _;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use engine::crashes::BundleFile;
use flate2::Compression;
use flate2::write::GzEncoder;
use types::crashes::Crash;
use types::instances::InstanceId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::internal;
use crate::error::{ErrorBody, HttpError, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new().routes(routes!(last)).routes(routes!(bundle))
}

/// The last run of an instance, if it ended by itself: the decoded reason, memory of the last minute, last lines.
#[utoipa::path(get, path = "/api/v1/instances/{id}/crash", tag = "instances", params(("id" = i64, Path)),
    responses((status = 200, body = Crash), (status = 404, body = ErrorBody)))]
async fn last(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<Crash>, HttpError> {
    Ok(Json(panel.engine.crashes.last(id).await?))
}

/// The same and more in one file for somebody who is to help: crash, log, settings, script, machine; secrets are
/// hidden.
#[utoipa::path(get, path = "/api/v1/instances/{id}/crash/bundle", tag = "instances", params(("id" = i64, Path)),
    responses((status = 200, content_type = "application/gzip", body = [u8]), (status = 404, body = ErrorBody)))]
async fn bundle(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<impl IntoResponse, HttpError> {
    let slug = panel.engine.instances.get(id).await?.slug;
    let files = panel.engine.crashes.bundle(id).await?;
    let packed = pack(&slug, &files).map_err(|error| internal("a bundle could not be packed", &error))?;
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, "application/gzip".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{slug}-crash.tar.gz\""),
        ),
    ];
    Ok((headers, packed))
}

fn pack(folder: &str, files: &[BundleFile]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for file in files {
        let content = file.content.as_bytes();
        let mut head = tar::Header::new_gnu();
        head.set_size(content.len() as u64);
        head.set_mode(0o600);
        archive.append_data(&mut head, format!("{folder}-crash/{}", file.name), content)?;
    }
    let mut packed = archive.into_inner()?;
    packed.flush()?;
    packed.finish()
}
