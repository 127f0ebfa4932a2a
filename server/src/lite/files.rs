//! The files of an instance that people edit.

use app::ApiError;
use app::error::ErrorKind;
use app::lite::{Typed, script};
use axum::http::StatusCode;
use types::instances::InstanceId;
use types::scripts::{Against, Script, ScriptFile};

use super::asked::Asked;
use super::{Answer, Fields, Part, Refusal, led};
use crate::scripts::{Action, Done, ScriptForm, act, as_in_file};

/// The file that an address names.
fn named(word: &str) -> Result<ScriptFile, Refusal> {
    ScriptFile::from_word(word).ok_or_else(|| {
        let hint = "It is launch.sh, requirements.txt or launch_args.txt.";
        ApiError::new(
            ErrorKind::NotFound,
            "unknown_file",
            "There is no such file to edit.",
            hint,
        )
        .into()
    })
}

pub(super) async fn show(asked: Asked, Part((id, word)): Part<(InstanceId, String)>) -> Answer {
    let file = named(&word)?;
    show_with(&asked, StatusCode::OK, id, file, Sent::default()).await
}

/// What a form sent that is shown again.
#[derive(Default)]
struct Sent {
    content: Option<String>,
    is_stale: bool,
    checks: bool,
}

async fn show_with(
    asked: &Asked,
    status: StatusCode,
    id: InstanceId,
    file: ScriptFile,
    sent: Sent,
) -> Answer {
    let engine = &asked.panel.engine;
    let scripts = &engine.scripts;
    let instance = engine.instances.get(id).await?;
    let is_kept = sent.content.is_some();
    let script = match scripts.open(id, file).await {
        // What was typed is shown whatever lies there.
        Err(_) if is_kept => nothing(file),
        script => script?,
    };
    let versions = match scripts.versions(id, file).await {
        Err(_) if is_kept => Vec::new(),
        versions => versions?,
    };
    let theirs = match &sent.content {
        Some(content) if sent.is_stale => Some(
            scripts
                .diff(id, file, Against::Present, Some(content.clone()))
                .await?,
        ),
        _ => None,
    };
    let check = match &sent.content {
        Some(content) if sent.checks => Some(scripts.check(id, file, content.clone()).await?),
        _ => None,
    };
    let editor = script::Editor {
        instance,
        script,
        versions,
        typed: sent.content,
        theirs,
        check,
    };
    Ok(asked.answer(status, |frame| script::page(frame, &editor)))
}

fn nothing(file: ScriptFile) -> Script {
    Script {
        file,
        content: String::new(),
        version: String::new(),
        exists: false,
        blueprint: None,
        read_only: None,
    }
}

/// Does what a form asks for, by the rules of the full panel's plain editor.
pub(super) async fn post(
    asked: Asked,
    Part((id, word)): Part<(InstanceId, String)>,
    Fields(typed): Fields,
) -> Answer {
    let file = named(&word)?;
    let content = match typed.get("content").cloned() {
        Some(typed) => Some(
            as_in_file(&asked.panel, id, file, typed)
                .await
                .map_err(|error| error.0)?,
        ),
        None => None,
    };
    match act(&asked.panel, id, file, &asked_for(&typed), content.clone()).await {
        Ok(Done::Led(word)) => Ok(led(&format!(
            "/lite/instances/{id}/files/{}?done=file_{word}",
            file.file_name()
        ))),
        Ok(Done::Shown(status, posted)) => {
            let sent = Sent {
                content,
                is_stale: posted.is_stale,
                checks: posted.checks,
            };
            let asked = match posted.problem {
                Some(problem) => asked.with_problem(&ApiError::new(ErrorKind::Conflict, "", problem, "")),
                None => asked,
            };
            show_with(&asked, status, id, file, sent).await
        }
        Err(error) => {
            let status = error.kind.status();
            let sent = Sent {
                content,
                ..Sent::default()
            };
            show_with(&asked.with_problem(&error), status, id, file, sent).await
        }
    }
}

/// Text browsers send the name of the button that was pressed, and its word, which has many languages.
fn asked_for(typed: &Typed) -> ScriptForm {
    let action = [
        ("restart", Action::Restart),
        ("check", Action::Check),
        ("restore", Action::Restore),
        ("reset", Action::Reset),
    ]
    .into_iter()
    .find(|(name, _)| typed.contains_key(*name));
    ScriptForm {
        action: action.map_or(Action::Save, |(_, action)| action),
        version: typed.get("version").cloned().unwrap_or_default(),
        content: None,
        number: typed
            .get("number")
            .and_then(|number| number.parse().ok())
            .unwrap_or(0),
    }
}
