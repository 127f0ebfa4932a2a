//! The blueprint manager over REST, and the plain forms of its page.

use app::error::ErrorKind;
use axum::extract::{Multipart, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Form, Json, Router};
use engine::blueprints::{Saved, with_results};
use serde::{Deserialize, Serialize};
use types::blueprints::{BlueprintName, InvalidBlueprintName, Listed, Opened};
use types::instances::InstanceId;
use types::scripts::ScriptCheck;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Body, ErrorBody, HttpError, Segment};
use crate::login::encode;
use crate::state::Panel;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(create_as_original))
        .routes(routes!(check))
        .routes(routes!(open, save, remove))
        .routes(routes!(rename))
        .routes(routes!(duplicate))
        .routes(routes!(export))
}

/// Every blueprint, with how its instances did last.
#[utoipa::path(get, path = "/api/blueprints/", tag = "blueprints", responses((status = 200, body = [Listed])))]
async fn list(State(panel): State<Panel>) -> Result<Json<Vec<Listed>>, HttpError> {
    let blueprints = panel.engine.blueprints.list().await?;
    let instances = panel.engine.instances.list().await?;
    Ok(Json(with_results(blueprints, &instances)))
}

/// Where a new blueprint's script comes from: one of the three.
#[derive(Deserialize, ToSchema)]
struct Creating {
    /// Its file name.
    filename: String,
    /// The script itself.
    content: Option<String>,
    /// An instance whose `launch.sh` becomes the blueprint.
    instance: Option<InstanceId>,
    /// Another blueprint, copied.
    copy_of: Option<String>,
}

/// The name something was saved under.
#[derive(Serialize, ToSchema)]
struct Named {
    /// File name.
    filename: String,
    /// A sentence, where the name is not the one that was asked for; else empty.
    note: String,
}

/// Makes a custom blueprint.
#[utoipa::path(post, path = "/api/blueprints/", tag = "blueprints", request_body = Creating,
    responses((status = 201, body = Named), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn create(
    State(panel): State<Panel>,
    Body(wanted): Body<Creating>,
) -> Result<(StatusCode, Json<Named>), HttpError> {
    let name = named(&wanted.filename)?;
    make(&panel, &name, wanted).await?;
    Ok((StatusCode::CREATED, Json(Named::plainly(&name))))
}

/// As the original asks for it.
#[derive(Deserialize, ToSchema)]
struct CreatingAsOriginal {
    /// Its file name.
    filename: String,
    /// The script.
    content: String,
}

/// Makes a custom blueprint, for clients of the original.
#[utoipa::path(post, path = "/api/system/blueprints/custom", tag = "blueprints", request_body = CreatingAsOriginal,
    responses((status = 201, body = Named), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn create_as_original(
    State(panel): State<Panel>,
    Body(wanted): Body<CreatingAsOriginal>,
) -> Result<(StatusCode, Json<Named>), HttpError> {
    let name = named(&wanted.filename)?;
    panel.engine.blueprints.add(&name, &wanted.content).await?;
    Ok((StatusCode::CREATED, Json(Named::plainly(&name))))
}

/// A script that is not saved.
#[derive(Deserialize, ToSchema)]
struct Checking {
    /// What it is called.
    filename: String,
    /// The script.
    content: String,
}

/// What is wrong with a script, line by line; nothing of it is run or kept.
#[utoipa::path(post, path = "/api/system/blueprints/check", tag = "blueprints", request_body = Checking,
    responses((status = 200, body = ScriptCheck), (status = 422, body = ErrorBody)))]
async fn check(
    State(panel): State<Panel>,
    Body(wanted): Body<Checking>,
) -> Result<Json<ScriptCheck>, HttpError> {
    let name = named(&wanted.filename)?;
    Ok(Json(panel.engine.blueprints.check(&name, wanted.content).await?))
}

/// A blueprint with its script, what checkers say about it, and how it differs from the shipped one.
#[utoipa::path(get, path = "/api/blueprints/{filename}", tag = "blueprints", params(("filename" = String, Path)),
    responses((status = 200, body = Opened), (status = 404, body = ErrorBody)))]
async fn open(
    State(panel): State<Panel>,
    Segment(filename): Segment<String>,
) -> Result<Json<Opened>, HttpError> {
    Ok(Json(panel.engine.blueprints.open_script(&filename).await?))
}

/// A text to be saved.
#[derive(Deserialize, ToSchema)]
struct Saving {
    /// The whole script.
    content: String,
    /// The version it began with, as it was opened.
    version: String,
}

/// Saves a script. A shipped one stays, hidden by the custom one. Where somebody saved meanwhile, the text is kept
/// under another name, which the answer tells.
#[utoipa::path(put, path = "/api/blueprints/{filename}", tag = "blueprints", params(("filename" = String, Path)),
    request_body = Saving,
    responses((status = 200, body = Named), (status = 404, body = ErrorBody), (status = 409, body = Named),
        (status = 422, body = ErrorBody)))]
