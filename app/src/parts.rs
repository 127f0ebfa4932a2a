//! Parts of the program that browsers load when they are first needed: what opens over the table, and other pages.
//!
//! # How it works
//! `wasm_split` marks a function whose code, and all that only it needs, becomes a file of its own
//! (`scripts/wasm.mjs` cuts them out). A `Part` says how it is loaded, how it is shown, and which addresses show it at
//! once. The server has all parts; before a browser takes over what the server rendered, [`load_for_this_page`] fetches
//! those that are on it already.
//!
//! A new part is a `part!`, its line in `AT_ONCE`, and the function that shows it.

#![cfg_attr(
    not(feature = "ssr"),
    expect(
        clippy::unnecessary_wraps,
        reason = "the macro wants to add that loading failed"
    )
)]

mod loading;

use leptos::prelude::*;
use types::instances::InstanceId;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::address::Page;
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
use crate::logs::{Log, LogSearch};
use crate::tools::Tool;
use crate::tools::embedded::{Embedded, EmbeddedButtons};
use crate::tools::environment::EnvironmentTool;
use crate::tools::script::{self, ScriptTool};
use crate::tools::terminal::TerminalTool;
use crate::tools::welcome::WelcomeTool;
use crate::tools::wheels::WheelsTool;
use crate::{accounts, alerts, blueprints, instances, logs, monitoring, trash, view};
use loading::{At, Load, Part, part};

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
    #[cfg(not(feature = "ssr"))]
    if crate::language::is_foreign() {
        load_said().await?;
    }
    for (at, load) in AT_ONCE {
        // Those of one page are mostly in one file, so there is little to be won by asking for all at a time.
        if at.is_here(page, &query) {
            load().await?;
        }
    }
    Ok(())
}

#[cfg(not(feature = "ssr"))]
#[wasm_split(language, preload(load_said), fallible)]
fn said_part(english: String) -> Result<String, SplitLoaderError> {
    Ok(crate::language::translated(&english))
}

/// A sentence of the server in the language of the page.
#[cfg(not(feature = "ssr"))]
pub(crate) fn said(english: &str) -> String {
    use futures_util::FutureExt as _;
    let said = said_part(english.to_owned()).now_or_never();
    said.and_then(Result::ok).unwrap_or_else(|| english.to_owned())
}

part! {
    LOGIN of gate: At::Page(|page| page == Page::Login), load_login, login_part() =>
        view! { <accounts::LoginPage /> }
}

/// The page that asks for the password.
pub(crate) fn login() -> AnyView {
    LOGIN.show(())
}

part! {
    SETUP of gate: At::Page(|page| page == Page::Setup), load_setup, setup_part() =>
        view! { <accounts::SetupPage /> }
}

/// The page that asks for the first password.
pub(crate) fn setup() -> AnyView {
    SETUP.show(())
}

part! {
    BLUEPRINTS of blueprints: At::Page(|page| page == Page::Blueprints), load_blueprints, blueprints_part() =>
        view! { <blueprints::BlueprintsPage /> }
}

/// The manager of blueprints.
pub(crate) fn blueprints() -> AnyView {
    BLUEPRINTS.show(())
}

part! {
    LOG_PAGE of logs: At::Page(|page| matches!(page, Page::Logs(_))), load_log_page, log_page_part(instance: InstanceId) =>
        view! { <logs::LogsPage instance /> }
}

/// The log of one instance as a page.
pub(crate) fn log_page(instance: InstanceId) -> AnyView {
    LOG_PAGE.show(instance)
}

part! { DRAWER of dialogs: At::Key("open"), load_drawer, drawer_part() => view! { <Drawer /> } }

/// Everything about one instance: `?open=<id>`.
pub(crate) fn drawer() -> AnyView {
    DRAWER.show_by_key()
}

part! { DELETE of dialogs: At::Key("delete"), load_delete, delete_part() => view! { <DeleteDialog /> } }

/// Asks before an instance is deleted: `?delete=<id>`.
pub(crate) fn delete_dialog() -> AnyView {
    DELETE.show_by_key()
}

part! { CLONE of dialogs: At::Key("clone"), load_clone, clone_part() => view! { <CloneDialog /> } }

/// Asks before an instance is cloned: `?clone=<id>`.
pub(crate) fn clone_dialog() -> AnyView {
    CLONE.show_by_key()
}

part! {
    SATELLITE of dialogs: At::Key("satellite"), load_satellite, satellite_part() =>
        view! { <SatelliteDialog /> }
}

/// Asks what a new satellite is called: `?satellite=<id>`.
pub(crate) fn satellite_dialog() -> AnyView {
    SATELLITE.show_by_key()
}

part! {
    BLUEPRINT of dialogs: At::Key("blueprint"), load_blueprint, blueprint_part() =>
        view! { <BlueprintDialog /> }
}

/// Asks what a blueprint made from an instance is called: `?blueprint=<id>`.
pub(crate) fn blueprint_dialog() -> AnyView {
    BLUEPRINT.show_by_key()
}

part! {
    RECENT_JOBS of environment: At::Key("jobs"), load_recent_jobs, recent_jobs_part() =>
        view! { <RecentJobs /> }
}

/// What is under way and what ended lately: `?jobs=1`.
pub(crate) fn recent_jobs() -> AnyView {
    RECENT_JOBS.show_by_key()
}

part! {
    TRASH of trash: At::Page(|page| page == Page::Trash), load_trash, trash_part() =>
        view! { <trash::TrashPage /> }
}

