//! The script editor: `launch.sh`, `requirements.txt` and the launch arguments of an instance.
//!
//! # How it works
//! `?tool=script&file=launch.sh` shows it in the tools pane, `/instances/:id/script` over the whole window and, by
//! plain forms, without scripts. The text belongs to CodeMirror (`text.rs`), which keeps unsaved ones per file as
//! long as the tab lives and lets the browser ask before the page is left. A save says which version it began with.

mod calls;
mod conflict;
mod difference;
pub(crate) mod findings;
pub(crate) mod history;
pub mod page;
pub mod plain;
mod session;
pub(crate) mod text;

#[cfg(feature = "ssr")]
pub(crate) use self::plain::forms::open_page;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{ev, html};
use types::instances::{Instance, InstanceId};
use types::scripts::{Script, ScriptFile};

use self::calls::open_script;
use self::session::{Mode, Session};
use crate::address::{Address, History};
use crate::instances::Row;
use crate::instances::row::part;
use crate::language::t;
use crate::paths::at;
use crate::ui::{ErrorNote, Icon, SelectBox, StyleSheet};
use crate::{ApiError, view};

/// The editor in the tools pane.
#[component]
pub fn ScriptTool(
    /// Whose files.
    row: Row,
    /// Whether it is looked at.
    shown: Memo<bool>,
) -> impl IntoView {
    let address = Address::get();
    let page = move || page_of(row.id, file_of(address));
    view! {
        <div class="tool" hidden=move || !shown.get()>
            <Editor row shown is_page=false />
            <p class="diff__none is-plain">
                <a href=page>{t("Open the editor as a page")}</a>
            </p>
        </div>
    }
}

/// The file that an address names; tracked.
fn file_of(address: Address) -> ScriptFile {
    let word = address.text("file");
    word.and_then(|word| ScriptFile::from_word(&word))
        .unwrap_or_default()
}

/// The editor page of an instance.
pub(crate) fn page_of(id: InstanceId, file: ScriptFile) -> String {
    at(&format!("/instances/{id}/script?file={}", file.file_name()))
}

/// Where an instance's script becomes a blueprint: over the dashboard, which shows the editor again.
pub(crate) fn blueprint_of(id: InstanceId) -> String {
    at(&format!("/?log={id}&tool=script&blueprint={id}"))
}

/// The file of the address, once a browser has it.
#[component]
pub(crate) fn Editor(
    /// Whose files.
    row: Row,
    /// Whether it is looked at.
    #[prop(into)]
    shown: Signal<bool>,
    /// Whether it has the whole window.
    is_page: bool,
) -> impl IntoView {
    let address = Address::get();
    let file = crate::ui::memo(move || file_of(address));
    let opened = RwSignal::new(None::<(ScriptFile, Result<Script, ApiError>)>);
    crate::ui::effect(move || {
        let wanted = file.get();
        let is_there =
            opened.with_untracked(|opened| opened.as_ref().is_some_and(|(file, _)| *file == wanted));
        if shown.get() && !is_there {
            spawn_local(async move {
                let answer = open_script(row.id, wanted).await;
                if file.try_get_untracked() == Some(wanted) {
                    opened.try_set(Some((wanted, answer)));
                }
            });
        }
    });
    view! {
        <StyleSheet name="editor" />
        <div class="editor is-scripted">
            {move || match opened.get() {
                Some((_, Ok(script))) => view! { <OpenEditor row script is_page /> },
                Some((_, Err(error))) => view! {
                    <div class="editor__bar"><FileChooser present=file.get() /></div>
                    <div class="editor__note"><ErrorNote text=error.to_string() /></div>
                },
                None => view! { <p class="diff__none">{t("Opening the editor…")}</p> },
            }}
        </div>
    }
}

