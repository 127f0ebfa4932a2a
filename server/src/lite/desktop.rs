//! A desktop in pictures and plain forms.

use app::ApiError;
use app::lite::desktop::{self, Screen};
use axum::http::StatusCode;
use types::instances::InstanceId;

use super::asked::Asked;
use super::{Answer, Fields, Part, led};

pub(super) async fn show(asked: Asked, Part(id): Part<InstanceId>) -> Answer {
    let width = asked.number("width");
    show_with(&asked, StatusCode::OK, id, width).await
}

async fn show_with(asked: &Asked, status: StatusCode, id: InstanceId, width: Option<u16>) -> Answer {
    let engine = &asked.panel.engine;
    let screen = Screen {
        instance: engine.instances.get(id).await?,
        status: engine.desktops.status(id).await?,
        size: engine.desktops.size(id).await?,
        width: desktop::width(width, asked.is_phone()),
    };
    Ok(asked.answer(status, |frame| desktop::page(frame, &screen)))
}

/// Clicks, scrolls or types, then shows what came of it.
pub(super) async fn act(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let width = typed.get("width").and_then(|width| width.parse().ok());
    let Some(input) = desktop::wanted(&typed) else {
        return Ok(led(&here(id, width)));
    };
    match asked.panel.engine.desktops.input(id, input).await {
        Ok(()) => Ok(led(&here(id, width))),
        Err(error) => {
            let error = ApiError::from(error);
            show_with(&asked.with_problem(&error), error.kind.status(), id, width).await
        }
    }
}

/// The page, with the picture as wide as it was.
fn here(id: InstanceId, width: Option<u16>) -> String {
    let query = width.map_or_else(String::new, |width| format!("?width={width}"));
    format!("{}{query}", desktop::address(id))
}
