//! The dashboard: the table of instances and what people do with it.

pub mod access;
pub mod actions;
pub mod blueprint;
pub mod clone;
pub mod commands;
pub mod delete;
pub mod draft;
pub mod drawer;
pub mod edits;
pub mod empty;
pub mod fields;
pub mod filter;
#[cfg(feature = "ssr")]
mod lean;
pub mod new_row;
pub mod order;
pub mod posted;
pub mod preview;
mod question;
pub mod row;
mod rows;
pub mod satellite;
pub mod selection;
pub mod start;
pub mod status;
pub mod table;

use crate::language::{fill, said, t};
use crate::parts;
use crate::paths::at;
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::instances::Instance;
use types::jobs::{JobId, JobState};

pub use rows::{Row, Rows};

use crate::ApiError;
use crate::desk::Desk;
use crate::fetch::{self, Key, Subject, fetch};
use crate::live::{Live, OfflineBanner};
use crate::prepared::Prepared;
use crate::shell::{BottomNav, TopBar, name_page};
use crate::splitter::{Axis, Splitter};
use crate::telemetry::{MachinePane, provide_telemetry};
use crate::tools::{ToolsPane, provide_tools};
use crate::ui::{Clock, ErrorNote, Toasts};
use access::forwards::ForwardForms;
use commands::{Commands, VerbForms};
use edits::Edits;
use filter::Place;
use order::{Order, OrderAnnouncer};
use selection::Selection;
use table::{InstancesPane, SaveDock};

/// What the dashboard is rendered from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dashboard {
    /// The server's clock, Unix milliseconds.
    pub now: i64,
    /// Every instance in table order.
    #[cfg_attr(feature = "ssr", serde(serialize_with = "lean::serialize"))]
    pub instances: Vec<Instance>,
    /// The catalogue.
    pub blueprints: Vec<Offer>,
    /// Ports nobody holds, lowest first; only where the page offers them at once.
    pub free_ports: Option<Vec<u16>>,
}

/// What the dashboard says of a blueprint; the whole of it would weigh more than everything else on the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// File name with `.sh`.
    pub filename: String,
    /// What people call the app.
    pub name: String,
    /// For grouping.
    pub category: String,
    /// Name of an icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// One or two sentences; only while there is no instance, when the page has room for them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The catalogue, for everything on the page that offers or names a blueprint.
#[derive(Clone, Copy)]
pub struct Catalogue(pub StoredValue<Vec<Offer>>);

/// Every instance, with links as the asking browser sees them.
#[server(prefix = "/fn", endpoint = "list_instances", protocol = FormOrJson)]
pub(crate) async fn list_instances() -> Result<Vec<Instance>, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instances = expect_context::<engine::Engine>().instances.list().await?;
    Ok(instances
        .into_iter()
        .map(|instance| origin.link(instance))
        .collect())
}

/// Everything the dashboard needs, in one request. Looking for free ports costs a try to listen on each.
#[cfg(feature = "ssr")]
pub(crate) async fn load_dashboard(with_ports: bool) -> Result<Dashboard, ApiError> {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |passed| i64::try_from(passed.as_millis()).unwrap_or(i64::MAX));
    let engine = expect_context::<engine::Engine>();
    let free_ports = if with_ports {
        Some(engine.instances.available_ports().await?)
    } else {
        None
    };
    let instances = list_instances().await?;
    let blueprints = engine.blueprints.list().await?.into_iter();
    let blueprints = blueprints.map(|blueprint| Offer {
        filename: blueprint.filename,
        name: blueprint.name,
        category: blueprint.category,
        icon: blueprint.icon,
        description: if instances.is_empty() {
            blueprint.description
        } else {
            String::new()
        },
    });
    Ok(Dashboard {
        now,
        blueprints: blueprints.collect(),
        instances,
        free_ports,
    })
}

