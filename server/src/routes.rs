//! The REST API under `/api/` and its description.

pub(crate) mod alerts;
mod autopsy;
pub(crate) mod blueprints;
mod copies;
mod crashes;
mod desktops;
mod environments;
mod files;
mod forwards;
mod gpus;
mod instances;
mod jobs;
mod logs;
mod qr;
mod refusals;
mod system;
mod telemetry;
mod terminals;
mod tokens;
mod trash;
pub(crate) mod wheels;

use app::error::ErrorKind;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::credentials;
use crate::error::HttpError;
use crate::state::Panel;

/// Every route of the API, its description and the page that shows it.
pub(crate) fn router() -> Router<Panel> {
    let (router, _) = described().split_for_parts();
    router
        .method_not_allowed_fallback(wrong_method)
        .merge(SwaggerUi::new("/api/docs").url("/api/docs/openapi.json", description()))
}

/// Every path of the API with all its answers.
pub fn description() -> OpenApi {
    refusals::describe(described().into_openapi())
}

fn described() -> OpenApiRouter<Panel> {
    OpenApiRouter::with_openapi(frame())
        .merge(alerts::router())
        .merge(instances::router())
        .merge(copies::router())
        .merge(crashes::router())
        .merge(desktops::router())
        .merge(gpus::router())
        .merge(files::router())
        .merge(forwards::router())
        .merge(autopsy::router())
        .merge(blueprints::router())
        .merge(environments::router())
        .merge(logs::router())
        .merge(qr::router())
        .merge(jobs::router())
        .merge(terminals::router())
        .merge(system::router())
        .merge(telemetry::router())
        .merge(tokens::router())
        .merge(trash::router())
        .merge(wheels::router())
}

fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("AiKore")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Everything the panel does. Scripts send `Authorization: Bearer <token>`; tokens are made under \
             `/api/tokens/` or with `aikore token new`. Errors are `{code, message, hint}`.",
        ));
    let mut components = Components::new();
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(credentials::COOKIE))),
    );
    let no_scopes: [String; 0] = [];
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components))
        .security(Some([
            SecurityRequirement::new("token", no_scopes.clone()),
            SecurityRequirement::new("session", no_scopes),
        ]))
        .build()
}

/// The answer to an address below `/api/` that does not exist.
pub(crate) fn unknown() -> HttpError {
    HttpError::new(
        ErrorKind::NotFound,
        "unknown_route",
        "There is no such address in the API.",
        "Its description is at /api/docs.",
    )
}

async fn wrong_method(request: Request) -> Response {
    let error = HttpError::new(
        ErrorKind::BadRequest,
        "wrong_method",
        format!("{} is not possible here.", request.method()),
        "The API's description at /api/docs says what is.",
    );
    let mut answer = error.into_response();
    *answer.status_mut() = axum::http::StatusCode::METHOD_NOT_ALLOWED;
    answer
}

/// Our own fault: logged here, hidden from the client.
fn internal(what: &str, error: &dyn std::error::Error) -> HttpError {
    tracing::error!(%error, "{what}");
    HttpError::new(
        ErrorKind::Internal,
        "internal",
        "The panel could not do this.",
        "Its log says why; the panel's terminal or service log shows it.",
    )
}
