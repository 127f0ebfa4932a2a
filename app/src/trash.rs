//! The trash as a page: deleted instances, bringing them back, removing them for good.
//!
//! Every step is a plain form that leads back to the page, with and without scripts. Scripts only refresh what is
//! shown when a size was counted or a removal has ended.

pub mod forms;
pub mod questions;

use std::time::Duration;

use crate::address::{Address, Query};
use crate::fetch::{self, Key, Subject, fetch};
use crate::language::{fill, said, t};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde::{Deserialize, Serialize};
use types::trash::{TrashEntry, TrashKind, TrashPreview, Trashed};

use self::forms::{PurgeSetting, RestoreEntry};
use self::questions::Questions;
use crate::ApiError;
use crate::live::{Live, OfflineBanner};
use crate::shell::{BottomNav, TopBar, name_page};
use crate::ui::words::{ago, bytes, count, thousands};
use crate::ui::{Clock, ErrorNote, Icon, StyleSheet};

/// A day, milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Between two looks while sizes are being counted or something is being removed.
const PACE: Duration = Duration::from_millis(1500);

/// What the page is rendered from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrashData {
    trashed: Trashed,
    /// What the question that is open is about.
    preview: Option<TrashPreview>,
}

/// Everything the page shows; `about` names what is asked about, empty = all of it.
#[cfg(feature = "ssr")]
pub(crate) async fn load_trash(about: Option<String>) -> Result<TrashData, ApiError> {
    let trash = expect_context::<engine::Engine>().trash;
    let preview = match about.as_deref() {
        None => None,
        Some("") => Some(trash.preview(None).await?),
        // What is gone by now has no question to ask.
        Some(entry) => trash.preview(Some(entry)).await.ok(),
    };
    Ok(TrashData {
        trashed: trash.list().await?,
        preview,
    })
}

/// The page.
#[component]
pub fn TrashPage() -> impl IntoView {
    let address = Address::get();
    let looks = RwSignal::new(0_u32);
    let about = move || match address.text("remove") {
        Some(entry) => Some(entry),
        None => address.text("empty").map(|_| String::new()),
    };
    let data = fetch(move || {
        Some(Key {
            text: about(),
            // The question before a restore is asked anew, too: names may have been taken meanwhile.
            number: address.text("restore").map(|_| 1),
            age: looks.get(),
            ..Key::of(Subject::Trash)
        })
    });
    look_when_work_ends(looks);
    name_page("Trash");
    view! {
        <StyleSheet name="trash" />
        <div class="app">
            <TopBar />
            <OfflineBanner />
            <main class="page page--trash" id="main">
                {fetch::show_data(data, ViewFn::default(), move |data: TrashData| view! { <Content data looks /> })}
            </main>
            <BottomNav />
        </div>
    }
}

#[component]
fn Content(
    /// What the server said.
    data: TrashData,
    /// Counts how often it was asked.
    looks: RwSignal<u32>,
) -> impl IntoView {
    let TrashData { trashed, preview } = data;
    let clock = expect_context::<Clock>();
    clock.begin(trashed.now);
    let unsettled = trashed
        .entries
        .iter()
        .any(|entry| entry.bytes.is_none() || entry.kind == TrashKind::Leftover);
    // What a form asked for may have ended before the page could hear of it.
    if unsettled || is_due(&trashed) || Address::get().text("removing").is_some() {
        look_soon(looks);
    }
    let ours = trashed
        .entries
        .iter()
        .any(|entry| entry.kind != TrashKind::Foreign);
    let sizes: Option<u64> = trashed.entries.iter().map(|entry| entry.bytes).sum();
    let entries = trashed.entries.clone();
    view! {
        <div class="page__head">
            <div>
                <h1 class="page__title">{t("Trash")}</h1>
                <p class="page__lead">
                    {match sizes {
                        _ if entries.is_empty() => t("Nothing in it.").to_owned(),
                        Some(size) => format!("{}, {}", count(entries.len() as u64, "thing", "things"), bytes(size)),
                        None => count(entries.len() as u64, "thing", "things"),
                    }}
                </p>
            </div>
            <div class="page__tools">
                {ours.then(|| view! {
                    <a class="button button--danger" href=at("/trash?empty=1")>
                        <Icon name="trash" />
                        {t("Empty the trash…")}
                    </a>
                })}
            </div>
        </div>
        <Said />
        {if entries.is_empty() {
            view! { <Empty /> }.into_any()
        } else {
            view! { <Entries entries=entries.clone() now=trashed.now /> }.into_any()
        }}
        <PurgeSetting days=trashed.purge_days />
        <Questions entries preview />
    }
}

/// Whether something is about to go by itself.
fn is_due(trashed: &Trashed) -> bool {
    trashed.purge_days.is_some_and(|days| {
        let limit = trashed.now - i64::from(days) * DAY_MS;
        let is_old =
            |entry: &TrashEntry| entry.kind == TrashKind::Instance && entry.deleted_at <= Some(limit);
        trashed.entries.iter().any(is_old)
    })
}

