//! Public ports over REST, in the shapes of the original.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize};
use types::forwards::Activation;
use types::instances::{AccessPattern, InstanceChange, InstanceId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use app::error::ErrorKind;

use super::instances::InstanceBody;
use crate::error::{Body, ErrorBody, HttpError, Query, Segment};
use crate::pages::request_origin;
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(activate))
        .routes(routes!(deactivate))
        .routes(routes!(set_access_pattern))
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct ActivationBody {
    /// Whether it is now as it was asked for.
    success: bool,
    /// Another instance has the port: asked again with `force=true`, it is taken over.
    conflict: bool,
    /// That other instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicting_instance_name: Option<String>,
    /// A sentence for people.
    message: String,
    /// The instance as it is now; absent on a conflict, which changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<InstanceBody>,
}

impl ActivationBody {
    fn new(panel: &Panel, headers: &HeaderMap, activation: Activation) -> Json<Self> {
        let origin = request_origin(panel, Some(headers));
        Json(Self {
            success: activation.success,
            conflict: activation.conflict,
            conflicting_instance_name: activation.conflicting_instance_name,
            message: activation.message,
            instance: activation
                .instance
                .map(|instance| InstanceBody::new(&origin, *instance)),
        })
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Insistence {
    /// Take the port over from the instance that has it.
    #[serde(default, deserialize_with = "flag")]
    #[param(value_type = bool)]
    force: bool,
}

/// As scripts write it: `force`, `force=1`, `force=True`.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?.to_lowercase();
    match text.as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" | "" => Ok(false),
        _ => Err(serde::de::Error::custom("force is true or false")),
    }
}

/// Makes the public port lead to this instance. If another one has it: `conflict`, or, with `force`, a takeover
/// that no connection notices; neither app is touched.
#[utoipa::path(post, path = "/api/instances/{id}/activate", tag = "ports", params(("id" = i64, Path), Insistence),
    responses((status = 200, body = ActivationBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn activate(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Segment(id): Segment<InstanceId>,
    Query(insistence): Query<Insistence>,
) -> Result<Json<ActivationBody>, HttpError> {
    let activation = panel.engine.instances.activate(id, insistence.force).await?;
    Ok(ActivationBody::new(&panel, &headers, activation))
}

/// Closes the public port; the app is not touched.
#[utoipa::path(post, path = "/api/instances/{id}/deactivate", tag = "ports", params(("id" = i64, Path)),
    responses((status = 200, body = ActivationBody), (status = 404, body = ErrorBody)))]
async fn deactivate(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<ActivationBody>, HttpError> {
    let activation = panel.engine.instances.deactivate(id).await?;
    Ok(ActivationBody::new(&panel, &headers, activation))
}

/// How Open builds its link.
#[derive(Deserialize, ToSchema)]
struct PatternBody {
    /// `port`, `subdomain` or `path`.
    access_pattern: String,
}

/// Chooses how Open builds its link; `open_url` of the answer is the new one.
#[utoipa::path(put, path = "/api/instances/{id}/access-pattern", tag = "ports", params(("id" = i64, Path)),
    request_body = PatternBody, responses((status = 200, body = InstanceBody), (status = 404, body = ErrorBody)))]
async fn set_access_pattern(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Segment(id): Segment<InstanceId>,
    Body(wanted): Body<PatternBody>,
) -> Result<Json<InstanceBody>, HttpError> {
    let change = InstanceChange {
        access_pattern: Some(pattern(&wanted.access_pattern)?),
        ..InstanceChange::default()
    };
    let instance = panel.engine.instances.update(id, change, false).await?;
    Ok(Json(InstanceBody::new(
        &request_origin(&panel, Some(&headers)),
        instance,
    )))
}

fn pattern(word: &str) -> Result<AccessPattern, HttpError> {
    match word {
        "port" => Ok(AccessPattern::Port),
        "subdomain" => Ok(AccessPattern::Subdomain),
        "path" => Ok(AccessPattern::Path),
        other => Err(HttpError::new(
            ErrorKind::BadRequest,
            "unknown_access_pattern",
            format!("“{other}” is no access pattern."),
            "It is port, subdomain or path.",
        )),
    }
}
