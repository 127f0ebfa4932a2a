//! Environments of instances over REST.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use types::environments::{Environment, EnvironmentSize, UpdateRequest};
use types::instances::InstanceId;
use types::jobs::Job;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Body, ErrorBody, HttpError, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(environment))
        .routes(routes!(size))
        .routes(routes!(version_check))
        .routes(routes!(rebuild))
        .routes(routes!(install))
        .routes(routes!(update))
}

type Begun = Result<(StatusCode, Json<Job>), HttpError>;

/// What the environment holds, what does not fit together in it, and the last update. Takes some seconds.
#[utoipa::path(get, path = "/api/instances/{id}/environment", tag = "environments", params(("id" = i64, Path)),
    responses((status = 200, body = Environment), (status = 404, body = ErrorBody)))]
async fn environment(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<Environment>, HttpError> {
    Ok(Json(panel.engine.environments.check(id).await?))
}

/// The space the environment takes; a file with several names counts once.
#[utoipa::path(get, path = "/api/instances/{id}/environment/size", tag = "environments",
    params(("id" = i64, Path)),
    responses((status = 200, body = EnvironmentSize), (status = 404, body = ErrorBody)))]
async fn size(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<EnvironmentSize>, HttpError> {
    Ok(Json(panel.engine.environments.size(id).await?))
}

/// The same as a text, for clients of the original, and in full.
#[derive(Serialize, ToSchema)]
struct VersionCheck {
    /// One library per line.
    versions: String,
    /// One conflict per line; empty when all fits together.
    conflicts: String,
    /// The same for programs.
    environment: Environment,
}

/// Python, torch, CUDA, key libraries and conflicts.
#[utoipa::path(post, path = "/api/instances/{id}/version-check", tag = "environments",
    params(("id" = i64, Path)),
    responses((status = 200, body = VersionCheck), (status = 404, body = ErrorBody)))]
async fn version_check(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<VersionCheck>, HttpError> {
    let environment = panel.engine.environments.check(id).await?;
    let mut versions = vec![format!("python {}", environment.python)];
    versions.extend(environment.cuda.iter().map(|cuda| format!("cuda {cuda}")));
    let key = environment.key.iter();
    versions.extend(key.map(|package| format!("{} {}", package.name, package.version)));
    let conflicts = environment
        .conflicts
        .iter()
        .map(|misfit| match misfit.has.as_str() {
            "" => format!(
                "{} needs {}, which is not installed",
                misfit.package, misfit.needs
            ),
            has => format!(
                "{} needs {}, but {has} is installed",
                misfit.package, misfit.needs
            ),
        });
    Ok(Json(VersionCheck {
        versions: versions.join("\n"),
        conflicts: conflicts.collect::<Vec<_>>().join("\n"),
        environment,
    }))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct Rebuilding {
    /// Start the app now, also when it does not run.
    start: bool,
}

/// Has the script make the environment anew: now when the app runs or `start` says so, else at the next start.
#[utoipa::path(post, path = "/api/instances/{id}/rebuild", tag = "environments", params(("id" = i64, Path)),
    request_body = Option<Rebuilding>,
    responses((status = 202, body = Job), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn rebuild(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    body: Result<Bytes, BytesRejection>,
) -> Begun {
    let body = body?;
    let rebuilding = if body.is_empty() {
        Rebuilding::default()
    } else {
        Json::<Rebuilding>::from_bytes(&body)?.0
    };
    let job = panel.engine.environments.rebuild(id, rebuilding.start).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

#[derive(Deserialize, ToSchema)]
struct Installing {
    /// One per line, such as `numpy>=2`.
    requirements: String,
    /// Add them to the instance's `requirements.txt`, so that they survive a rebuild.
    #[serde(default)]
    keep: bool,
    /// Install even while the app runs.
    #[serde(default)]
    confirm: bool,
}

/// Installs into the environment.
#[utoipa::path(post, path = "/api/instances/{id}/environment/install", tag = "environments",
    params(("id" = i64, Path)), request_body = Installing,
    responses((status = 202, body = Job), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn install(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Body(wanted): Body<Installing>,
) -> Begun {
    let environments = &panel.engine.environments;
    let job = environments.install(id, &wanted.requirements, wanted.keep, wanted.confirm);
    Ok((StatusCode::ACCEPTED, Json(job.await?)))
}

/// Updates with a way back: what was there comes back unless everything can be imported, fits together as before
/// and the app gets ready.
#[utoipa::path(post, path = "/api/instances/{id}/environment/update", tag = "environments",
    params(("id" = i64, Path)), request_body = UpdateRequest,
    responses((status = 202, body = Job), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn update(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Body(request): Body<UpdateRequest>,
) -> Begun {
    let job = panel.engine.environments.update(id, request).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
