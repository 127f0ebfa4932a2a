//! Parts of the program that browsers load when they are first needed: what opens over the table, and other pages.
//!
//! # How it works
//! `wasm_split` marks a function whose code, and all that only it needs, becomes a file of its own
//! (`scripts/wasm.mjs` cuts them out). A `Part` says how it is loaded, how it is shown, and which addresses show it at
//! once. The server has all parts; before a browser takes over what the server rendered, [`load_for_this_page`] fetches
//! those that are on it already.
//!
//! A new part is a `#[wasm_split]` function, a `Part`, its line in `AT_ONCE`, and the function that shows it.

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

use crate::address::{Address, Page, Query};
use crate::desk::{Desk, DeskView};
use crate::instances::Row;
use crate::instances::access::takeover::TakeoverDialog;
use crate::instances::blueprint::BlueprintDialog;
use crate::instances::clone::CloneDialog;
use crate::instances::delete::DeleteDialog;
use crate::instances::drawer::Drawer;
use crate::instances::empty::Welcome;
use crate::instances::new_row::{NewInstanceForm, NewRow};
use crate::instances::preview::SavePreview;
use crate::instances::satellite::SatelliteDialog;
use crate::instances::selection::{BulkBar, Selection};
use crate::instances::start::StartDialog;
use crate::jobs::recent::RecentJobs;
use crate::language::t;
use crate::logs::{Log, LogSearch};
use crate::tools::Tool;
use crate::tools::embedded::{Embedded, EmbeddedButtons};
use crate::tools::environment::EnvironmentTool;
use crate::tools::script::{self, ScriptTool};
use crate::tools::terminal::TerminalTool;
use crate::tools::welcome::WelcomeTool;
use crate::tools::wheels::WheelsTool;
use crate::ui::Toasts;
use crate::{accounts, alerts, blueprints, instances, logs, monitoring, trash, view};

type Loading = Pin<Box<dyn Future<Output = Result<(), SplitLoaderError>>>>;
type Rendering = Pin<Box<dyn Future<Output = Result<AnyView, SplitLoaderError>>>>;

/// Loads a part.
type Load = fn() -> Loading;

/// Code that is loaded when it is first needed. `A` is what its view is made from.
struct Part<A: 'static = ()> {
    at: At,
    load: Load,
    view: fn(A) -> Rendering,
}

/// Where a part is on the page from the beginning.
#[derive(Clone, Copy)]
enum At {
    /// On a page of its own.
    Page(fn(Page) -> bool),
    /// Over the dashboard, while its address has a key.
    Key(&'static str),
    /// In the tools pane.
    Tool(Tool),
    /// Where only the server knew: it left an element with this id.
    Element(&'static str),
    /// Nowhere: somebody has to do something first.
    Never,
}

impl At {
    fn is_here(self, page: Page, query: &Query) -> bool {
        match self {
            Self::Page(is_it) => is_it(page),
            _ if page != Page::Instances => false,
            Self::Key(key) => query.text(key).is_some(),
            Self::Tool(tool) => Tool::of(query.text("tool")) == tool,
            Self::Element(id) => document().get_element_by_id(id).is_some(),
            Self::Never => false,
        }
    }
}

/// Every part that a page may begin with.
const AT_ONCE: &[(At, Load)] = &[
    BLUEPRINTS.loading(),
    LOGIN.loading(),
    SETUP.loading(),
    LOG_PAGE.loading(),
    DRAWER.loading(),
    DELETE.loading(),
    CLONE.loading(),
    SATELLITE.loading(),
    BLUEPRINT.loading(),
    RECENT_JOBS.loading(),
    TRASH.loading(),
    MONITORING.loading(),
    TAKEOVER.loading(),
    START.loading(),
    ALERTS.loading(),
    NEW_ROW.loading(),
    NEW_FORM.loading(),
    WELCOME.loading(),
    WELCOME_TOOL.loading(),
    EMBEDDED.loading(),
    EMBEDDED_BUTTONS.loading(),
    TERMINAL.loading(),
    ENVIRONMENT.loading(),
    WHEELS.loading(),
    SCRIPT.loading(),
    SCRIPT_PAGE.loading(),
];

/// Fetches the parts that the page shows already. Without them it has to stay as the server made it.
pub async fn load_for_this_page() -> Result<(), SplitLoaderError> {
    let (page, query) = crate::address::present();
    for (at, load) in AT_ONCE {
        // Those of one page are mostly in one file, so there is little to be won by asking for all at a time.
        if at.is_here(page, &query) {
            load().await?;
        }
    }
    Ok(())
}

#[wasm_split(gate, preload(load_login), fallible)]
fn login_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <accounts::LoginPage /> })
}

