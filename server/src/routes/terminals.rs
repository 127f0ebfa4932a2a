//! Terminals over REST; what they print and what is typed goes through `/ws/terminals/{id}`.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use types::instances::InstanceId;
use types::terminals::{Terminal, TerminalId, TerminalPlace, TerminalSize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::credentials::Credential;
use crate::error::{Body, ErrorBody, HttpError, Segment};
use crate::state::Panel;
use crate::terminals::person;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list, open_on_host))
        .routes(routes!(list_of_instance, open_in_instance))
        .routes(routes!(get))
        .routes(routes!(end))
}

/// Every terminal, oldest first; also those that ended within the last minute.
#[utoipa::path(get, path = "/api/terminals/", tag = "terminals", responses((status = 200, body = Vec<Terminal>)))]
async fn list(State(panel): State<Panel>) -> Json<Vec<Terminal>> {
    Json(panel.engine.terminals.list(None))
}

/// The terminals of an instance, oldest first.
#[utoipa::path(get, path = "/api/instances/{id}/terminals", tag = "terminals", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<Terminal>), (status = 404, body = ErrorBody)))]
async fn list_of_instance(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
) -> Result<Json<Vec<Terminal>>, HttpError> {
    panel.engine.instances.get(id).await?;
    Ok(Json(
        panel.engine.terminals.list(Some(TerminalPlace::Instance(id))),
    ))
}

/// How a terminal begins.
#[derive(Deserialize, ToSchema)]
struct NewTerminal {
    /// Columns and rows; 80 and 24 without it. The screens of those who look at it decide later.
    #[serde(default)]
    size: TerminalSize,
}

/// Opens a terminal in the instance's directory, with its environment activated.
#[utoipa::path(post, path = "/api/instances/{id}/terminals", tag = "terminals", params(("id" = i64, Path)),
    request_body = NewTerminal,
    responses((status = 201, body = Terminal), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn open_in_instance(
    State(panel): State<Panel>,
    Extension(credential): Extension<Credential>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Segment(id): Segment<InstanceId>,
    Body(new): Body<NewTerminal>,
) -> Result<(StatusCode, Json<Terminal>), HttpError> {
    let person = person(&panel, &credential, client).await;
    let opening = panel
        .engine
        .terminals
        .create(TerminalPlace::Instance(id), new.size, &person);
    Ok((StatusCode::CREATED, Json(opening.await?)))
}

/// Opens a terminal of the machine itself, where the panel was started with `--host-terminal`.
#[utoipa::path(post, path = "/api/terminals/", tag = "terminals", request_body = NewTerminal,
    responses((status = 201, body = Terminal), (status = 409, body = ErrorBody)))]
async fn open_on_host(
    State(panel): State<Panel>,
    Extension(credential): Extension<Credential>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Body(new): Body<NewTerminal>,
) -> Result<(StatusCode, Json<Terminal>), HttpError> {
    let person = person(&panel, &credential, client).await;
    let opening = panel
        .engine
        .terminals
        .create(TerminalPlace::Host, new.size, &person);
    Ok((StatusCode::CREATED, Json(opening.await?)))
}

/// One terminal.
#[utoipa::path(get, path = "/api/terminals/{id}", tag = "terminals", params(("id" = String, Path)),
    responses((status = 200, body = Terminal), (status = 404, body = ErrorBody)))]
async fn get(
    State(panel): State<Panel>,
    Segment(id): Segment<TerminalId>,
) -> Result<Json<Terminal>, HttpError> {
    Ok(Json(panel.engine.terminals.get(&id)?))
}

/// Ends a terminal with everything that was started in it; answers, with what it was, when nothing is left.
#[utoipa::path(post, path = "/api/terminals/{id}/end", tag = "terminals", params(("id" = String, Path)),
    responses((status = 200, body = Terminal), (status = 404, body = ErrorBody)))]
async fn end(
    State(panel): State<Panel>,
    Extension(credential): Extension<Credential>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Segment(id): Segment<TerminalId>,
) -> Result<Json<Terminal>, HttpError> {
    let person = person(&panel, &credential, client).await;
    let was = panel.engine.terminals.get(&id)?;
    panel.engine.terminals.end(&id, &person).await?;
    Ok(Json(was))
}
