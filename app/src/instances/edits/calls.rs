//! What is asked of the server about edits.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::instances::{ChangePreview, Instance, InstanceChange, InstanceId};

use crate::ApiError;
#[cfg(feature = "ssr")]
use crate::instances::draft::Field;
use crate::request::FormOrJson;

/// One row's change on its way to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowChange {
    /// Whose.
    pub id: InstanceId,
    /// What.
    pub change: InstanceChange,
}

/// What became of one row's change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Whose.
    pub id: InstanceId,
    /// The row as it is now, or why it was not saved.
    pub outcome: Result<Instance, ApiError>,
}

/// What saving would do; changes nothing.
#[server(prefix = "/fn", endpoint = "preview_changes", protocol = FormOrJson)]
pub(crate) async fn preview_changes(changes: Vec<RowChange>) -> Result<Vec<ChangePreview>, ApiError> {
    let changes = changes.into_iter().map(|row| (row.id, row.change)).collect();
    Ok(expect_context::<engine::Engine>()
        .instances
        .preview(changes)
        .await?)
}

/// Saves row by row; one that is refused does not keep the others back.
#[server(prefix = "/fn", endpoint = "save_changes", protocol = FormOrJson)]
pub(crate) async fn save_changes(changes: Vec<RowChange>, restart: bool) -> Result<Vec<Saved>, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instances = expect_context::<engine::Engine>().instances;
    let mut saved = Vec::new();
    for RowChange { id, change } in changes {
        let outcome = instances.update(id, change, restart).await;
        saved.push(Saved {
            id,
            outcome: outcome
                .map(|instance| origin.link(instance))
                .map_err(ApiError::from),
        });
    }
    Ok(saved)
}

/// Saves the whole form of the drawer; for pages without scripts.
#[server(prefix = "/fn", endpoint = "update_instance", protocol = FormOrJson)]
pub(crate) async fn update_instance(
    id: InstanceId,
    row_version: i64,
    #[server(default)] restart: bool,
    // The first one is empty, and there where GPUs are ticked instead of written.
    #[server(default)] gpus: Vec<String>,
    form: BTreeMap<String, String>,
) -> Result<Instance, ApiError> {
    let mut change = InstanceChange {
        row_version: Some(row_version),
        // Boxes that are not ticked are not sent.
        autostart: Some(false),
        persistent_mode: Some(false),
        ..Default::default()
    };
    for field in Field::EVERY {
        if let Some(text) = form.get(field.column()) {
            field.write(&mut change, text);
        }
    }
    if !gpus.is_empty() {
        let ticked: Vec<String> = gpus.into_iter().filter(|id| !id.is_empty()).collect();
        Field::Gpus.write(&mut change, &ticked.join(","));
    }
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instances = expect_context::<engine::Engine>().instances;
    Ok(origin.link(instances.update(id, change, restart).await?))
}

/// One row as it is now.
#[server(prefix = "/fn", endpoint = "load_instance", protocol = FormOrJson)]
pub(crate) async fn load_instance(id: InstanceId) -> Result<Instance, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    Ok(origin.link(expect_context::<engine::Engine>().instances.get(id).await?))
}