const LOGIN: Part = Part {
    at: At::Page(|page| page == Page::Login),
    load: || Box::pin(load_login()),
    view: |()| Box::pin(login_part()),
};

/// The page that asks for the password.
pub(crate) fn login() -> AnyView {
    LOGIN.show(())
}

#[wasm_split(gate, preload(load_setup), fallible)]
fn setup_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <accounts::SetupPage /> })
}

const SETUP: Part = Part {
    at: At::Page(|page| page == Page::Setup),
    load: || Box::pin(load_setup()),
    view: |()| Box::pin(setup_part()),
};

/// The page that asks for the first password.
pub(crate) fn setup() -> AnyView {
    SETUP.show(())
}

#[wasm_split(blueprints, preload(load_blueprints), fallible)]
fn blueprints_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <blueprints::BlueprintsPage /> })
}

const BLUEPRINTS: Part = Part {
    at: At::Page(|page| page == Page::Blueprints),
    load: || Box::pin(load_blueprints()),
    view: |()| Box::pin(blueprints_part()),
};

/// The manager of blueprints.
pub(crate) fn blueprints() -> AnyView {
    BLUEPRINTS.show(())
}

#[wasm_split(logs, preload(load_log_page), fallible)]
fn log_page_part(instance: InstanceId) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <logs::LogsPage instance /> })
}

const LOG_PAGE: Part<InstanceId> = Part {
    at: At::Page(|page| matches!(page, Page::Logs(_))),
    load: || Box::pin(load_log_page()),
    view: |instance| Box::pin(log_page_part(instance)),
};

/// The log of one instance as a page.
pub(crate) fn log_page(instance: InstanceId) -> AnyView {
    LOG_PAGE.show(instance)
}

#[wasm_split(dialogs, preload(load_drawer), fallible)]
fn drawer_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Drawer /> })
}

const DRAWER: Part = Part {
    at: At::Key("open"),
    load: || Box::pin(load_drawer()),
    view: |()| Box::pin(drawer_part()),
};

/// Everything about one instance: `?open=<id>`.
pub(crate) fn drawer() -> AnyView {
    DRAWER.show_by_key()
}

#[wasm_split(dialogs, preload(load_delete), fallible)]
fn delete_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <DeleteDialog /> })
}

const DELETE: Part = Part {
    at: At::Key("delete"),
    load: || Box::pin(load_delete()),
    view: |()| Box::pin(delete_part()),
};

/// Asks before an instance is deleted: `?delete=<id>`.
pub(crate) fn delete_dialog() -> AnyView {
    DELETE.show_by_key()
}

#[wasm_split(dialogs, preload(load_clone), fallible)]
fn clone_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <CloneDialog /> })
}

const CLONE: Part = Part {
    at: At::Key("clone"),
    load: || Box::pin(load_clone()),
    view: |()| Box::pin(clone_part()),
};

/// Asks before an instance is cloned: `?clone=<id>`.
pub(crate) fn clone_dialog() -> AnyView {
    CLONE.show_by_key()
}

#[wasm_split(dialogs, preload(load_satellite), fallible)]
fn satellite_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <SatelliteDialog /> })
}

const SATELLITE: Part = Part {
    at: At::Key("satellite"),
    load: || Box::pin(load_satellite()),
    view: |()| Box::pin(satellite_part()),
};

