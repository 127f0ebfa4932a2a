//! Parts of the program that browsers load when they are first needed: what opens over the table, and other pages.
//!
//! # How it works
//! `wasm_split` marks a function whose code, and all that only it needs, becomes a file of its own
//! (`scripts/site.mjs` cuts them out). `later` shows such a function's view once it is needed and there. The server
//! has all parts; before a browser takes over what the server rendered, [`load_for_this_page`] fetches those that
//! are on it already.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the macro wants to add that loading failed"
)]

use std::future::Future;
use std::pin::Pin;

use futures_util::FutureExt;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::instances::InstanceId;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::address::{Address, Page};
use crate::instances::Row;
use crate::instances::access::takeover::TakeoverDialog;
use crate::instances::delete::DeleteDialog;
use crate::instances::drawer::Drawer;
use crate::instances::empty::Welcome;
use crate::instances::new_row::{NewInstanceForm, NewRow};
use crate::instances::preview::SavePreview;
use crate::instances::selection::{BulkBar, Selection};
use crate::logs::{Log, LogSearch};
use crate::tools::embedded::{Embedded, EmbeddedButtons, Frame};
use crate::ui::Toasts;
use crate::{accounts, instances, logs, view};

type Loading = Pin<Box<dyn Future<Output = Result<(), SplitLoaderError>>>>;
type Rendering = Pin<Box<dyn Future<Output = Result<AnyView, SplitLoaderError>>>>;

/// Loads a part.
type Load = fn() -> Loading;

/// What opens over the dashboard while its address has a key.
const BY_KEY: [(&str, Load); 7] = [
    ("open", || Box::pin(load_drawer())),
    ("delete", || Box::pin(load_delete())),
    ("takeover", || Box::pin(load_takeover())),
    ("new", || Box::pin(load_new_row())),
    ("new", || Box::pin(load_new_form())),
    ("tool", || Box::pin(load_embedded())),
    ("tool", || Box::pin(load_embedded_buttons())),
];

/// Fetches the parts that the page shows already. Without them it has to stay as the server made it.
pub async fn load_for_this_page() -> Result<(), SplitLoaderError> {
    let (page, query) = crate::address::present();
    match page {
        Page::Instances => {
            for (key, load) in BY_KEY {
                if query.text(key).is_some() {
                    load().await?;
                }
            }
            // Only the server knows at this moment that there is no instance.
            if document().get_element_by_id("welcome").is_some() {
                load_welcome().await?;
            }
            Ok(())
        }
        Page::Logs(_) => load_log_page().await,
        Page::Login => load_login().await,
        Page::Setup => load_setup().await,
        Page::Unknown => Ok(()),
    }
}

#[wasm_split(gate, preload(load_login), fallible)]
fn login_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <accounts::LoginPage /> })
}

/// The page that asks for the password.
pub(crate) fn login() -> AnyView {
    later(|| true, || Box::pin(load_login()), || Box::pin(login_part()))
}

#[wasm_split(gate, preload(load_setup), fallible)]
fn setup_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <accounts::SetupPage /> })
}

/// The page that asks for the first password.
pub(crate) fn setup() -> AnyView {
    later(|| true, || Box::pin(load_setup()), || Box::pin(setup_part()))
}

#[wasm_split(logs, preload(load_log_page), fallible)]
fn log_page_part(instance: InstanceId) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <logs::LogsPage instance /> })
}

/// The log of one instance as a page.
pub(crate) fn log_page(instance: InstanceId) -> AnyView {
    later(
        || true,
        || Box::pin(load_log_page()),
        move || Box::pin(log_page_part(instance)),
    )
}

#[wasm_split(dialogs, preload(load_drawer), fallible)]
fn drawer_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Drawer /> })
}

/// Everything about one instance: `?open=<id>`.
pub(crate) fn drawer() -> AnyView {
    by_key("open", || Box::pin(drawer_part()))
}

#[wasm_split(dialogs, preload(load_delete), fallible)]
fn delete_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <DeleteDialog /> })
}

/// Asks before an instance is deleted: `?delete=<id>`.
pub(crate) fn delete_dialog() -> AnyView {
    by_key("delete", || Box::pin(delete_part()))
}

#[wasm_split(dialogs, preload(load_takeover), fallible)]
fn takeover_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <TakeoverDialog /> })
}

/// Asks before a port changes its tenant: `?takeover=<id>`.
pub(crate) fn takeover_dialog() -> AnyView {
    by_key("takeover", || Box::pin(takeover_part()))
}

#[wasm_split(dialogs, preload(load_preview), fallible)]
fn preview_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <SavePreview /> })
}

