//! The files of an instance that people edit, over REST; `…/file` has the address of the original.

use app::error::ErrorKind;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use engine::scripts::Edit;
use serde::{Deserialize, Serialize};
use types::instances::InstanceId;
use types::scripts::{Against, Diff, Saving, Script, ScriptCheck, ScriptFile, ScriptVersion};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Body, ErrorBody, HttpError, Query, Segment};
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(read, save))
        .routes(routes!(versions, put_aside))
        .routes(routes!(version))
        .routes(routes!(restore))
        .routes(routes!(reset))
        .routes(routes!(diff))
        .routes(routes!(check))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// `script` (launch.sh), `requirements` (requirements.txt) or `launch_args`; `script` without it.
    #[serde(default)]
    #[param(inline)]
    file_type: ScriptFile,
}

/// A file as it is now. A `launch.sh` that is missing is shown as the blueprint has it, with `exists: false`.
#[utoipa::path(get, path = "/api/instances/{id}/file", tag = "files", params(("id" = i64, Path), Which),
    responses((status = 200, body = Script), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn read(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(which): Query<Which>,
) -> Result<Json<Script>, HttpError> {
    Ok(Json(panel.engine.scripts.open(id, which.file_type).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Afterwards {
    /// Restart the instance if it runs.
    #[serde(default)]
    restart: bool,
}

/// A text to be saved.
#[derive(Deserialize, ToSchema)]
struct SaveBody {
    /// The whole text.
    content: String,
    /// The `version` the edit began with. If the file has another one by now, nothing is saved: 409. Without it
    /// the text is saved over whatever is there, which stays in the versions.
    #[serde(default)]
    version: Option<String>,
}

/// The file as it is after a save.
#[derive(Serialize, ToSchema)]
struct SavedBody {
    #[serde(flatten)]
    script: Script,
    /// Why the instance could not be restarted, where that was asked for. The file is saved nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    restart_problem: Option<String>,
}

/// What a save met instead of what it began with.
#[derive(Serialize, ToSchema)]
struct StaleBody {
    /// `stale_file`.
    code: String,
    /// A full sentence.
    message: String,
    /// What to do next.
    hint: String,
    /// The file as it is now.
    current: Script,
}

/// Saves a file; what was there stays in its versions. 403 for a satellite, whose files are its parent's; 409 while
/// satellites run with it, on a full disk, and if somebody else saved since (then with `current`, see `StaleBody`).
#[utoipa::path(put, path = "/api/instances/{id}/file", tag = "files",
    params(("id" = i64, Path), Which, Afterwards), request_body = SaveBody,
    responses((status = 200, body = SavedBody), (status = 404, body = ErrorBody), (status = 409, body = StaleBody)))]
async fn save(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(which): Query<Which>,
    Query(afterwards): Query<Afterwards>,
    Body(SaveBody { content, version }): Body<SaveBody>,
) -> Result<Response, HttpError> {
    let edit = Edit { content, version };
    let saving = panel.engine.scripts.save(id, which.file_type, edit).await?;
    let restart = afterwards.restart && panel.engine.instances.get(id).await?.status.is_active();
    let problem = match &saving {
        Saving::Saved(_) if restart => panel.engine.instances.restart(id).await.err(),
        _ => None,
    };
    Ok(answer(saving, problem.map(|problem| problem.to_string())))
}

fn answer(saving: Saving, restart_problem: Option<String>) -> Response {
    match saving {
        Saving::Saved(script) => Json(SavedBody {
            script,
            restart_problem,
        })
        .into_response(),
        Saving::Stale(current) => {
            let body = StaleBody {
                code: "stale_file".to_owned(),
                message: format!("{} was changed since it was read.", current.file.file_name()),
                hint: "Look at what is there now, then save again with its version.".to_owned(),
                current,
            };
            (StatusCode::CONFLICT, Json(body)).into_response()
        }
    }
}

/// The texts the file had, newest first. Every save keeps them; the oldest fall out.
#[utoipa::path(get, path = "/api/instances/{id}/file/versions", tag = "files", params(("id" = i64, Path), Which),
    responses((status = 200, body = Vec<ScriptVersion>), (status = 404, body = ErrorBody)))]
async fn versions(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(which): Query<Which>,
) -> Result<Json<Vec<ScriptVersion>>, HttpError> {
    Ok(Json(panel.engine.scripts.versions(id, which.file_type).await?))
}

/// A text.
#[derive(Serialize, Deserialize, ToSchema)]
struct TextBody {
    /// The whole of it.
    content: String,
}

