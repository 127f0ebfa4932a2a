//! Alerts over REST: rules, what they found, and webhooks.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use types::alerts::{Alert, AlertPhase, AlertRule, Silence, Webhook, WebhookOutcome};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Body, ErrorBody, HttpError, Query, Segment};
use crate::state::Panel;
use crate::webhooks;

/// What the page posts by a plain form and the app's own functions cannot do.
pub(crate) fn forms() -> Router<Panel> {
    Router::new().route("/alerts/webhooks/{id}/test", post(test_from_page))
}

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(rules, add_rule))
        .routes(routes!(change_rule, delete_rule))
        .routes(routes!(silence))
        .routes(routes!(hooks, add_hook))
        .routes(routes!(change_hook, delete_hook))
        .routes(routes!(test))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// How many, 100 without it, 1000 at most.
    limit: Option<u64>,
}

/// What rules found, newest first.
#[utoipa::path(get, path = "/api/v1/alerts/", tag = "alerts", params(Listing), responses((status = 200, body = Vec<Alert>)))]
async fn list(
    State(panel): State<Panel>,
    Query(listing): Query<Listing>,
) -> Result<Json<Vec<Alert>>, HttpError> {
    let most = listing.limit.unwrap_or(100).min(1000);
    Ok(Json(panel.engine.alerts.list(most).await?))
}

/// Every rule.
#[utoipa::path(get, path = "/api/v1/alerts/rules", tag = "alerts", responses((status = 200, body = Vec<AlertRule>)))]
async fn rules(State(panel): State<Panel>) -> Json<Vec<AlertRule>> {
    Json(panel.engine.alerts.rules())
}

/// Adds a rule.
#[utoipa::path(post, path = "/api/v1/alerts/rules", tag = "alerts", request_body = AlertRule,
    responses((status = 201, body = AlertRule)))]
async fn add_rule(
    State(panel): State<Panel>,
    Body(rule): Body<AlertRule>,
) -> Result<(StatusCode, Json<AlertRule>), HttpError> {
    let rule = panel.engine.alerts.put_rule(AlertRule { id: 0, ..rule }).await?;
    Ok((StatusCode::CREATED, Json(rule)))
}

/// Changes a rule.
#[utoipa::path(put, path = "/api/v1/alerts/rules/{id}", tag = "alerts", params(("id" = i64, Path)),
    request_body = AlertRule, responses((status = 200, body = AlertRule), (status = 404, body = ErrorBody)))]
async fn change_rule(
    State(panel): State<Panel>,
    Segment(id): Segment<i64>,
    Body(rule): Body<AlertRule>,
) -> Result<Json<AlertRule>, HttpError> {
    let id = if id == 0 { -1 } else { id };
    Ok(Json(
        panel.engine.alerts.put_rule(AlertRule { id, ..rule }).await?,
    ))
}

/// Forgets a rule; what it found stays in the list.
#[utoipa::path(delete, path = "/api/v1/alerts/rules/{id}", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete_rule(State(panel): State<Panel>, Segment(id): Segment<i64>) -> Result<StatusCode, HttpError> {
    panel.engine.alerts.delete_rule(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
struct SilenceWish {
    /// How long nobody is told; 0 ends that.
    #[serde(default)]
    seconds: u32,
    /// Nobody is told until all that it found is over; `seconds` does not count then.
    #[serde(default)]
    until_over: bool,
}

/// Tells nobody what a rule finds for a while; it is still listed.
#[utoipa::path(post, path = "/api/v1/alerts/rules/{id}/silence", tag = "alerts", params(("id" = i64, Path)),
    request_body = SilenceWish, responses((status = 200, body = AlertRule), (status = 404, body = ErrorBody)))]
async fn silence(
    State(panel): State<Panel>,
    Segment(id): Segment<i64>,
    Body(wish): Body<SilenceWish>,
) -> Result<Json<AlertRule>, HttpError> {
    let silence = if wish.until_over {
        Silence::UntilOver
    } else {
        Silence::Seconds(wish.seconds)
    };
    Ok(Json(panel.engine.alerts.silence(id, silence).await?))
}

/// Everybody who is told. Addresses are shown without what follows the host.
#[utoipa::path(get, path = "/api/v1/alerts/webhooks", tag = "alerts", responses((status = 200, body = Vec<Webhook>)))]
async fn hooks(State(panel): State<Panel>) -> Result<Json<Vec<Webhook>>, HttpError> {
    let hooks = panel.engine.alerts.webhooks().await?;
    Ok(Json(hooks.iter().map(Webhook::concealed).collect()))
}

/// Adds somebody who is told.
#[utoipa::path(post, path = "/api/v1/alerts/webhooks", tag = "alerts", request_body = Webhook,
    responses((status = 201, body = Webhook)))]
async fn add_hook(
    State(panel): State<Panel>,
    Body(hook): Body<Webhook>,
) -> Result<(StatusCode, Json<Webhook>), HttpError> {
    let hook = panel.engine.alerts.put_webhook(Webhook { id: 0, ..hook }).await?;
    Ok((StatusCode::CREATED, Json(hook.concealed())))
}

/// Changes somebody who is told. An address that is sent back as it was shown stays as it was.
#[utoipa::path(put, path = "/api/v1/alerts/webhooks/{id}", tag = "alerts", params(("id" = i64, Path)),
    request_body = Webhook, responses((status = 200, body = Webhook), (status = 404, body = ErrorBody)))]
async fn change_hook(
    State(panel): State<Panel>,
    Segment(id): Segment<i64>,
    Body(hook): Body<Webhook>,
) -> Result<Json<Webhook>, HttpError> {
    let id = if id == 0 { -1 } else { id };
    let hook = panel.engine.alerts.put_webhook(Webhook { id, ..hook }).await?;
    Ok(Json(hook.concealed()))
}

/// Tells somebody nothing any more.
#[utoipa::path(delete, path = "/api/v1/alerts/webhooks/{id}", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete_hook(State(panel): State<Panel>, Segment(id): Segment<i64>) -> Result<StatusCode, HttpError> {
    panel.engine.alerts.delete_webhook(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message to somebody now, once, and says what became of it; takes up to ten seconds.
#[utoipa::path(post, path = "/api/v1/alerts/webhooks/{id}/test", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 200, body = WebhookOutcome), (status = 404, body = ErrorBody)))]
async fn test(
    State(panel): State<Panel>,
    Segment(id): Segment<i64>,
) -> Result<Json<WebhookOutcome>, HttpError> {
    Ok(Json(try_hook(&panel, id).await?))
}

/// The same for the page, which shows what became of it.
async fn test_from_page(
    State(panel): State<Panel>,
    Segment(id): Segment<i64>,
) -> Result<Redirect, HttpError> {
    try_hook(&panel, id).await?;
    Ok(Redirect::to(&format!("/alerts?tested={id}#webhooks")))
}

async fn try_hook(panel: &Panel, id: i64) -> Result<WebhookOutcome, HttpError> {
    let hooks = panel.engine.alerts.webhooks().await?;
    let hook = hooks.into_iter().find(|hook| hook.id == id);
    let hook = hook.ok_or(engine::Error::UnknownWebhook(id))?;
    let now = engine::now_ms();
    let trial = Alert {
        id: 0,
        rule_id: 0,
        rule: "A test".to_owned(),
        subject: "machine".to_owned(),
        message: "This is what an alert looks like.".to_owned(),
        phase: AlertPhase::Firing,
        began_at: now,
        ended_at: None,
        silenced: false,
    };
    let client = webhooks::Client::default();
    Ok(webhooks::deliver(panel, &client, &hook, &trial, &[]).await)
}