/// Asks what a new satellite is called: `?satellite=<id>`.
pub(crate) fn satellite_dialog() -> AnyView {
    SATELLITE.show_by_key()
}

#[wasm_split(dialogs, preload(load_blueprint), fallible)]
fn blueprint_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <BlueprintDialog /> })
}

const BLUEPRINT: Part = Part {
    at: At::Key("blueprint"),
    load: || Box::pin(load_blueprint()),
    view: |()| Box::pin(blueprint_part()),
};

/// Asks what a blueprint made from an instance is called: `?blueprint=<id>`.
pub(crate) fn blueprint_dialog() -> AnyView {
    BLUEPRINT.show_by_key()
}

#[wasm_split(environment, preload(load_recent_jobs), fallible)]
fn recent_jobs_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <RecentJobs /> })
}

const RECENT_JOBS: Part = Part {
    at: At::Key("jobs"),
    load: || Box::pin(load_recent_jobs()),
    view: |()| Box::pin(recent_jobs_part()),
};

/// What is under way and what ended lately: `?jobs=1`.
pub(crate) fn recent_jobs() -> AnyView {
    RECENT_JOBS.show_by_key()
}

#[wasm_split(trash, preload(load_trash), fallible)]
fn trash_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <trash::TrashPage /> })
}

const TRASH: Part = Part {
    at: At::Page(|page| page == Page::Trash),
    load: || Box::pin(load_trash()),
    view: |()| Box::pin(trash_part()),
};

/// Deleted instances.
pub(crate) fn trash() -> AnyView {
    TRASH.show(())
}

#[wasm_split(monitoring, preload(load_monitoring), fallible)]
fn monitoring_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <monitoring::MonitoringPage /> })
}

const MONITORING: Part = Part {
    at: At::Page(|page| page == Page::Monitoring),
    load: || Box::pin(load_monitoring()),
    view: |()| Box::pin(monitoring_part()),
};

/// What the whole machine does.
pub(crate) fn monitoring() -> AnyView {
    MONITORING.show(())
}

#[wasm_split(dialogs, preload(load_takeover), fallible)]
fn takeover_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <TakeoverDialog /> })
}

const TAKEOVER: Part = Part {
    at: At::Key("takeover"),
    load: || Box::pin(load_takeover()),
    view: |()| Box::pin(takeover_part()),
};

/// Asks before a port changes its tenant: `?takeover=<id>`.
pub(crate) fn takeover_dialog() -> AnyView {
    TAKEOVER.show_by_key()
}

#[wasm_split(dialogs, preload(load_start), fallible)]
fn start_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <StartDialog /> })
}

const START: Part = Part {
    at: At::Key("start"),
    load: || Box::pin(load_start()),
    view: |()| Box::pin(start_part()),
};

/// Asks before an instance starts that would not find enough GPU memory: `?start=<id>`.
pub(crate) fn start_dialog() -> AnyView {
    START.show_by_key()
}

#[wasm_split(alerts, preload(load_alerts), fallible)]
fn alerts_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <alerts::AlertsPage /> })
}

const ALERTS: Part = Part {
    at: At::Page(|page| page == Page::Alerts),
    load: || Box::pin(load_alerts()),
    view: |()| Box::pin(alerts_part()),
};

/// What rules found, the rules, and who is told.
pub(crate) fn alerts() -> AnyView {
    ALERTS.show(())
}

#[wasm_split(dialogs, preload(load_preview), fallible)]
fn preview_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <SavePreview /> })
}

const PREVIEW: Part = Part {
    at: At::Never,
    load: || Box::pin(load_preview()),
    view: |()| Box::pin(preview_part()),
};

/// Shows what saving would do.
pub(crate) fn save_preview() -> AnyView {
    let edits = expect_context::<instances::edits::Edits>();
    PREVIEW.show_when(move || edits.pending().is_some(), ())
}

#[wasm_split(desk, preload(load_desk), fallible)]
fn desk_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <DeskView /> })
}