async fn save(
    State(panel): State<Panel>,
    Segment(filename): Segment<String>,
    Body(text): Body<Saving>,
) -> Result<(StatusCode, Json<Named>), HttpError> {
    let name = named(&filename)?;
    let saved = panel
        .engine
        .blueprints
        .save(&name, &text.content, &text.version)
        .await?;
    Ok(match saved {
        Saved::Done => (StatusCode::OK, Json(Named::plainly(&name))),
        Saved::Beside(other) => (StatusCode::CONFLICT, Json(Named::beside(&name, &other))),
    })
}

/// Removes a custom blueprint; a shipped one of the same name is back then.
#[utoipa::path(delete, path = "/api/blueprints/{filename}", tag = "blueprints", params(("filename" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn remove(
    State(panel): State<Panel>,
    Segment(filename): Segment<String>,
) -> Result<StatusCode, HttpError> {
    panel.engine.blueprints.remove(&named(&filename)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Another name.
#[derive(Deserialize, ToSchema)]
struct Naming {
    /// File name.
    filename: String,
}

/// Gives a custom blueprint another name.
#[utoipa::path(post, path = "/api/blueprints/{filename}/rename", tag = "blueprints",
    params(("filename" = String, Path)), request_body = Naming,
    responses((status = 200, body = Named), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn rename(
    State(panel): State<Panel>,
    Segment(filename): Segment<String>,
    Body(wanted): Body<Naming>,
) -> Result<Json<Named>, HttpError> {
    let to = named(&wanted.filename)?;
    panel.engine.blueprints.rename(&named(&filename)?, &to).await?;
    Ok(Json(Named::plainly(&to)))
}

/// Copies a blueprint to a custom one.
#[utoipa::path(post, path = "/api/blueprints/{filename}/duplicate", tag = "blueprints",
    params(("filename" = String, Path)), request_body = Naming,
    responses((status = 201, body = Named), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn duplicate(
    State(panel): State<Panel>,
    Segment(filename): Segment<String>,
    Body(wanted): Body<Naming>,
) -> Result<(StatusCode, Json<Named>), HttpError> {
    let to = named(&wanted.filename)?;
    panel.engine.blueprints.duplicate(&filename, &to).await?;
    Ok((StatusCode::CREATED, Json(Named::plainly(&to))))
}

/// The script as a file.
#[utoipa::path(get, path = "/api/blueprints/{filename}/file", tag = "blueprints",
    params(("filename" = String, Path)),
    responses((status = 200, body = String, content_type = "text/x-shellscript"), (status = 404, body = ErrorBody)))]
async fn export(
    State(panel): State<Panel>,
    Segment(filename): Segment<String>,
) -> Result<Response, HttpError> {
    let opened = panel.engine.blueprints.open_script(&filename).await?;
    let disposition = format!(
        "attachment; filename=\"{}\"",
        opened.blueprint.filename.replace(['"', '\\'], "_")
    );
    let kind = "text/x-shellscript; charset=utf-8".to_owned();
    Ok((
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        opened.content,
    )
        .into_response())
}

impl Named {
    fn plainly(name: &BlueprintName) -> Self {
        Self {
            filename: name.as_str().to_owned(),
            note: String::new(),
        }
    }

    fn beside(name: &BlueprintName, other: &BlueprintName) -> Self {
        Self {
            filename: other.as_str().to_owned(),
            note: format!(
                "“{}” was saved by somebody else since you opened it. Your text is kept as “{}”.",
                name.as_str(),
                other.as_str()
            ),
        }
    }
}

fn named(text: &str) -> Result<BlueprintName, HttpError> {
    BlueprintName::new(text).map_err(invalid)
}

fn invalid(problem: InvalidBlueprintName) -> HttpError {
    HttpError::new(ErrorKind::Invalid, "invalid_name", problem.to_string(), "")
}

async fn make(panel: &Panel, name: &BlueprintName, wanted: Creating) -> Result<(), HttpError> {
    let (blueprints, scripts) = (&panel.engine.blueprints, &panel.engine.scripts);
    match (wanted.content, wanted.instance, wanted.copy_of) {
        (Some(content), None, None) => blueprints.add(name, &content).await?,
        (None, Some(id), None) => scripts.make_blueprint(id, name).await?,
        (None, None, Some(other)) => blueprints.duplicate(&other, name).await?,
        _ => {
            return Err(HttpError::new(
                ErrorKind::Invalid,
                "which_source",
                "Say where the script comes from: content, instance or copy_of.",
                "",
            ));
        }
    }
    Ok(())
}

// ---- the forms of the page, which work without scripts

/// What the page's forms post to.
pub(crate) fn forms() -> Router<Panel> {
    Router::new()
        .route("/blueprints/create", post(create_form))
        .route("/blueprints/import", post(import_form))
        .route("/blueprints/save", post(save_form))
        .route("/blueprints/rename", post(rename_form))
        .route("/blueprints/duplicate", post(duplicate_form))
        .route("/blueprints/delete", post(delete_form))
}

#[derive(Deserialize)]
struct CreateForm {
    name: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    instance: String,
}

async fn create_form(State(panel): State<Panel>, Form(form): Form<CreateForm>) -> Response {
    let made = async {
        let name = named(&form.name)?;
        let instance = form.instance.parse().ok().map(InstanceId);
        let wanted = Creating {
            filename: form.name.clone(),
            content: instance.is_none().then_some(form.content),
            instance,
            copy_of: None,
        };
        make(&panel, &name, wanted).await?;
        Ok(name)
    };
    made.await.map_or_else(
        |error| back(&[("new", "1"), ("name", &form.name)], &error),
        |name| opened(&name, "created"),
    )
}

async fn import_form(State(panel): State<Panel>, mut form: Multipart) -> Response {
    let made = async {
        let unreadable = |_| {
            HttpError::new(
                ErrorKind::BadRequest,
                "unreadable_form",
                "The file could not be read; choose it again.",
                "",
            )
        };
        let (mut name, mut of_file, mut content) = (String::new(), String::new(), None);
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            match field.name() {
                Some("name") => name = field.text().await.map_err(unreadable)?,
                Some("file") => {
                    field.file_name().unwrap_or_default().clone_into(&mut of_file);
                    content = Some(field.bytes().await.map_err(unreadable)?);
                }
                _ => {}
            }
        }
        let name = if name.trim().is_empty() { of_file } else { name };
        let name = named(&name)?;
        let content = content.filter(|content| !content.is_empty()).ok_or_else(|| {
            HttpError::new(
                ErrorKind::Invalid,
                "no_file",
                "Choose a file first; an empty one is no script.",
                "",
            )
        })?;
        let content = String::from_utf8(content.to_vec()).map_err(|_| {
            HttpError::new(
                ErrorKind::Invalid,
                "not_text",
                "This file is no text in UTF-8, so it is no script.",
                "",
            )
        })?;
        panel.engine.blueprints.add(&name, &content).await?;
        Ok(name)
    };
    made.await.map_or_else(
        |error| back(&[("new", "1")], &error),
        |name| opened(&name, "imported"),
    )
}

#[derive(Deserialize)]
struct SaveForm {
    filename: String,
    version: String,
    content: String,
}

async fn save_form(State(panel): State<Panel>, Form(form): Form<SaveForm>) -> Response {
    let saved = async {
        let name = named(&form.filename)?;
        let saved = panel
            .engine
            .blueprints
            .save(&name, &form.content, &form.version)
            .await?;
        Ok((name, saved))
    };
    match saved.await {
        Ok((name, Saved::Done)) => opened(&name, "saved"),
        Ok((_, Saved::Beside(other))) => opened(&other, "beside"),
        Err(error) => back(&[("open", &form.filename)], &error),
    }
}

#[derive(Deserialize)]
struct NameForm {
    filename: String,
    #[serde(default)]
    name: String,
}

async fn rename_form(State(panel): State<Panel>, Form(form): Form<NameForm>) -> Response {
    let renamed = async {
        let to = named(&form.name)?;
        panel
            .engine
            .blueprints
            .rename(&named(&form.filename)?, &to)
            .await?;
        Ok(to)
    };
    renamed.await.map_or_else(
        |error| back(&[("open", &form.filename)], &error),
        |name| opened(&name, "renamed"),
    )
}

async fn duplicate_form(State(panel): State<Panel>, Form(form): Form<NameForm>) -> Response {
    let copied = async {
        let to = named(&form.name)?;
        panel.engine.blueprints.duplicate(&form.filename, &to).await?;
        Ok(to)
    };
    copied.await.map_or_else(
        |error| back(&[("open", &form.filename)], &error),
        |name| opened(&name, "copied"),
    )
}

async fn delete_form(State(panel): State<Panel>, Form(form): Form<NameForm>) -> Response {
    let removed = async {
        let name = named(&form.filename)?;
        panel.engine.blueprints.remove(&name).await?;
        Ok(name)
    };
    match removed.await {
        Err(error) => back(&[("open", &form.filename)], &error),
        // A shipped one of the same name is what people look at next.
        Ok(name) => match panel.engine.blueprints.get(name.as_str()).await {
            Ok(_) => opened(&name, "reset"),
            Err(_) => Redirect::to("/blueprints?done=deleted").into_response(),
        },
    }
}

fn opened(name: &BlueprintName, done: &str) -> Response {
    let query = encode(&[("open", name.as_str()), ("done", done)]);
    Redirect::to(&format!("/blueprints?{query}")).into_response()
}

/// Where the form stood, with the reason.
fn back(state: &[(&str, &str)], error: &HttpError) -> Response {
    let message = error.0.to_string();
    let mut pairs = state.to_vec();
    pairs.push(("error", &message));
    Redirect::to(&format!("/blueprints?{}", encode(&pairs))).into_response()
}