#[component]
fn OpenEditor(
    /// Whose file.
    row: Row,
    /// The file.
    script: Script,
    /// Whether it has the whole window.
    is_page: bool,
) -> impl IntoView {
    let session = Session::new(row, script.file);
    let host = NodeRef::<html::Div>::new();
    let (read_only, blueprint) = (script.read_only.clone(), script.blueprint.clone());
    crate::ui::effect(move || {
        if let Some(host) = host.get() {
            session.open((*host).clone(), script.clone());
        }
    });
    on_cleanup(move || session.close());
    let on_key = move |event: ev::KeyboardEvent| {
        let saves = (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("s");
        if saves && !event.default_prevented() {
            event.prevent_default();
            session.save(event.shift_key());
        }
    };
    let is_hidden = move || session.mode.get() != Mode::Text;
    let can_save = read_only.is_none();
    view! {
        <div class="editor__all" on:keydown=on_key>
            <Bar session is_page can_save has_blueprint=blueprint.is_some() />
            {read_only.map(|text| view! { <p class="editor__note"><span class="note note--warn"><Icon name="info" /><span role="status">{text}</span></span></p> })}
            {move || {
                session.problem.get().map(|text| view! { <div class="editor__note"><ErrorNote text /></div> })
            }}
            {move || match session.mode.get() {
                Mode::Text => None,
                Mode::History => Some(view! { <div class="editor__over">{history::history(session)}</div> }),
                Mode::Blueprint => {
                    let name = blueprint.clone().unwrap_or_default();
                    Some(view! { <div class="editor__over">{history::blueprint(session, name)}</div> })
                }
            }}
            <div class="editor__text" node_ref=host hidden=is_hidden></div>
            <div hidden=is_hidden>{findings::findings(session)}</div>
            {conflict::conflict(session)}
        </div>
    }
}

/// Chooses the file, looks back, saves.
#[component]
fn Bar(
    /// The file.
    session: Session,
    /// Whether it has the whole window.
    is_page: bool,
    /// Whether it may be changed.
    can_save: bool,
    /// Whether it comes from one.
    has_blueprint: bool,
) -> impl IntoView {
    let find = move |_| {
        session.mode.set(Mode::Text);
        if let Some(text) = session.text() {
            text.find();
        }
    };
    view! {
        <div class="editor__bar">
            <FileChooser present=session.file />
            <span class="editor__state grow" role="status">
                {move || if session.is_changed.get() { t("Unsaved changes") } else { "" }}
            </span>
            <button
                class="button button--icon button--sm"
                type="button"
                aria-label=t("Find in the file")
                title=t("Find (Ctrl+F)")
                disabled=move || !session.is_open.get()
                on:click=find
            >
                <Icon name="search" class="icon--sm" />
            </button>
            {history::mode_button(session, Mode::History, "undo", t("Versions of this file"))}
            {has_blueprint
                .then(|| {
                    history::mode_button(session, Mode::Blueprint, "layers", t("Compare with the blueprint"))
                })}
            {(!is_page)
                .then(|| {
                    view! {
                        <a
                            class="button button--icon button--sm"
                            href=page_of(session.id(), session.file)
                            aria-label=t("Open the editor as a page")
                            title=t("Open the editor as a page")
                        >
                            <Icon name="open" class="icon--sm" />
                        </a>
                    }
                })}
            {(can_save && session.file == ScriptFile::Script)
                .then(|| {
                    view! {
                        <a
                            class="button button--icon button--sm"
                            href=blueprint_of(session.id())
                            data-noscroll
                            aria-label=t("Save as a blueprint")
                            title=t("Save as a blueprint")
                        >
                            <Icon name="copy" class="icon--sm" />
                        </a>
                    }
                })}
            {can_save.then(|| view! { <SaveButtons session /> })}
        </div>
    }
}

#[component]
fn SaveButtons(
    /// The file.
    session: Session,
) -> impl IntoView {
    let runs = part(session.row, |instance: &Instance| instance.status.is_active());
    let busy = move || session.is_busy.get() || !session.is_open.get();
    view! {
        <button
            class="button button--sm"
            type="button"
            title=t("Save (Ctrl+S)")
            disabled=move || busy() || !session.is_changed.get()
            on:click=move |_| session.save(false)
        >
            {t("Save")}
        </button>
        <button
            class="button button--sm button--soft"
            type="button"
            title="Ctrl+Shift+S"
            disabled=busy
            on:click=move |_| session.save(true)
        >
            {move || if runs.get() { t("Save & restart") } else { t("Save & start") }}
        </button>
    }
}

/// Changes the address, and with it the file.
#[component]
fn FileChooser(
    /// The one that is shown.
    present: ScriptFile,
) -> impl IntoView {
    let address = Address::get();
    let go = move |event: ev::Event| {
        let query = address.query().with("file", Some(&event_target_value(&event)));
        address.visit(&query.address(), History::Replace);
    };
    view! {
        <SelectBox>
            <select class="input editor__file" aria-label=t("File") on:change=go>
                {ScriptFile::EVERY
                    .map(|file| {
                        view! {
                            <option value=file.file_name() selected=file == present>
                                {file.file_name()}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </SelectBox>
    }
}
