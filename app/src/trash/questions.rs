//! The questions of the page, opened by its address: `?remove=<entry>`, `?empty=1`, `?restore=<entry>`.

use crate::address::{Address, History};
use crate::language::{fill, t};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use types::trash::{TrashEntry, TrashPreview};

use super::forms::{EmptyTrash, RemoveEntry, RestoreEntry};
use crate::ApiError;
use crate::ui::words::{bytes, count, thousands};
use crate::ui::{Dialog, ErrorNote, Icon, hydrated};

/// Whichever is open.
#[component]
pub fn Questions(
    /// What lies in the trash.
    entries: Vec<TrashEntry>,
    /// What would be removed.
    preview: Option<TrashPreview>,
) -> impl IntoView {
    let address = Address::get();
    let wanted = untrack(|| address.text("restore"));
    let entry = entries
        .into_iter()
        .find(|entry| Some(&entry.entry) == wanted.as_ref());
    match (preview, entry) {
        (Some(preview), _) => view! { <Removal preview /> },
        (None, Some(entry)) => view! { <Naming entry /> },
        (None, None) => ().into_any(),
    }
}

/// A question over the page; closing it leads back to the page itself.
#[component]
fn Question(
    /// Id of its title.
    id: &'static str,
    /// Its title.
    title: String,
    /// Body and foot.
    children: Children,
) -> impl IntoView {
    let address = Address::get();
    let close = move |()| address.visit(&at("/trash"), History::Push);
    view! {
        <Dialog id title=Signal::stored(title) close_href=Signal::derive(|| at("/trash")) on_close=close>
            {children()}
        </Dialog>
    }
}

/// Why the last try was refused.
#[component]
fn Refusal() -> impl IntoView {
    let error = untrack(|| Address::get().text("__err"));
    error.map(|error| view! { <ErrorNote text=ApiError::of_address(&error).to_string() /> })
}

#[component]
fn Removal(
    /// What would be removed.
    preview: TrashPreview,
) -> impl IntoView {
    let TrashPreview {
        entry,
        confirm,
        entries,
        bytes: size,
        files,
    } = preview;
    let (title, action, label) = match entry {
        Some(_) => (
            fill("Remove {} for good", &[&confirm]),
            RemoveEntry::url(),
            t("To remove it for good, type its name: "),
        ),
        None => (
            t("Empty the trash").to_owned(),
            EmptyTrash::url(),
            t("To remove all of it for good, type the word: "),
        ),
    };
    let files = count(files, "file", "files");
    let exact = thousands(size);
    let size = bytes(size);
    let what = match entry {
        Some(_) => fill(
            "{} in {} ({} bytes) are removed. Nobody can bring them back.",
            &[&size, &files, &exact],
        ),
        None => fill(
            "{} in {} of {} ({} bytes) are removed. Nobody can bring them back.",
            &[&size, &files, &count(entries, "thing", "things"), &exact],
        ),
    };
    let alive = hydrated();
    let typed = RwSignal::new(String::new());
    let wanted = StoredValue::new(confirm.clone());
    // Without scripts nobody knows here what was typed.
    let blocked = move || alive.get() && wanted.with_value(|wanted| *wanted != typed.get());
    view! {
        <Question id="remove-title" title>
            <form method="post" action=at(action)>
                {entry.map(|entry| view! { <input type="hidden" name="entry" value=entry /> })}
                <div class="dialog__body">
                    <ul class="consequences">
                        <li>
                            <Icon name="trash" />
                            <span>{what}</span>
                        </li>
                        <li>
                            <Icon name="check" />
                            <span>{t("Outputs, models and datasets stay; what links point at is not touched.")}</span>
                        </li>
                    </ul>
                    <label class="field">
                        <span class="field__label">{label} <b class="strong">{confirm}</b></span>
                        <input
                            class="input"
                            name="confirm"
                            autocomplete="off"
                            autofocus
                            on:input=move |event| typed.set(event_target_value(&event))
                        />
                    </label>
                    <Refusal />
                </div>
                <div class="dialog__foot">
                    <a class="button button--quiet" href=at("/trash")>
                        {t("Cancel")}
                    </a>
                    <button class="button button--danger" type="submit" disabled=blocked>
                        {t("Remove for good")}
                    </button>
                </div>
            </form>
        </Question>
    }
}

#[component]
fn Naming(
    /// What is to be restored.
    entry: TrashEntry,
) -> impl IntoView {
    let name = untrack(|| Address::get().text("name")).filter(|name| !name.is_empty());
    let title = fill("Restore {}", &[&entry.name]);
    let taken = (entry.free_name != entry.name).then(|| {
        fill(
            "Another instance is called {} by now. Its settings and files stay as they were.",
            &[&entry.name],
        )
    });
    view! {
        <Question id="restore-title" title>
            <form method="post" action=at(RestoreEntry::url())>
                <input type="hidden" name="entry" value=entry.entry />
                <div class="dialog__body">
                    {taken.map(|text| view! { <p>{text}</p> })}
                    <label class="field">
                        <span class="field__label">{t("Name")}</span>
                        <input
                            class="input"
                            name="name"
                            value=name.unwrap_or(entry.free_name)
                            required
                            maxlength="64"
                            autocomplete="off"
                            autofocus
                        />
                    </label>
                    <Refusal />
                </div>
                <div class="dialog__foot">
                    <a class="button button--quiet" href=at("/trash")>
                        {t("Cancel")}
                    </a>
                    <button class="button button--filled" type="submit">
                        {t("Restore")}
                    </button>
                </div>
            </form>
        </Question>
    }
}