const DESK: Part = Part {
    at: At::Never,
    load: || Box::pin(load_desk()),
    view: |()| Box::pin(desk_part()),
};

/// What answers keys, right clicks, and the wish to find something; loaded once somebody is there.
pub(crate) fn desk() -> AnyView {
    let desk = expect_context::<Desk>();
    DESK.show_when(move || desk.is_used(), ())
}

/// What was wrong with the last try to create an instance.
type Problem = RwSignal<Option<String>>;

#[wasm_split(new, preload(load_new_row), fallible)]
fn new_row_part(problem: Problem) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <NewRow problem /> })
}

const NEW_ROW: Part<Problem> = Part {
    at: At::Key("new"),
    load: || Box::pin(load_new_row()),
    view: |problem| Box::pin(new_row_part(problem)),
};

/// The inline row of a new instance.
pub(crate) fn new_row(problem: Problem) -> AnyView {
    NEW_ROW.show(problem)
}

#[wasm_split(new, preload(load_new_form), fallible)]
fn new_form_part(problem: Problem) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <NewInstanceForm problem /> })
}

const NEW_FORM: Part<Problem> = Part {
    at: At::Key("new"),
    load: || Box::pin(load_new_form()),
    view: |problem| Box::pin(new_form_part(problem)),
};

/// Its form, which stands outside of the table.
pub(crate) fn new_form(problem: Problem) -> AnyView {
    NEW_FORM.show(problem)
}

#[wasm_split(dialogs, preload(load_bulk_bar), fallible)]
fn bulk_bar_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <BulkBar /> })
}

const BULK_BAR: Part = Part {
    at: At::Never,
    load: || Box::pin(load_bulk_bar()),
    view: |()| Box::pin(bulk_bar_part()),
};

/// What can be done with all ticked rows.
pub(crate) fn bulk_bar() -> AnyView {
    let selection = expect_context::<Selection>();
    BULK_BAR.show_when(move || !selection.is_empty(), ())
}

#[wasm_split(logs, preload(load_log_search), fallible)]
fn log_search_part(log: Log) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <LogSearch log /> })
}

const LOG_SEARCH: Part<Log> = Part {
    at: At::Never,
    load: || Box::pin(load_log_search()),
    view: |log| Box::pin(log_search_part(log)),
};

/// The search within a log.
pub(crate) fn log_search(log: Log) -> AnyView {
    LOG_SEARCH.show(log)
}

#[wasm_split(welcome, preload(load_welcome), fallible)]
fn welcome_part() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Welcome /> })
}

const WELCOME: Part = Part {
    at: At::Element("welcome"),
    load: || Box::pin(load_welcome()),
    view: |()| Box::pin(welcome_part()),
};

/// Instead of the panes while there is no instance.
pub(crate) fn welcome() -> AnyView {
    WELCOME.show(())
}

/// Whose tool it is, and whether it is looked at.
type Tooling = (Row, Memo<bool>);

#[wasm_split(embedded, preload(load_embedded), fallible)]
fn embedded_part((row, shown): Tooling) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Embedded row shown /> })
}

const EMBEDDED: Part<Tooling> = Part {
    at: At::Tool(Tool::View),
    load: || Box::pin(load_embedded()),
    view: |tooling| Box::pin(embedded_part(tooling)),
};

#[wasm_split(embedded, preload(load_embedded_buttons), fallible)]
fn embedded_buttons_part(row: Row) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <EmbeddedButtons row /> })
}

const EMBEDDED_BUTTONS: Part<Row> = Part {
    at: At::Tool(Tool::View),
    load: || Box::pin(load_embedded_buttons()),
    view: |row| Box::pin(embedded_buttons_part(row)),
};

#[wasm_split(environment, preload(load_environment), fallible)]
fn environment_part((row, shown): Tooling) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <EnvironmentTool row shown /> })
}

const ENVIRONMENT: Part<Tooling> = Part {
    at: At::Tool(Tool::Environment),
    load: || Box::pin(load_environment()),
    view: |tooling| Box::pin(environment_part(tooling)),
};