/// The dashboard.
#[component]
pub fn InstancesPage() -> impl IntoView {
    let edits = Edits::from_context();
    provide_context(edits);
    let place = Place::from_address();
    provide_context(place);
    Desk::provide();
    let unsaved = crate::ui::memo(move || edits.count() > 0);
    warn_before_leaving(unsaved);
    // Asked once: what opens later fetches its ports itself.
    let with_ports = untrack(|| place.offers_ports());
    let dashboard = fetch(move || {
        Some(Key {
            number: with_ports.then_some(1),
            ..Key::of(Subject::Dashboard)
        })
    });
    provide_tools();
    provide_telemetry();
    Prepared::provide();
    drawer::provide_details();
    fields::gpus::Gpus::provide(place);
    name_page("Instances");
    view! {
        <div class="app app--fixed" class:has-dock=unsaved>
            <TopBar />
            <OfflineBanner />
            {fetch::show(dashboard, ViewFn::default(), |answer| match answer.read::<Dashboard>() {
                Ok(dashboard) => view! { <Workbench dashboard /> },
                Err(error) => view! { <Unavailable error /> },
            })}
            <BottomNav />
        </div>
    }
}

/// The panes, with the state they share.
#[component]
fn Workbench(
    /// What the server knows.
    dashboard: Dashboard,
) -> impl IntoView {
    let rows = expect_context::<Rows>();
    let clock = expect_context::<Clock>();
    Live::get().seed(dashboard.instances);
    clock.begin(dashboard.now);
    clock.tick();
    if let Some(ports) = dashboard.free_ports {
        expect_context::<Edits>().offer(ports);
    }
    provide_context(Catalogue(StoredValue::new(dashboard.blueprints)));
    provide_context(Commands::from_context());
    provide_context(Selection::from_context());
    provide_context(Order::from_context());
    crate::telemetry::load::draw();
    let place = expect_context::<Place>();
    let refusal = move || place.refusal_elsewhere(rows);
    let welcome = crate::ui::memo(move || rows.is_empty() && place.text("new").is_none());
    view! {
        <VerbForms />
        <ForwardForms />
        {move || refusal().map(|text| view! { <ErrorNote text /> })}
        {move || {
            if welcome.get() {
                parts::welcome()
            } else {
                view! { <Panes /> }.into_any()
            }
        }}
        <SaveDock />
        {parts::drawer()}
        {parts::delete_dialog()}
        {parts::clone_dialog()}
        {parts::satellite_dialog()}
        {parts::blueprint_dialog()}
        {parts::recent_jobs()}
        {parts::takeover_dialog()}
        {parts::start_dialog()}
        {parts::save_preview()}
        {parts::desk()}
        <OrderAnnouncer />
        <FailedJobs />
    }
}

#[component]
fn Panes() -> impl IntoView {
    view! {
        <main class="workbench" id="main">
            <InstancesPane />
            <Splitter axis=Axis::Y label=t("Height of the instances pane") />
            <ToolsPane />
            <Splitter axis=Axis::X label=t("Width of the tools pane") />
            <MachinePane />
        </main>
    }
}

/// Says when long work failed since the page is here; what went well shows in the table.
#[component]
fn FailedJobs() -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let jobs = Live::get().jobs();
    let told = StoredValue::new(Vec::<JobId>::new());
    let since = untrack(|| expect_context::<Clock>().now());
    crate::ui::effect(move || {
        for job in jobs.get() {
            let is_news = job.state == JobState::Failed && job.ended_at > Some(since);
            if is_news && !told.with_value(|told| told.contains(&job.id)) {
                told.update_value(|told| told.push(job.id));
                toasts.warn(fill("{} failed. {}", &[&said(&job.title), &said(&job.message)]));
            }
        }
    });
}

/// Instead of the panes when the server cannot say what there is.
#[component]
fn Unavailable(
    /// Why.
    error: ApiError,
) -> impl IntoView {
    view! {
        <main class="page" id="main">
            <div class="empty">
                <h1 class="gate__title">{t("The instances cannot be shown")}</h1>
                <ErrorNote text=error.to_string() />
                <a class="button button--filled" href=at("/") rel="external">
                    {t("Try again")}
                </a>
            </div>
        </main>
    }
}

/// Lets the browser ask before a tab with unsaved edits is closed.
fn warn_before_leaving(unsaved: Memo<bool>) {
    crate::ui::effect(move || {
        if unsaved.get() {
            let handle = window_event_listener(leptos::ev::beforeunload, |event| event.prevent_default());
            on_cleanup(move || handle.remove());
        }
    });
}
