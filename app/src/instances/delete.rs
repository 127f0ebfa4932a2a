//! Deleting: to the trash, or for good with the name typed.

use crate::language::{fill, said, t};
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use types::instances::{DeleteMode, DeletePreview, InstanceId, Status};
use types::jobs::Job;

use super::Row;
use super::filter::Place;
use super::question::{self, Asked};
use super::row::part;
use crate::ApiError;
use crate::ui::words::{bytes, count, thousands};
use crate::ui::{Icon, Toasts};

/// What deleting would remove.
#[cfg(feature = "ssr")]
pub(crate) async fn preview_deletion(id: InstanceId) -> Result<DeletePreview, ApiError> {
    let engine = expect_context::<engine::Engine>();
    Ok(engine.instances.delete_preview(id).await?)
}

/// Deletes as a job; a permanent deletion needs the name in `confirm`.
#[server(prefix = "/fn", endpoint = "delete_instance", protocol = FormOrJson)]
pub(crate) async fn delete_instance(
    id: InstanceId,
    mode: DeleteMode,
    #[server(default)] confirm: String,
) -> Result<Job, ApiError> {
    use leptos::server_fn::ServerFn as _;
    let confirm = Some(confirm).filter(|confirm| !confirm.is_empty());
    let instances = expect_context::<engine::Engine>().instances;
    let deleted = instances.delete(id, mode, confirm).await;
    let job = deleted.map_err(ApiError::from).inspect_err(|error| {
        let (id, mode) = (id.to_string(), word(mode));
        super::posted::send_back(DeleteInstance::url(), error, &[("delete", &id), ("mode", mode)]);
    })?;
    super::posted::lead_back(&[]);
    Ok(job)
}

/// Brings back what was just moved to the trash.
#[server(prefix = "/fn", endpoint = "undo_delete", protocol = FormOrJson)]
pub(crate) async fn undo_delete(id: InstanceId) -> Result<(), ApiError> {
    expect_context::<engine::Engine>().trash.undo(id).await?;
    Ok(())
}

/// A mode in forms and addresses.
fn word(mode: DeleteMode) -> &'static str {
    match mode {
        DeleteMode::Trash => "trash",
        DeleteMode::Permanent => "permanent",
    }
}

/// The dialog, while the address names an instance to delete.
#[component]
pub fn DeleteDialog() -> impl IntoView {
    question::dialog(
        "delete",
        |instance| fill("Delete {}", &[&instance.name]),
        |row| question::counted(row, form),
    )
}

fn form(row: Row, preview: DeletePreview) -> AnyView {
    let place = expect_context::<Place>();
    let toasts = expect_context::<Toasts>();
    let asked = place
        .text("mode")
        .is_some_and(|mode| mode == word(DeleteMode::Permanent));
    let mode = RwSignal::new(if asked {
        DeleteMode::Permanent
    } else {
        DeleteMode::Trash
    });
    let typed = RwSignal::new(String::new());
    let name = StoredValue::new(preview.name.clone());
    let has_satellites = !preview.satellites.is_empty();
    let idle = part(row, |instance| instance.status.can_start());
    let alive = crate::ui::hydrated();
    let blocked = move || {
        let unconfirmed = mode.get() == DeleteMode::Permanent && name.with_value(|name| *name != typed.get());
        // Without scripts nobody knows here what was typed.
        has_satellites || !idle.get() || alive.get() && unconfirmed
    };
    let fields = view! {
        <Consequences preview=preview.clone() />
        <Hindrance row satellites=preview.satellites />
        <ModeChoice mode />
        <Confirmation name=preview.name mode typed />
    };
    let verb = move || match mode.get() {
        // Without scripts the button does not follow the choice above it.
        _ if !alive.get() => t("Delete"),
        DeleteMode::Trash => t("Move to the trash"),
        DeleteMode::Permanent => t("Delete for good"),
    };
    let asked = Asked {
        verb: Signal::derive(verb),
        blocked: Signal::derive(blocked),
        is_dangerous: true,
        ..Asked::new(fields, "")
    };
    question::form::<DeleteInstance>(row, asked, move || {
        // When the answer comes the row may be gone, and this dialog with it.
        let (chosen, name) = (mode.get_untracked(), name.get_value());
        Box::new(move |job| match chosen {
            DeleteMode::Permanent => toasts.say(format!("{}…", said(&job.title))),
            DeleteMode::Trash => toasts.offer_undo(fill("{} is in the trash.", &[&name]), row.id),
        })
    })
}

#[component]
fn Consequences(
    /// What would be removed.
    preview: DeletePreview,
) -> impl IntoView {
    let size = fill(
        "{} in {}",
        &[&bytes(preview.bytes), &count(preview.files, "file", "files")],
    );
    view! {
        <ul class="consequences">
            <li>
                <Icon name="trash" />
                <span>
                    {t("Its folder with the environment goes: ")}
                    <b class="strong" title=fill("{} bytes", &[&thousands(preview.bytes)])>
                        {size}
                    </b>
                    {fill(" ({} bytes).", &[&thousands(preview.bytes)])}
                </span>
            </li>
            <li>
                <Icon name="check" />
                <span>{t("Outputs, models and datasets stay where they are.")}</span>
            </li>
        </ul>
    }
}

/// Why it cannot be deleted now.
#[component]
fn Hindrance(
    /// What is to be deleted.
    row: Row,
    /// Who stands on it.
    satellites: Vec<String>,
) -> impl IntoView {
    let status = part(row, |instance| instance.status);
    let names = satellites.join(", ");
    move || {
        let text = if !names.is_empty() {
            fill("These satellites stand on it: {}. Delete them first.", &[&names])
        } else if status.get() == Status::Stopping {
            t("It is stopping. Wait until it has stopped.").to_owned()
        } else if status.get().is_active() {
            t("It runs. Stop it first.").to_owned()
        } else {
            return None;
        };
        Some(view! {
            <div class="note note--warn">
                <Icon name="alert" />
                <span>{text}</span>
            </div>
        })
    }
}

#[component]
fn ModeChoice(
    /// The choice.
    mode: RwSignal<DeleteMode>,
) -> impl IntoView {
    let option = move |value: DeleteMode, title: &'static str, note: &'static str| {
        view! {
            <label class="option">
                <input
                    class="check"
                    type="radio"
                    name="mode"
                    value=word(value)
                    checked=mode.get_untracked() == value
                    on:change=move |_| mode.set(value)
                />
                <span class="option__text">
                    {title} <span class="faint">{note}</span>
                </span>
            </label>
        }
    };
    view! {
        <div class="stack" role="radiogroup" aria-label=t("What happens with its folder")>
            {option(
                DeleteMode::Trash,
                t("Move to the trash"),
                t("It can be restored until it is removed from the trash."),
            )}
            {option(DeleteMode::Permanent, t("Delete for good"), t("Nobody can bring it back."))}
        </div>
    }
}

/// The name, typed by hand before anything is deleted for good. Always there without scripts.
#[component]
fn Confirmation(
    /// What has to be typed.
    name: String,
    /// The choice.
    mode: RwSignal<DeleteMode>,
    /// What was typed.
    typed: RwSignal<String>,
) -> impl IntoView {
    let alive = crate::ui::hydrated();
    view! {
        <label class="field" hidden=move || alive.get() && mode.get() == DeleteMode::Trash>
            <span class="field__label">{t("To delete it for good, type its name: ")} <b class="strong">{name}</b></span>
            <input
                class="input"
                name="confirm"
                autocomplete="off"
                on:input=move |event| typed.set(event_target_value(&event))
            />
        </label>
    }
}