#[wasm_split(environment, preload(load_wheels), fallible)]
fn wheels_part((row, shown): Tooling) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <WheelsTool row shown /> })
}

const WHEELS: Part<Tooling> = Part {
    at: At::Tool(Tool::Wheels),
    load: || Box::pin(load_wheels()),
    view: |tooling| Box::pin(wheels_part(tooling)),
};

#[wasm_split(script, preload(load_script), fallible)]
fn script_part((row, shown): Tooling) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <ScriptTool row shown /> })
}

const SCRIPT: Part<Tooling> = Part {
    at: At::Tool(Tool::Script),
    load: || Box::pin(load_script()),
    view: |tooling| Box::pin(script_part(tooling)),
};

#[wasm_split(script, preload(load_script_page), fallible)]
fn script_page_part(instance: InstanceId) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <script::page::ScriptPage instance /> })
}

const SCRIPT_PAGE: Part<InstanceId> = Part {
    at: At::Page(|page| matches!(page, Page::Script(_))),
    load: || Box::pin(load_script_page()),
    view: |instance| Box::pin(script_page_part(instance)),
};

/// The files of one instance as a page.
pub(crate) fn script_page(instance: InstanceId) -> AnyView {
    SCRIPT_PAGE.show(instance)
}

#[wasm_split(terminal, preload(load_terminal), fallible)]
fn terminal_part((row, shown): Tooling) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <TerminalTool row shown /> })
}

const TERMINAL: Part<Tooling> = Part {
    at: At::Tool(Tool::Terminal),
    load: || Box::pin(load_terminal()),
    view: |tooling| Box::pin(terminal_part(tooling)),
};

#[wasm_split(welcome, preload(load_welcome_tool), fallible)]
fn welcome_tool_part((row, shown): Tooling) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <WelcomeTool row shown /> })
}

const WELCOME_TOOL: Part<Tooling> = Part {
    at: At::Tool(Tool::Welcome),
    load: || Box::pin(load_welcome_tool()),
    view: |tooling| Box::pin(welcome_tool_part(tooling)),
};

/// A tool for one instance, from the moment it was shown first. The log is no part: every pane begins with it.
pub(crate) fn tool(tool: Tool, row: Row, shown: Memo<bool>) -> AnyView {
    let part = match tool {
        Tool::Logs => return ().into_any(),
        Tool::View => EMBEDDED,
        Tool::Terminal => TERMINAL,
        Tool::Environment => ENVIRONMENT,
        Tool::Wheels => WHEELS,
        Tool::Script => SCRIPT,
        Tool::Welcome => WELCOME_TOOL,
    };
    part.show_when(move || shown.get(), (row, shown))
}

/// What can be done with a tool, at the head of the pane; many tools have this in their own view.
pub(crate) fn tool_buttons(tool: Tool, row: Row) -> AnyView {
    match tool {
        Tool::View => EMBEDDED_BUTTONS.show(row),
        _ => ().into_any(),
    }
}

impl<A> Part<A> {
    /// Where it is from the beginning, and how it is loaded.
    const fn loading(&self) -> (At, Load) {
        (self.at, self.load)
    }
}

impl<A: Copy + Send + Sync> Part<A> {
    /// Its view, now.
    fn show(self, with: A) -> AnyView {
        self.show_when(|| true, with)
    }

    /// Its view from the moment it was first needed; before that, nothing.
    fn show_when(self, needed: impl Fn() -> bool + Send + Sync + 'static, with: A) -> AnyView {
        let view = self.view;
        show(Box::new(needed), self.load, Box::new(move || view(with)))
    }
}

impl Part {
    /// Its view from the moment the address first had its key.
    fn show_by_key(self) -> AnyView {
        let address = Address::get();
        let At::Key(key) = self.at else {
            return ().into_any();
        };
        self.show_when(move || address.text(key).is_some(), ())
    }
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
                    t("This could not be loaded. Load the page again: the panel may have been updated.")
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