/// Asks again when a job ends.
fn look_when_work_ends(looks: RwSignal<u32>) {
    let (live, address) = (Live::get(), Address::get());
    let seen = StoredValue::new(0);
    crate::ui::effect(move || {
        live.start();
        let ended = live
            .jobs()
            .with(|jobs| jobs.iter().filter(|job| job.ended_at.is_some()).count());
        if ended != seen.get_value() {
            seen.set_value(ended);
            look(address, looks);
        }
    });
}

/// Asks again after a while.
fn look_soon(looks: RwSignal<u32>) {
    let address = Address::get();
    crate::ui::effect(move || {
        if let Ok(timer) = set_interval_with_handle(move || look(address, looks), PACE) {
            on_cleanup(move || timer.clear());
        }
    });
}

/// Asks again, unless a question is open or somebody is in the field of days: what is typed there would be gone.
fn look(address: Address, looks: RwSignal<u32>) {
    let focused = document().active_element().map(|element| element.id());
    if focused.as_deref() != Some(forms::DAYS) && !untrack(|| asks(address)) {
        looks.update(|looks| *looks += 1);
    }
}

/// Whether a question is open; tracked.
fn asks(address: Address) -> bool {
    ["remove", "empty", "restore"]
        .iter()
        .any(|key| address.text(key).is_some())
}

/// What the last form came to.
#[component]
fn Said() -> impl IntoView {
    let address = Address::get();
    let restored = address.text("restored");
    let removing = address.text("removing").is_some();
    // A question says itself why it was refused.
    let refused = address.text("__err").filter(|_| !asks(address));
    view! {
        {restored.map(|name| view! {
            <div class="note note--ok" role="status">
                <Icon name="check" />
                <span>{name} {t(" is back. ")} <a href=at("/")>{t("Show the instances")}</a></span>
            </div>
        })}
        {removing.then(|| view! {
            <div class="note" role="status">
                <Icon name="trash" />
                <span>{t("It is being removed. Large folders take a while.")}</span>
            </div>
        })}
        {refused.map(|error| view! { <ErrorNote text=ApiError::of_address(&error).to_string() /> })}
    }
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="trash" />
            <p>{t("The trash is empty. Instances that are deleted lie here until they are restored or removed for good.")}</p>
            <a class="button" href=at("/")>
                {t("Show the instances")}
            </a>
        </div>
    }
}

#[component]
fn Entries(
    /// The newest first.
    entries: Vec<TrashEntry>,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    view! {
        <div class="card trash">
            <table class="table table--plain table--stack" role="table" aria-label=t("What lies in the trash")>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t("Name")}</th>
                        <th role="columnheader" scope="col">{t("Deleted")}</th>
                        <th class="right" role="columnheader" scope="col">{t("Size")}</th>
                        <th role="columnheader" scope="col"><span class="visually-hidden">{t("Actions")}</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {entries.into_iter().map(|entry| view! { <Entry entry now /> }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Entry(
    /// What lies there.
    entry: TrashEntry,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    let kind = match entry.kind {
        TrashKind::Instance if entry.blueprint_name.is_empty() => t("Instance").to_owned(),
        TrashKind::Instance => entry.blueprint_name.clone(),
        TrashKind::Foreign => t("Not put here by AiKore").to_owned(),
        TrashKind::Leftover => t("Being removed").to_owned(),
    };
    let deleted = entry
        .deleted_at
        .map_or_else(|| "—".to_owned(), |then| ago(then, now));
    let (size, exact) = match entry.bytes {
        Some(size) => (bytes(size), fill("{} bytes", &[&thousands(size)])),
        None => (t("counting…").to_owned(), String::new()),
    };
    view! {
        <tr role="row">
            <td role="cell">
                <span class="trash__name">{entry.name.clone()}</span>
                <span class="faint trash__kind">{kind}</span>
                {entry.problem.clone().map(|problem| view! { <span class="faint trash__kind">{said(&problem)}</span> })}
            </td>
            <td role="cell" class="muted">{deleted}</td>
            <td role="cell" class="right num" title=exact>{size}</td>
            <td role="cell">
                <div class="actions">
                    <Restore entry=entry.clone() />
                    <a
                        class="button"
                        href=at(&format!("/trash{}", Query::default().with("remove", Some(&entry.entry)).address()))
                        aria-label=fill("Remove {} for good", &[&entry.name])
                    >
                        {t("Remove…")}
                    </a>
                </div>
            </td>
        </tr>
    }
}

/// Restores at once where nothing has to be asked.
#[component]
fn Restore(
    /// What lies there.
    entry: TrashEntry,
) -> impl IntoView {
    let label = fill("Restore {}", &[&entry.name]);
    if entry.kind != TrashKind::Instance {
        return ().into_any();
    }
    if let Some(problem) = entry.problem {
        return view! {
            <button class="button" type="button" disabled title=said(&problem) aria-label=label>
                {t("Restore")}
            </button>
        };
    }
    if entry.free_name != entry.name {
        let question = Query::default().with("restore", Some(&entry.entry)).address();
        return view! {
            <a class="button button--soft" href=at(&format!("/trash{question}")) aria-label=label>
                {t("Restore…")}
            </a>
        };
    }
    view! {
        <form method="post" action=at(RestoreEntry::url())>
            <input type="hidden" name="entry" value=entry.entry />
            <button class="button button--soft" type="submit" aria-label=label>
                <Icon name="undo" />
                {t("Restore")}
            </button>
        </form>
    }
}