/// The text of a version.
#[utoipa::path(get, path = "/api/instances/{id}/file/versions/{number}", tag = "files",
    params(("id" = i64, Path), ("number" = u32, Path), Which),
    responses((status = 200, body = TextBody), (status = 404, body = ErrorBody)))]
async fn version(
    State(panel): State<Panel>,
    Segment((id, number)): Segment<(InstanceId, u32)>,
    Query(which): Query<Which>,
) -> Result<Json<TextBody>, HttpError> {
    let content = panel.engine.scripts.version(id, which.file_type, number).await?;
    Ok(Json(TextBody { content }))
}

/// Which text a change of the whole file begins with.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct BeginBody {
    /// As with a save.
    version: Option<String>,
}

/// Goes back to a version: a save like any other.
#[utoipa::path(post, path = "/api/instances/{id}/file/versions/{number}/restore", tag = "files",
    params(("id" = i64, Path), ("number" = u32, Path), Which), request_body = BeginBody,
    responses((status = 200, body = SavedBody), (status = 404, body = ErrorBody), (status = 409, body = StaleBody)))]
async fn restore(
    State(panel): State<Panel>,
    Segment((id, number)): Segment<(InstanceId, u32)>,
    Query(which): Query<Which>,
    Body(begin): Body<BeginBody>,
) -> Result<Response, HttpError> {
    let scripts = &panel.engine.scripts;
    let saving = scripts
        .restore(id, which.file_type, number, begin.version)
        .await?;
    Ok(answer(saving, None))
}

/// Keeps a text as a version without saving it: what a person typed, before they take somebody else's text.
#[utoipa::path(post, path = "/api/instances/{id}/file/versions", tag = "files",
    params(("id" = i64, Path), Which), request_body = TextBody,
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn put_aside(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(which): Query<Which>,
    Body(text): Body<TextBody>,
) -> Result<StatusCode, HttpError> {
    let scripts = &panel.engine.scripts;
    scripts.put_aside(id, which.file_type, text.content).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the blueprint's script in the place of `launch.sh`: a save like any other.
#[utoipa::path(post, path = "/api/instances/{id}/file/reset", tag = "files", params(("id" = i64, Path), Which),
    request_body = BeginBody,
    responses((status = 200, body = SavedBody), (status = 404, body = ErrorBody), (status = 409, body = StaleBody)))]
async fn reset(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(which): Query<Which>,
    Body(begin): Body<BeginBody>,
) -> Result<Response, HttpError> {
    let saving = panel
        .engine
        .scripts
        .reset(id, which.file_type, begin.version)
        .await?;
    Ok(answer(saving, None))
}

/// What to compare.
#[derive(Deserialize, ToSchema)]
struct DiffBody {
    /// The left side: `present`, `blueprint`, or the number of a version.
    against: String,
    /// The right side; the file as it is without it.
    #[serde(default)]
    content: Option<String>,
}

/// How two texts differ, line by line.
#[utoipa::path(post, path = "/api/instances/{id}/file/diff", tag = "files", params(("id" = i64, Path), Which),
    request_body = DiffBody, responses((status = 200, body = Diff), (status = 404, body = ErrorBody)))]
async fn diff(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(which): Query<Which>,
    Body(wanted): Body<DiffBody>,
) -> Result<Json<Diff>, HttpError> {
    let against = match wanted.against.as_str() {
        "present" => Against::Present,
        "blueprint" => Against::Blueprint,
        word => Against::Version(word.parse().map_err(|_| unknown_side(word))?),
    };
    let scripts = &panel.engine.scripts;
    Ok(Json(
        scripts.diff(id, which.file_type, against, wanted.content).await?,
    ))
}

fn unknown_side(word: &str) -> HttpError {
    HttpError::new(
        ErrorKind::BadRequest,
        "unknown_side",
        format!("“{word}” is nothing to compare with."),
        "It is present, blueprint, or the number of a version.",
    )
}

/// A text to be checked.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct CheckBody {
    /// The file as it is without it.
    content: Option<String>,
}

/// What `bash -n`, shellcheck and the panel's own rules say about a text. Nothing of it is run.
#[utoipa::path(post, path = "/api/instances/{id}/file/check", tag = "files", params(("id" = i64, Path), Which),
    request_body = CheckBody, responses((status = 200, body = ScriptCheck), (status = 404, body = ErrorBody)))]
async fn check(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(which): Query<Which>,
    Body(wanted): Body<CheckBody>,
) -> Result<Json<ScriptCheck>, HttpError> {
    let scripts = &panel.engine.scripts;
    let content = match wanted.content {
        Some(content) => content,
        None => scripts.open(id, which.file_type).await?.content,
    };
    Ok(Json(scripts.check(id, which.file_type, content).await?))
}
