//! What was deleted.

use app::ApiError;
use app::lite::{Leaf, Typed, trash};
use axum::http::StatusCode;
use types::trash::TrashEntry;

use super::asked::Asked;
use super::{Answer, Fields, Refusal, led};

pub(super) async fn list(asked: Asked) -> Answer {
    let trashed = asked.panel.engine.trash.list().await?;
    let leaf = Leaf::of(
        trashed.entries.len(),
        trash::ROWS,
        asked.number("page").unwrap_or(1),
    );
    Ok(asked.show(|frame| trash::page(frame, &trashed, leaf)))
}

/// What lies there under a name of the trash.
async fn entry(asked: &Asked, name: &str) -> Result<TrashEntry, Refusal> {
    let entries = asked.panel.engine.trash.list().await?.entries;
    let found = entries.into_iter().find(|entry| entry.entry == name);
    found.ok_or_else(|| engine::Error::NotInTrash(name.to_owned()).into())
}

pub(super) async fn ask_restore(asked: Asked) -> Answer {
    let entry = entry(&asked, asked.value("entry").unwrap_or_default()).await?;
    Ok(asked.show(|frame| trash::restore(frame, &entry, &Typed::new())))
}

pub(super) async fn restore(asked: Asked, Fields(typed): Fields) -> Answer {
    let lies = typed.get("entry").cloned().unwrap_or_default();
    let name = typed.get("name").filter(|name| !name.trim().is_empty()).cloned();
    match asked.panel.engine.trash.restore(&lies, name).await {
        Ok(instance) => Ok(led(&format!("/lite/instances/{}?done=restored", instance.id))),
        Err(error) => {
            let error = ApiError::from(error);
            let asked = asked.with_problem(&error).at("/lite/trash".to_owned());
            let Ok(entry) = entry(&asked, &lies).await else {
                return Err(error.into());
            };
            Ok(asked.answer(error.kind.status(), |frame| trash::restore(frame, &entry, &typed)))
        }
    }
}

pub(super) async fn ask_remove(asked: Asked) -> Answer {
    let lies = asked.value("entry").unwrap_or_default().to_owned();
    question(&asked, StatusCode::OK, Some(&lies), &Typed::new()).await
}

pub(super) async fn ask_empty(asked: Asked) -> Answer {
    question(&asked, StatusCode::OK, None, &Typed::new()).await
}

async fn question(asked: &Asked, status: StatusCode, lies: Option<&str>, typed: &Typed) -> Answer {
    let preview = asked.panel.engine.trash.preview(lies).await?;
    Ok(asked.answer(status, |frame| trash::remove(frame, &preview, typed)))
}

pub(super) async fn remove(asked: Asked, Fields(typed): Fields) -> Answer {
    let lies = typed.get("entry").cloned().unwrap_or_default();
    let removed = asked
        .panel
        .engine
        .trash
        .delete(&lies, typed.get("confirm").cloned())
        .await;
    removed_or_asked_again(asked, Some(&lies), &typed, removed).await
}

pub(super) async fn empty(asked: Asked, Fields(typed): Fields) -> Answer {
    let emptied = asked
        .panel
        .engine
        .trash
        .empty(typed.get("confirm").cloned())
        .await;
    removed_or_asked_again(asked, None, &typed, emptied).await
}

async fn removed_or_asked_again<T>(
    asked: Asked,
    lies: Option<&str>,
    typed: &Typed,
    outcome: engine::Result<T>,
) -> Answer {
    match outcome {
        Ok(_) => Ok(led("/lite/trash?done=removing")),
        Err(error) => {
            let error = ApiError::from(error);
            let asked = asked.with_problem(&error).at("/lite/trash".to_owned());
            question(&asked, error.kind.status(), lies, typed).await
        }
    }
}
