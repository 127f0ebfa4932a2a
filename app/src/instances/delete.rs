//! Deleting: to the trash, or for good with the name typed.

use crate::fetch::{self, Fetched, fetch};
use crate::paths::at;
use crate::request::{self, FormOrJson};
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use types::instances::{DeleteMode, DeletePreview, InstanceId, Status};
use types::jobs::Job;

use super::filter::Place;
use super::row::part;
use super::{Row, Rows};
use crate::ApiError;
use crate::ui::words::{bytes, count, thousands};
use crate::ui::{Dialog, ErrorNote, Icon, Toasts};

/// What deleting would remove.
#[server(prefix = "/fn", endpoint = "delete_preview", protocol = FormOrJson)]
pub(crate) async fn preview_deletion(id: InstanceId) -> Result<DeletePreview, ApiError> {
    Ok(expect_context::<engine::Engine>()
        .instances
        .delete_preview(id)
        .await?)
}

/// Deletes as a job; a permanent deletion needs the name in `confirm`.
#[server(prefix = "/fn", endpoint = "delete_instance", protocol = FormOrJson)]
pub(crate) async fn delete_instance(
    id: InstanceId,
    mode: DeleteMode,
    #[server(default)] confirm: String,
) -> Result<Job, ApiError> {
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

/// A mode in forms and addresses.
fn word(mode: DeleteMode) -> &'static str {
    match mode {
        DeleteMode::Trash => "trash",
        DeleteMode::Permanent => "permanent",
    }
}

/// What the deletion named in the address would remove.
#[derive(Clone, Copy)]
struct Wanted {
    id: Memo<Option<InstanceId>>,
    preview: Fetched,
}

/// Fetches what [`DeleteDialog`] shows; called by the page, outside of everything that waits.
pub(super) fn provide_deletion() {
    let place = expect_context::<Place>();
    let wanted = crate::ui::memo(move || place.instance("delete"));
    let preview = fetch(
        move || (wanted.get(), None),
        |(wanted, _)| {
            Box::pin(async move {
                match wanted {
                    Some(id) => preview_deletion(id).await.into(),
                    None => fetch::Answer::nothing(),
                }
            })
        },
    );
    provide_context(Wanted { id: wanted, preview });
}

/// The dialog, while the address names an instance to delete.
#[component]
pub fn DeleteDialog() -> impl IntoView {
    let rows = expect_context::<Rows>();
    let Wanted { id, preview } = expect_context();
    move || {
        let row = rows.find(id.get()?)?;
        Some(view! { <Question row preview /> })
    }
}

#[component]
fn Question(
    /// What is to be deleted.
    row: Row,
    /// What that would remove.
    preview: Fetched,
) -> impl IntoView {
    let place = expect_context::<Place>();
    let title = Signal::derive(move || row.instance.with(|instance| format!("Delete {}", instance.name)));
    let close = move |()| place.close();
    let counting = || view! { <div class="dialog__body">"Counting the files…"</div> };
    view! {
        <Dialog id="delete-title" title close_href=Signal::derive(move || place.home()) on_close=close>
            {fetch::show(preview, counting.into(), move |answer| match answer.read_any::<DeletePreview>() {
                Some(Ok(preview)) => view! { <Answer row preview /> },
                Some(Err(error)) => view! { <div class="dialog__body"><ErrorNote text=error.to_string() /></div> },
                None => ().into_any(),
            })}
        </Dialog>
    }
}

#[component]
fn Answer(
    /// What is to be deleted.
    row: Row,
    /// What that would remove.
    preview: DeletePreview,
) -> impl IntoView {
    let place = expect_context::<Place>();
    let toasts = expect_context::<Toasts>();
    let problem = RwSignal::new(place.refusal(DeleteInstance::url()));
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
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = request::form(&event) else {
            return;
        };
        spawn_local(async move {
            match request::submit::<DeleteInstance>(form).await {
                Ok(job) => {
                    toasts.say(format!("{}…", job.title));
                    place.close();
                }
                Err(error) => {
                    problem.try_set(Some(error.to_string()));
                }
            }
        });
    };
    view! {
        <form method="post" action=at(DeleteInstance::url()) on:submit=submit>
            <input type="hidden" name="id" value=row.id.0 />
            <div class="dialog__body">
                <Consequences preview=preview.clone() />
                <Hindrance row satellites=preview.satellites />
                <ModeChoice mode />
                <Confirmation name=preview.name mode typed />
                {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            </div>
            <div class="dialog__foot">
                <a class="button button--quiet" href=move || place.home() data-noscroll autofocus>
                    "Cancel"
                </a>
                <button class="button button--danger" type="submit" disabled=blocked>
                    {move || match mode.get() {
                        // Without scripts the button does not follow the choice above it.
                        _ if !alive.get() => "Delete",
                        DeleteMode::Trash => "Move to the trash",
                        DeleteMode::Permanent => "Delete for good",
                    }}
                </button>
            </div>
        </form>
    }
}

#[component]
fn Consequences(
    /// What would be removed.
    preview: DeletePreview,
) -> impl IntoView {
    let size = format!(
        "{} in {}",
        bytes(preview.bytes),
        count(preview.files, "file", "files")
    );
    view! {
        <ul class="consequences">
            <li>
                <Icon name="trash" />
                <span>
                    "Its folder with the environment goes: "
                    <b class="strong" title=format!("{} bytes", thousands(preview.bytes))>
                        {size}
                    </b>
                    {format!(" ({} bytes).", thousands(preview.bytes))}
                </span>
            </li>
            <li>
                <Icon name="check" />
                <span>"Outputs, models and datasets stay where they are."</span>
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
            format!("These satellites stand on it: {names}. Delete them first.")
        } else if status.get() == Status::Stopping {
            "It is stopping. Wait until it has stopped.".to_owned()
        } else if status.get().is_active() {
            "It runs. Stop it first.".to_owned()
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
        <div class="stack" role="radiogroup" aria-label="What happens with its folder">
            {option(
                DeleteMode::Trash,
                "Move to the trash",
                "The folder lies in trash/ of the data directory until you remove it.",
            )}
            {option(DeleteMode::Permanent, "Delete for good", "Nobody can bring it back.")}
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
            <span class="field__label">"To delete it for good, type its name: " <b class="strong">{name}</b></span>
            <input
                class="input"
                name="confirm"
                autocomplete="off"
                on:input=move |event| typed.set(event_target_value(&event))
            />
        </label>
    }
}