/// Deleted instances.
pub(crate) fn trash() -> AnyView {
    TRASH.show(())
}

part! {
    MONITORING of monitoring: At::Page(|page| page == Page::Monitoring), load_monitoring, monitoring_part() =>
        view! { <monitoring::MonitoringPage /> }
}

/// What the whole machine does.
pub(crate) fn monitoring() -> AnyView {
    MONITORING.show(())
}

part! { TAKEOVER of dialogs: At::Key("takeover"), load_takeover, takeover_part() => view! { <TakeoverDialog /> } }

/// Asks before a port changes its tenant: `?takeover=<id>`.
pub(crate) fn takeover_dialog() -> AnyView {
    TAKEOVER.show_by_key()
}

part! { START of dialogs: At::Key("start"), load_start, start_part() => view! { <StartDialog /> } }

/// Asks before an instance starts that would not find enough GPU memory: `?start=<id>`.
pub(crate) fn start_dialog() -> AnyView {
    START.show_by_key()
}

part! {
    ALERTS of alerts: At::Page(|page| page == Page::Alerts), load_alerts, alerts_part() =>
        view! { <alerts::AlertsPage /> }
}

/// What rules found, the rules, and who is told.
pub(crate) fn alerts() -> AnyView {
    ALERTS.show(())
}

part! { PREVIEW of dialogs: At::Never, load_preview, preview_part() => view! { <SavePreview /> } }

/// Shows what saving would do.
pub(crate) fn save_preview() -> AnyView {
    let edits = expect_context::<instances::edits::Edits>();
    PREVIEW.show_when(move || edits.pending().is_some(), ())
}

part! { DESK of desk: At::Never, load_desk, desk_part() => view! { <DeskView /> } }

/// What answers keys, right clicks, and the wish to find something; loaded once somebody is there.
pub(crate) fn desk() -> AnyView {
    let desk = expect_context::<Desk>();
    DESK.show_when(move || desk.is_used(), ())
}

/// What was wrong with the last try to create an instance.
type Problem = RwSignal<Option<String>>;

part! {
    NEW_ROW of new: At::Key("new"), load_new_row, new_row_part(problem: Problem) =>
        view! { <NewRow problem /> }
}

/// The inline row of a new instance.
pub(crate) fn new_row(problem: Problem) -> AnyView {
    NEW_ROW.show(problem)
}

part! {
    NEW_FORM of new: At::Key("new"), load_new_form, new_form_part(problem: Problem) =>
        view! { <NewInstanceForm problem /> }
}

/// Its form, which stands outside of the table.
pub(crate) fn new_form(problem: Problem) -> AnyView {
    NEW_FORM.show(problem)
}

part! { BULK_BAR of dialogs: At::Never, load_bulk_bar, bulk_bar_part() => view! { <BulkBar /> } }

/// What can be done with all ticked rows.
pub(crate) fn bulk_bar() -> AnyView {
    let selection = expect_context::<Selection>();
    BULK_BAR.show_when(move || !selection.is_empty(), ())
}

part! { LOG_SEARCH of logs: At::Never, load_log_search, log_search_part(log: Log) => view! { <LogSearch log /> } }

/// The search within a log.
pub(crate) fn log_search(log: Log) -> AnyView {
    LOG_SEARCH.show(log)
}

part! { WELCOME of welcome: At::Element("welcome"), load_welcome, welcome_part() => view! { <Welcome /> } }

/// Instead of the panes while there is no instance.
pub(crate) fn welcome() -> AnyView {
    WELCOME.show(())
}

/// Whose tool it is, and whether it is looked at.
type Tooling = (Row, Memo<bool>);

part! {
    EMBEDDED of embedded: At::Tool(Tool::View), load_embedded, embedded_part((row, shown): Tooling) =>
        view! { <Embedded row shown /> }
}

part! {
    EMBEDDED_BUTTONS of embedded: At::Tool(Tool::View), load_embedded_buttons, embedded_buttons_part(row: Row) =>
        view! { <EmbeddedButtons row /> }
}

part! {
    ENVIRONMENT of environment: At::Tool(Tool::Environment), load_environment, environment_part((row, shown): Tooling) =>
        view! { <EnvironmentTool row shown /> }
}

part! {
    WHEELS of environment: At::Tool(Tool::Wheels), load_wheels, wheels_part((row, shown): Tooling) =>
        view! { <WheelsTool row shown /> }
}

part! {
    SCRIPT of script: At::Tool(Tool::Script), load_script, script_part((row, shown): Tooling) =>
        view! { <ScriptTool row shown /> }
}

part! {
    SCRIPT_PAGE of script: At::Page(|page| matches!(page, Page::Script(_))), load_script_page, script_page_part(instance: InstanceId) =>
        view! { <script::page::ScriptPage instance /> }
}

/// The files of one instance as a page.
pub(crate) fn script_page(instance: InstanceId) -> AnyView {
    SCRIPT_PAGE.show(instance)
}

part! {
    TERMINAL of terminal: At::Tool(Tool::Terminal), load_terminal, terminal_part((row, shown): Tooling) =>
        view! { <TerminalTool row shown /> }
}

part! {
    WELCOME_TOOL of welcome: At::Tool(Tool::Welcome), load_welcome_tool, welcome_tool_part((row, shown): Tooling) =>
        view! { <WelcomeTool row shown /> }
}

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
