//! The editor's plain forms: for browsers without scripts. What is refused is shown again with all that was typed.

use app::ApiError;
use app::tools::script::plain::Posted;
use axum::Form;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use engine::scripts::Edit;
use serde::Deserialize;
use types::instances::InstanceId;
use types::scripts::{Saving, ScriptFile};

use crate::error::{HttpError, Query, Segment};
use crate::pages;
use crate::state::Panel;

#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    file: ScriptFile,
}

#[derive(Deserialize)]
pub(crate) struct ScriptForm {
    pub(crate) action: Action,
    /// The version the text began with.
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) content: Option<String>,
    #[serde(default)]
    pub(crate) number: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Save,
    Restart,
    Check,
    Restore,
    Reset,
}

/// Does what a form asks for, and leads on to the page; or shows it with the reason why not.
pub(crate) async fn post(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    Query(Which { file }): Query<Which>,
    request: Request,
) -> Result<Response, HttpError> {
    let (head, body) = request.into_parts();
    let posted = Request::from_parts(head.clone(), body);
    let form = <Form<ScriptForm> as FromRequest<()>>::from_request(posted, &()).await;
    let Form(mut form) = form.map_err(|_| unreadable())?;
    let content = match form.content.take() {
        Some(typed) => Some(as_in_file(&panel, id, file, typed).await?),
        None => None,
    };
    let outcome = act(&panel, id, file, &form, content.clone()).await;
    let (status, posted) = match outcome {
        Ok(done) => {
            let page = format!("/instances/{id}/script?file={}", file.file_name());
            match done {
                Done::Led(word) => return Ok(Redirect::to(&format!("{page}&done={word}")).into_response()),
                Done::Shown(status, posted) => (status, posted),
            }
        }
        Err(error) => (
            error.kind.status(),
            Posted {
                problem: Some(error.to_string()),
                ..Posted::default()
            },
        ),
    };
    let posted = Posted { content, ..posted };
    let mut answer = pages::render_posted(
        &panel,
        Request::from_parts(head, axum::body::Body::empty()),
        posted,
    )
    .await;
    *answer.status_mut() = status;
    Ok(answer)
}

pub(crate) enum Done {
    /// Well: the browser goes on.
    Led(&'static str),
    /// Shown with what was typed.
    Shown(StatusCode, Posted),
}

pub(crate) async fn act(
    panel: &Panel,
    id: InstanceId,
    file: ScriptFile,
    form: &ScriptForm,
    content: Option<String>,
) -> Result<Done, ApiError> {
    let scripts = &panel.engine.scripts;
    let version = Some(form.version.clone());
    let saving = match form.action {
        Action::Check => {
            let checks = Posted {
                checks: true,
                ..Posted::default()
            };
            return Ok(Done::Shown(StatusCode::OK, checks));
        }
        Action::Restore => scripts.restore(id, file, form.number, version).await?,
        Action::Reset => scripts.reset(id, file, version).await?,
        Action::Save | Action::Restart => {
            let content = content.unwrap_or_default();
            scripts.save(id, file, Edit { content, version }).await?
        }
    };
    match saving {
        Saving::Saved(_) if form.action == Action::Restart => {
            match panel.engine.instances.restart(id).await {
                Ok(_) => Ok(Done::Led("restarted")),
                Err(error) => {
                    let error = ApiError::from(error);
                    let problem = Some(format!("It is saved, but not restarted. {error}"));
                    let posted = Posted {
                        problem,
                        ..Posted::default()
                    };
                    Ok(Done::Shown(error.kind.status(), posted))
                }
            }
        }
        Saving::Saved(_) => Ok(Done::Led("saved")),
        Saving::Stale(_) => {
            let posted = Posted {
                problem: Some(STALE.to_owned()),
                is_stale: true,
                ..Posted::default()
            };
            Ok(Done::Shown(StatusCode::CONFLICT, posted))
        }
    }
}

const STALE: &str = "Somebody else saved this file after you opened it, so nothing of yours was saved. \
    Below is what differs. Save again to put yours over theirs, which stays in the versions.";

/// Browsers send every line end of a form as `\r\n`, whatever it was.
pub(crate) async fn as_in_file(
    panel: &Panel,
    id: InstanceId,
    file: ScriptFile,
    typed: String,
) -> Result<String, HttpError> {
    let present = panel
        .engine
        .scripts
        .open(id, file)
        .await
        .map(|script| script.content);
    let present = present.unwrap_or_default();
    let is_windows = present.contains("\r\n") && !present.replace("\r\n", "").contains('\n');
    Ok(if is_windows {
        typed
    } else {
        typed.replace("\r\n", "\n")
    })
}

fn unreadable() -> HttpError {
    HttpError::new(
        app::error::ErrorKind::BadRequest,
        "bad_request",
        "The form cannot be read.",
        "Load the page again.",
    )
}
