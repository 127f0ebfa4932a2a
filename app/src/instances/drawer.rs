//! Everything about one instance, beside the table.

pub mod crash;
pub mod curve;
pub mod desktop;
pub mod form;
pub mod load;
pub mod overview;
pub mod runs;

use crate::fetch::{self, Fetched, Key, Subject, fetch};
use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use leptos::{ev, html};
use serde::{Deserialize, Serialize};
use types::instances::InstanceId;
use types::logs::Run;

use super::access::check::AccessReport;
use super::access::settings::AccessSection;
use super::commands::{Verb, VerbButton};
use super::edits::Edits;
use super::filter::Place;
use super::row::{Tile, part};
use super::status::StatusBadge;
use super::{Row, Rows};
use crate::browser;
use crate::telemetry::past::Past;
use crate::ui::words::duration;
use crate::ui::{Clock, Dialog, ErrorNote, Icon};
use crash::Crashed;
use desktop::{DesktopReport, DesktopSection};
use form::Configuration;
use load::LoadSection;
use overview::Overview;
use runs::Runs;

/// What the drawer shows beyond the row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// Newest first.
    pub runs: Vec<Run>,
    /// The end of the newest run's log, without control characters.
    pub last_lines: Vec<String>,
    /// Why it ended by itself, if it did.
    pub crash: Option<Crashed>,
    /// What was found when its ways of access were last tried.
    pub access: Option<AccessReport>,
    /// What it used in the last hour.
    pub(crate) past: Past,
    /// Its desktop.
    pub desktop: DesktopReport,
}

/// So many lines of the log are shown beside the reason of a failure.
#[cfg(feature = "ssr")]
const LAST_LINES: usize = 10;

/// The runs of an instance and the end of its log.
#[cfg(feature = "ssr")]
pub(crate) async fn load_details(id: InstanceId) -> Result<Details, crate::ApiError> {
    let instances = expect_context::<engine::Engine>().instances;
    let runs = instances.runs(id).await?;
    let tail = if runs.is_empty() {
        String::new()
    } else {
        let position = engine::instances::LogPosition::Tail(4096);
        // The log may have been rotated away; the drawer is worth showing without it.
        instances
            .log(id, None, position)
            .await
            .map(|chunk| chunk.content)
            .unwrap_or_default()
    };
    let lines = overview::plain_lines(&tail);
    let last_lines = lines[lines.len().saturating_sub(LAST_LINES)..].to_vec();
    Ok(Details {
        crash: crash::load(id).await?,
        runs,
        last_lines,
        access: AccessReport::known(id).await?,
        past: load::last_hour(id).await?,
        desktop: desktop::load(id).await?,
    })
}

/// What the drawer named in the address shows beyond the row.
#[derive(Clone, Copy)]
struct Wanted {
    id: Memo<Option<InstanceId>>,
    details: Fetched,
    /// Counts the times the details became old.
    age: RwSignal<u32>,
}

/// Fetches what [`Drawer`] shows; called by the page, outside of everything that waits.
pub(super) fn provide_details() {
    let place = expect_context::<Place>();
    let wanted = crate::ui::memo(move || place.instance("open"));
    let age = RwSignal::new(0);
    let details = fetch(move || {
        Some(Key {
            age: age.get(),
            ..Key::about(Subject::Details, wanted.get()?)
        })
    });
    provide_context(Wanted {
        id: wanted,
        details,
        age,
    });
}

/// The drawer, while the address names an instance to open.
#[component]
pub fn Drawer() -> impl IntoView {
    let rows = expect_context::<Rows>();
    let Wanted {
        id: wanted,
        details,
        age,
    } = expect_context();
    let row = crate::ui::memo(move || rows.find(wanted.get()?));
    // A new run, or the end of one, changes what there is to show.
    let run = crate::ui::memo(move || {
        let row = row.get()?;
        row.instance
            .with(|instance| Some((instance.id, instance.run, instance.status.is_active())))
    });
    Effect::new(move |before: Option<Option<(InstanceId, u32, bool)>>| {
        let now = run.get();
        if let Some((Some(before), Some(now))) = before.map(|before| (before, now))
            && before.0 == now.0
            && before != now
        {
            age.update(|age| *age += 1);
        }
        now
    });
    move || row.get().map(|row| view! { <Panel row details /> })
}

