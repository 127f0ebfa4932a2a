//! What is asked of the server about files.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::instances::InstanceId;
use types::scripts::{Against, Diff, Saving, Script, ScriptCheck, ScriptFile, ScriptVersion};

use crate::ApiError;
use crate::request::FormOrJson;

/// What became of a save, and of the restart after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedScript {
    /// The file as it is now.
    pub(crate) saving: Saving,
    /// Why the instance could not be restarted; the file is saved nevertheless.
    pub(crate) restart_problem: Option<String>,
}

/// A file as it is now.
#[server(prefix = "/fn", endpoint = "open_script", protocol = FormOrJson)]
pub(crate) async fn open_script(id: InstanceId, file: ScriptFile) -> Result<Script, ApiError> {
    Ok(expect_context::<engine::Engine>().scripts.open(id, file).await?)
}

/// Saves a text that began with `version`, and restarts (or starts) the instance if that is asked for.
#[server(prefix = "/fn", endpoint = "save_script", protocol = FormOrJson)]
pub(crate) async fn save_script(
    id: InstanceId,
    file: ScriptFile,
    content: String,
    version: String,
    restart: bool,
) -> Result<SavedScript, ApiError> {
    let engine = expect_context::<engine::Engine>();
    let edit = engine::scripts::Edit {
        content,
        version: Some(version),
    };
    let saving = engine.scripts.save(id, file, edit).await?;
    let restart_problem = match &saving {
        Saving::Saved(_) if restart => engine.instances.restart(id).await.err(),
        _ => None,
    };
    Ok(SavedScript {
        saving,
        restart_problem: restart_problem.map(|error| ApiError::from(error).to_string()),
    })
}

/// The texts a file had, newest first.
#[server(prefix = "/fn", endpoint = "script_versions", protocol = FormOrJson)]
pub(crate) async fn script_versions(
    id: InstanceId,
    file: ScriptFile,
) -> Result<Vec<ScriptVersion>, ApiError> {
    Ok(expect_context::<engine::Engine>()
        .scripts
        .versions(id, file)
        .await?)
}

/// How a text differs from something else.
#[server(prefix = "/fn", endpoint = "script_diff", protocol = FormOrJson)]
pub(crate) async fn script_diff(
    id: InstanceId,
    file: ScriptFile,
    against: Against,
    content: Option<String>,
) -> Result<Diff, ApiError> {
    Ok(expect_context::<engine::Engine>()
        .scripts
        .diff(id, file, against, content)
        .await?)
}

/// Goes back to a version, from the one that is seen now.
#[server(prefix = "/fn", endpoint = "restore_script", protocol = FormOrJson)]
pub(crate) async fn restore_script(
    id: InstanceId,
    file: ScriptFile,
    number: u32,
    version: String,
) -> Result<Saving, ApiError> {
    Ok(expect_context::<engine::Engine>()
        .scripts
        .restore(id, file, number, Some(version))
        .await?)
}

/// Puts the blueprint's script in the place of the one that is seen now.
#[server(prefix = "/fn", endpoint = "reset_script", protocol = FormOrJson)]
pub(crate) async fn reset_script(
    id: InstanceId,
    file: ScriptFile,
    version: String,
) -> Result<Saving, ApiError> {
    Ok(expect_context::<engine::Engine>()
        .scripts
        .reset(id, file, Some(version))
        .await?)
}

/// Keeps a text that is not saved.
#[server(prefix = "/fn", endpoint = "put_script_aside", protocol = FormOrJson)]
pub(crate) async fn put_script_aside(
    id: InstanceId,
    file: ScriptFile,
    content: String,
) -> Result<(), ApiError> {
    Ok(expect_context::<engine::Engine>()
        .scripts
        .put_aside(id, file, content)
        .await?)
}

/// What the checkers say about a text.
#[server(prefix = "/fn", endpoint = "check_script", protocol = FormOrJson)]
pub(crate) async fn check_script(
    id: InstanceId,
    file: ScriptFile,
    content: String,
) -> Result<ScriptCheck, ApiError> {
    Ok(expect_context::<engine::Engine>()
        .scripts
        .check(id, file, content)
        .await?)
}
