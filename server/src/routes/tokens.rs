//! API tokens over REST.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use types::accounts::{ApiToken, NewApiToken};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Body, ErrorBody, HttpError, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// Every token, newest first, without the secrets.
#[utoipa::path(get, path = "/api/tokens/", tag = "tokens", responses((status = 200, body = Vec<ApiToken>)))]
async fn list(State(panel): State<Panel>) -> Result<Json<Vec<ApiToken>>, HttpError> {
    Ok(Json(panel.engine.accounts.tokens().await?))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct NewToken {
    /// What it is for.
    name: String,
}

/// Makes a token; its secret is shown only now.
#[utoipa::path(post, path = "/api/tokens/", tag = "tokens", request_body = NewToken,
    responses((status = 201, body = NewApiToken), (status = 422, body = ErrorBody)))]
async fn create(
    State(panel): State<Panel>,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<NewApiToken>), HttpError> {
    Ok((
        StatusCode::CREATED,
        Json(panel.engine.accounts.new_token(&new.name).await?),
    ))
}

/// Ends a token, and the sockets that live on it.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "tokens", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn revoke(State(panel): State<Panel>, Segment(id): Segment<i64>) -> Result<StatusCode, HttpError> {
    panel.engine.accounts.revoke_token(id).await?;
    panel.login_ended();
    Ok(StatusCode::NO_CONTENT)
}
