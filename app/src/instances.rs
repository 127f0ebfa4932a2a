//! The dashboard: the table of instances and what people do with it.

pub mod access;
pub mod actions;
pub mod commands;
pub mod delete;
pub mod draft;
pub mod drawer;
pub mod edits;
pub mod empty;
pub mod fields;
pub mod filter;
pub mod new_row;
pub mod order;
pub mod posted;
pub mod preview;
pub mod row;
mod rows;
pub mod selection;
pub mod status;
pub mod table;

use crate::parts;
use crate::paths::at;
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::blueprints::Blueprint;
use types::instances::Instance;
use types::jobs::{JobId, JobState};

pub use rows::{Row, Rows};

use crate::ApiError;
use crate::fetch::{self, fetch};
use crate::live::{Live, OfflineBanner};
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
    pub instances: Vec<Instance>,
    /// The catalogue.
    pub blueprints: Vec<Blueprint>,
    /// Ports nobody holds, lowest first; only where the page offers them at once.
    pub free_ports: Option<Vec<u16>>,
}

/// The catalogue, for everything on the page that offers or names a blueprint.
#[derive(Clone, Copy)]
pub struct Catalogue(pub StoredValue<Vec<Blueprint>>);

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
#[server(prefix = "/fn", endpoint = "load_dashboard", protocol = FormOrJson)]
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
    Ok(Dashboard {
        now,
        instances: list_instances().await?,
        blueprints: engine.blueprints.list().await?,
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
    let unsaved = crate::ui::memo(move || edits.count() > 0);
    warn_before_leaving(unsaved);
    // Asked once: what opens later fetches its ports itself.
    let with_ports = untrack(|| place.offers_ports());
    let dashboard = fetch(
        move || (None, Some(u32::from(with_ports))),
        |(_, ports)| Box::pin(async move { load_dashboard(ports == Some(1)).await.into() }),
    );
    provide_tools();
    provide_telemetry();
    delete::provide_deletion();
    drawer::provide_details();
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
        {parts::takeover_dialog()}
        {parts::save_preview()}
        <OrderAnnouncer />
        <FailedJobs />
    }
}

#[component]
fn Panes() -> impl IntoView {
    view! {
        <main class="workbench" id="main">
            <InstancesPane />
            <Splitter axis=Axis::Y label="Height of the instances pane" />
            <ToolsPane />
            <Splitter axis=Axis::X label="Width of the tools pane" />
            <MachinePane />
        </main>
    }
}

/// Says when long work failed; what went well shows in the table.
#[component]
fn FailedJobs() -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let jobs = Live::get().jobs();
    let told = StoredValue::new(Vec::<JobId>::new());
    crate::ui::effect(move || {
        for job in jobs.get() {
            if job.state == JobState::Failed && !told.with_value(|told| told.contains(&job.id)) {
                told.update_value(|told| told.push(job.id));
                toasts.warn(format!("{} failed. {}", job.title, job.message));
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
                <h1 class="gate__title">"The instances cannot be shown"</h1>
                <ErrorNote text=error.to_string() />
                <a class="button button--filled" href=at("/") rel="external">
                    "Try again"
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