/// Shows what saving would do.
pub(crate) fn save_preview() -> AnyView {
    let edits = expect_context::<instances::edits::Edits>();
    later(
        move || edits.pending().is_some(),
        || Box::pin(load_preview()),
        || Box::pin(preview_part()),
    )
}

/// What was wrong with the last try to create an instance.
type Problem = RwSignal<Option<String>>;

#[wasm_split(new, preload(load_new_row), fallible)]
fn new_row_part(problem: Problem) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <NewRow problem /> })
}

#[wasm_split(new, preload(load_new_form), fallible)]
fn new_form_part(problem: Problem) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <NewInstanceForm problem /> })
}

/// The inline row of a new instance.
pub(crate) fn new_row(problem: Problem) -> AnyView {
    later(
        || true,
        || Box::pin(load_new_row()),
        move || Box::pin(new_row_part(problem)),
    )
}

/// Its form, which stands outside of the table.
pub(crate) fn new_form(problem: Problem) -> AnyView {
    later(
        || true,
        || Box::pin(load_new_form()),
        move || Box::pin(new_form_part(problem)),
    )
}

#[wasm_split(dialogs, preload(load_bulk_bar), fallible)]
fn bulk_bar_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <BulkBar /> })
}

/// What can be done with all ticked rows.
pub(crate) fn bulk_bar() -> AnyView {
    let selection = expect_context::<Selection>();
    later(
        move || !selection.is_empty(),
        || Box::pin(load_bulk_bar()),
        || Box::pin(bulk_bar_part()),
    )
}

#[wasm_split(logs, preload(load_log_search), fallible)]
fn log_search_part(log: Log) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <LogSearch log /> })
}

/// The search within a log.
pub(crate) fn log_search(log: Log) -> AnyView {
    later(
        || true,
        || Box::pin(load_log_search()),
        move || Box::pin(log_search_part(log)),
    )
}

#[wasm_split(welcome, preload(load_welcome), fallible)]
fn welcome_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Welcome /> })
}

/// Instead of the panes while there is no instance.
pub(crate) fn welcome() -> AnyView {
    later(|| true, || Box::pin(load_welcome()), || Box::pin(welcome_part()))
}

#[wasm_split(embedded, preload(load_embedded), fallible)]
fn embedded_part(row: Row, shown: Memo<bool>, frame: Frame) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Embedded row shown frame /> })
}

/// The app of an instance inside of the tools pane: `?tool=view`.
pub(crate) fn embedded(row: Row, shown: Memo<bool>, frame: Frame) -> AnyView {
    later(
        move || shown.get(),
        || Box::pin(load_embedded()),
        move || Box::pin(embedded_part(row, shown, frame)),
    )
}

#[wasm_split(embedded, preload(load_embedded_buttons), fallible)]
fn embedded_buttons_part(row: Row, frame: Frame) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <EmbeddedButtons row frame /> })
}

/// What can be done with it.
pub(crate) fn embedded_buttons(row: Row, frame: Frame) -> AnyView {
    later(
        || true,
        || Box::pin(load_embedded_buttons()),
        move || Box::pin(embedded_buttons_part(row, frame)),
    )
}

/// A part that is needed while the address has a key.
fn by_key(key: &'static str, view: fn() -> Rendering) -> AnyView {
    let address = Address::get();
    let load = BY_KEY
        .iter()
        .find(|(known, _)| *known == key)
        .map(|(_, load)| *load);
    load.map(|load| later(move || address.text(key).is_some(), load, view))
        .into_any()
}

/// The view of a part from the moment it was first needed; before that, nothing.
fn later(
    needed: impl Fn() -> bool + Send + Sync + 'static,
    load: Load,
    view: impl Fn() -> Rendering + Send + Sync + 'static,
) -> AnyView {
    show(Box::new(needed), load, Box::new(view))
}

// Apart, so that it is compiled once.
fn show(
    needed: Box<dyn Fn() -> bool + Send + Sync>,
    load: Load,
    view: Box<dyn Fn() -> Rendering + Send + Sync>,
) -> AnyView {
    // Asking whether it is there would fetch it.
    let is_there = untrack(&needed) && matches!(load().now_or_never(), Some(Ok(())));
    let shown = RwSignal::new(is_there);
    let toasts = expect_context::<Toasts>();
    crate::ui::effect(move || {
        if !needed() || shown.get_untracked() {
            return;
        }
        spawn_local(async move {
            match load().await {
                Ok(()) => {
                    shown.try_set(true);
                }
                Err(_) => toasts.warn(
                    "This could not be loaded. Load the page again: the panel may have been updated."
                        .to_owned(),
                ),
            }
        });
    });
    (move || {
        if shown.get() {
            view().now_or_never()?.ok()
        } else {
            None
        }
    })
    .into_any()
}