#[component]
fn Panel(
    /// Whose.
    row: Row,
    /// Beyond the row.
    details: Fetched,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let place = expect_context::<Place>();
    let asking = RwSignal::new(false);
    let lacks_desktops = RwSignal::new(false);
    let panel = NodeRef::<html::Div>::new();
    let leave = Callback::new(move |()| {
        asking.set(false);
        place.close();
        request_animation_frame(move || browser::focus(&format!("name-{}", row.id)));
    });
    let close = move || {
        if edits.is_changed(row.id) {
            asking.set(true);
        } else {
            edits.undo(row.id);
            leave.run(());
        }
    };
    close_on_escape(close);
    crate::ui::effect(move || {
        if let Some(panel) = panel.get() {
            let _ = panel.focus();
        }
    });
    view! {
        <div class="drawer" role="dialog" aria-modal="false" aria-labelledby="drawer-title" tabindex="-1" node_ref=panel>
            <Head row close=Callback::new(move |()| close()) />
            <nav class="tabs drawer__tabs" aria-label=t("Sections")>
                <a class="tabs__tab" href="#sec-overview" rel="external">
                    {t("Overview")}
                </a>
                <a class="tabs__tab" href="#sec-configuration" rel="external">
                    {t("Configuration")}
                </a>
                <a class="tabs__tab" href="#sec-environment" rel="external">
                    {t("Environment")}
                </a>
                <a class="tabs__tab" href="#sec-desktop" rel="external">
                    {t("Desktop")}
                </a>
                <a class="tabs__tab" href="#sec-access" rel="external">
                    {t("Access")}
                </a>
                <a class="tabs__tab" href="#sec-runs" rel="external">
                    {t("Runs")}
                </a>
            </nav>
            <div class="drawer__body" tabindex="0" role="region" aria-label=t("Details")>
                <Overview row details />
                <LoadSection row details />
                <Configuration row lacks_desktops />
                <DesktopSection row details lacks_desktops />
                <AccessSection row details />
                <section class="section" id="sec-runs">
                    <h3 class="section__title">{t("Runs")}</h3>
                    {fetch::show(details, ViewFn::default(), move |answer| match answer.read_any::<Details>() {
                        Some(Ok(details)) => view! { <Runs id=row.id runs=details.runs /> },
                        Some(Err(error)) => view! { <ErrorNote text=error.to_string() /> },
                        None => ().into_any(),
                    })}
                </section>
            </div>
            <Foot row />
            {move || asking.get().then(|| view! { <LeaveQuestion row asking leave /> })}
        </div>
    }
}

fn close_on_escape(close: impl Fn() + Copy + 'static) {
    crate::ui::effect(move || {
        let handle = window_event_listener(ev::keydown, move |event| {
            let over = document().query_selector("dialog[open]").ok().flatten().is_some();
            if event.key() == "Escape" && !event.default_prevented() && !over {
                // The question this may open would take the same key for itself.
                event.prevent_default();
                close();
            }
        });
        on_cleanup(move || handle.remove());
    });
}

#[component]
fn Head(
    /// Whose.
    row: Row,
    /// The cross.
    close: Callback<()>,
) -> impl IntoView {
    let place = expect_context::<Place>();
    let clock = expect_context::<Clock>();
    let name = part(row, |instance| instance.name.clone());
    let kind = move || {
        row.instance.with(|instance| {
            let gpus = instance
                .gpu_ids
                .as_deref()
                .map_or_else(|| t("all GPUs").to_owned(), |gpus| fill("GPU {}", &[gpus]));
            let age = duration(clock.now() - instance.created_at);
            fill(
                "{} · {} · created {} ago",
                &[&instance.blueprint_name, &gpus, &age],
            )
        })
    };
    view! {
        <div class="drawer__head">
            <div class="app-name app-name--lg grow">
                <Tile row class="app-name__tile--lg" />
                <h2 class="app-name__name truncate" id="drawer-title">
                    {name}
                </h2>
                <span class="app-name__kind truncate">{kind}</span>
            </div>
            <StatusBadge row />
            <a
                class="button button--icon"
                href=move || place.home()
                aria-label=t("Close")
                on:click=move |event| {
                    event.prevent_default();
                    close.run(());
                }
            >
                <Icon name="close" />
            </a>
        </div>
    }
}

#[component]
fn Foot(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let place = expect_context::<Place>();
    let alive = crate::ui::hydrated();
    let status = part(row, |instance| instance.status);
    let main = Signal::derive(move || Verb::main_of(status.get()));
    let main_class = Signal::stored("button button--soft".to_owned());
    let changed = crate::ui::memo(move || edits.is_changed(row.id));
    view! {
        <div class="drawer__foot">
            <VerbButton id=row.id verb=main status class=main_class />
            // Without scripts nobody knows what was typed, so the button is always ready.
            <button
                class="button"
                class:button--filled=changed
                type="submit"
                form=form::FORM
                disabled=move || alive.get() && (!changed.get() || edits.is_saving())
            >
                {t("Save")}
            </button>
            <span class="grow only-wide faint">
                {move || if changed.get() { t("Unsaved changes") } else { t("No unsaved changes") }}
            </span>
            <a class="button button--danger" href=move || place.with("delete", row.id) data-noscroll>
                {t("Delete…")}
            </a>
        </div>
    }
}

/// Asked when the drawer is closed over unsaved edits.
#[component]
fn LeaveQuestion(
    /// Whose.
    row: Row,
    /// Whether the question is open.
    asking: RwSignal<bool>,
    /// Closes the drawer.
    leave: Callback<()>,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let title = Signal::derive(move || {
        row.instance
            .with(|instance| fill("{} has unsaved changes", &[&instance.name]))
    });
    view! {
        <Dialog id="leave-title" title on_close=move |()| asking.set(false)>
            <div class="dialog__body">
                <p>{t("You can save them later: the row in the table keeps them until the page is left.")}</p>
            </div>
            <div class="dialog__foot">
                <button class="button button--quiet" type="button" on:click=move |_| asking.set(false)>
                    {t("Go on editing")}
                </button>
                <button
                    class="button button--danger"
                    type="button"
                    on:click=move |_| {
                        edits.undo(row.id);
                        leave.run(());
                    }
                >
                    {t("Discard the changes")}
                </button>
                <button class="button button--filled" type="button" on:click=move |_| leave.run(())>
                    {t("Keep them for later")}
                </button>
            </div>
        </Dialog>
    }
}
