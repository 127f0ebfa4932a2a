//! The question before an instance is deleted: to the trash, or for good with its name typed.

use leptos::prelude::*;
use types::instances::{DeleteMode, DeletePreview, Instance, Status};

use super::edit::text;
use super::{Area, Frame, Typed, labelled, line};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::words::{bytes, count, thousands};
use crate::view;

/// The page.
pub fn page(frame: &Frame, instance: &Instance, preview: &DeletePreview, typed: &Typed) -> String {
    let id = instance.id;
    let is_for_good = mode(typed) == DeleteMode::Permanent;
    let inside = view! {
        <fieldset class="v">
            <label class="c all">
                <input type="radio" name="mode" value="trash" checked=!is_for_good />
                <span>
                    {t("Move to the trash")} " "
                    <small>{t("It can be restored until it is removed from the trash.")}</small>
                </span>
            </label>
            <label class="c all">
                <input type="radio" name="mode" value="permanent" checked=is_for_good />
                <span>{t("Delete for good")} " " <small>{t("Nobody can bring it back.")}</small></span>
            </label>
            {labelled(
                &fill("To delete it for good, type its name: {}", &[&preview.name]),
                line("confirm", text(typed, "confirm"), ""),
                "",
            )}
            <p class="bs all">
                <a class="bt" href=at(&format!("/lite/instances/{id}"))>{t("Cancel")}</a> " "
                <input type="submit" class="x" value=t("Delete") />
            </p>
        </fieldset>
    };
    let content = view! {
        <div class="box">
            <ul>
                <li>{what_goes(preview)}</li>
                <li>{t("Outputs, models and datasets stay where they are.")}</li>
            </ul>
        </div>
        {hindrance(instance, preview).map(|text| view! { <p class="box y"><b>"◆ "</b>{text}</p> })}
        <section>{frame.form(&format!("/lite/instances/{id}/delete"), inside)}</section>
    };
    frame.page(Area::Instances, &fill("Delete {}", &[&preview.name]), content)
}

/// What is chosen; the trash, unless a form said otherwise.
pub fn mode(typed: &Typed) -> DeleteMode {
    if text(typed, "mode") == "permanent" {
        DeleteMode::Permanent
    } else {
        DeleteMode::Trash
    }
}

fn what_goes(preview: &DeletePreview) -> String {
    fill(
        "Its folder with the environment goes: {} in {} ({} bytes).",
        &[
            &bytes(preview.bytes),
            &count(preview.files, t("file"), t("files")),
            &thousands(preview.bytes),
        ],
    )
}

/// Why it cannot be deleted now.
fn hindrance(instance: &Instance, preview: &DeletePreview) -> Option<String> {
    if !preview.satellites.is_empty() {
        let names = preview.satellites.join(", ");
        Some(fill(
            "These satellites stand on it: {}. Delete them first.",
            &[&names],
        ))
    } else if instance.status == Status::Stopping {
        Some(t("It is stopping. Wait until it has stopped.").to_owned())
    } else if instance.status.is_active() {
        Some(t("It runs. Stop it first.").to_owned())
    } else {
        None
    }
}
