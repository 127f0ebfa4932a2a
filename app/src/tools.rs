//! The tools pane of the dashboard: what can be seen and done of one instance.
//!
//! A new tool is a variant of [`Tool`], a module below, and a part (`parts.rs`) that shows it. What it is rendered
//! from is fetched outside of everything that waits (see [`provide_tools`]), as a `Subject` of its own.

pub mod embedded;
pub mod environment;
pub mod script;
pub mod terminal;
pub mod welcome;
pub mod wheels;

use crate::address::{Address, History, run_of};
use crate::desk::ZoomButton;
use crate::fetch::{self, Fetched, Key, Subject, fetch};
use crate::instances::Rows;
use crate::language::{fill, t};
use crate::parts;
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::instances::InstanceId;
use types::logs::Run;

use crate::logs::{self, Log, LogButtons, LogLines, LogProgress, OpenedLog};
use crate::logs::{EmptyLog, Reload, live_row, live_runs};
use crate::ui::{Clock, ErrorNote, Icon, SelectBox};
use embedded::Frame;

/// What the pane can show. `?log=<instance>&tool=<key>` is the address of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// What it prints.
    #[default]
    Logs,
    /// Its app.
    View,
    /// Shells.
    Terminal,
    /// Its Python environment.
    Environment,
    /// Compiled packages for it.
    Wheels,
    /// Its files.
    Script,
    /// Where to begin.
    Welcome,
}

impl Tool {
    /// In the order of their tabs.
    pub const EVERY: [Self; 7] = [
        Self::Logs,
        Self::View,
        Self::Terminal,
        Self::Script,
        Self::Environment,
        Self::Wheels,
        Self::Welcome,
    ];

    /// In the address; the log needs none.
    pub fn key(self) -> &'static str {
        match self {
            Self::Logs => "",
            Self::View => "view",
            Self::Terminal => "terminal",
            Self::Environment => "environment",
            Self::Wheels => "wheels",
            Self::Script => "script",
            Self::Welcome => "welcome",
        }
    }

    /// On its tab and in the menu of a row.
    pub fn word(self) -> &'static str {
        match self {
            Self::Logs => t("Logs"),
            Self::View => t("View"),
            Self::Terminal => t("Terminal"),
            Self::Environment => t("Environment"),
            Self::Wheels => t("Wheels"),
            Self::Script => t("Script"),
            Self::Welcome => t("Welcome"),
        }
    }

    /// Before its word.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::View => "view",
            Self::Terminal => "b-terminal",
            Self::Environment => "layers",
            Self::Wheels => "grid",
            Self::Script => "edit",
            Self::Welcome => "info",
        }
    }

    /// The tool of an address.
    pub fn of(key: Option<&str>) -> Self {
        let mut every = Self::EVERY.into_iter();
        every.find(|tool| Some(tool.key()) == key).unwrap_or_default()
    }

    /// Where it is for an instance.
    pub fn href(self, instance: InstanceId) -> String {
        match self.key() {
            "" => at(&format!("/?log={instance}")),
            key => at(&format!("/?log={instance}&tool={key}")),
        }
    }
}

/// What the pane shows: the run of the address, and its data.
#[derive(Clone, Copy)]
struct Chosen {
    wanted: Memo<(Option<InstanceId>, Option<u32>)>,
    opened: Fetched,
    /// What is shown although the address named none.
    unnamed: StoredValue<Option<InstanceId>>,
}

/// Fetches what [`ToolsPane`] shows. The page calls it outside of everything that waits: the server renders
/// what waits twice, so data fetched in there would be fetched twice, and the second may differ from what
/// the first rendered.
pub fn provide_tools() {
    let address = Address::get();
    let unnamed = StoredValue::new(None);
    // What is shown already need not be fetched once it is named: what is open in there stays open, and keeps the focus.
    let wanted = crate::ui::memo(move || {
        let named = address.number("log").map(InstanceId);
        let is_new = named != unnamed.get_value();
        if is_new && named.is_some() {
            unnamed.set_value(None);
        }
        (named.filter(|_| is_new), run_of(address))
    });
    let opened = fetch(move || {
        let (id, number) = wanted.get();
        Some(Key {
            id,
            number,
            ..Key::of(Subject::Log)
        })
    });
    provide_context(Chosen {
        wanted,
        opened,
        unnamed,
    });
}

/// Tools for one instance: its log, or itself. `?log=<id>&run=<number>&tool=view` choose what is shown.
#[component]
pub fn ToolsPane() -> impl IntoView {
    let Chosen {
        wanted,
        opened,
        unnamed,
    } = expect_context();
    view! {
        <section class="pane pane--left" id="tools" aria-label=t("Tools")>
            {fetch::show(opened, ViewFn::default(), move |answer| match answer.read::<OpenedLog>() {
                Ok(opened) => {
                    let (named, run) = wanted.get_untracked();
                    if named.is_none() {
                        unnamed.set_value(opened.instance.as_ref().map(|instance| instance.id));
                    }
                    view! { <Opened opened wanted=run /> }
                }
                Err(error) => view! {
                    <div class="pane__head pane__head--slim"><h2 class="pane__title">{t("Log")}</h2></div>
                    <div class="pane__body"><ErrorNote text=error.to_string() /></div>
                },
            })}
        </section>
    }
}

/// The pane once its data is there.
#[component]
fn Opened(
    /// What the server said.
    opened: OpenedLog,
    /// The run of the address; none = the newest.
    wanted: Option<u32>,
) -> impl IntoView {
    expect_context::<Clock>().begin(opened.now);
    let OpenedLog {
        instance,
        runs,
        chunk,
        choices,
        ..
    } = opened;
    let Some(instance) = instance else {
        follow_first_instance();
        return view! {
            <div class="pane__head pane__head--slim"><h2 class="pane__title">{t("Log")}</h2></div>
            <p class="log-empty">{t("What your instances print will stand here.")}</p>
        }
        .into_any();
    };
    let (id, label) = (instance.id, fill("Log of {}", &[&instance.name]));
    let row = live_row(instance);
    let log = Log::new(id, wanted, chunk);
    let runs = live_runs(row, runs);
    let address = Address::get();
    let chosen = move || Tool::of(address.text("tool").as_deref());
    let tool = crate::ui::memo(chosen);
    let is_log = crate::ui::memo(move || chosen() == Tool::Logs);
    provide_context(Frame::default());
    view! {
        <div class="pane__head pane__head--slim pane__head--tools">
            <Chooser choices runs id log />
            <h2 class="visually-hidden">{t("Tools")}</h2>
            <Tabs id tool />
            <Reload />
            <div class="pane__tools" class:is-scriptless=move || is_log.get() && !log.is_alive()>
                {move || {
                    if is_log.get() {
                        view! { <LogTools log id wanted /> }
                    } else {
                        parts::tool_buttons(tool.get(), row)
                    }
                }}
                <ZoomButton wish="zoom-tools" />
            </div>
        </div>
        // Each stays from the moment it was shown first, so that changing tools loses nothing.
        {Tool::EVERY
            .map(|each| {
                let shown = crate::ui::memo(move || chosen() == each);
                parts::tool(each, row, shown)
            })
            .collect_view()}
        <div class="tool" hidden=move || !is_log.get()>
            <LogLines log label />
            <EmptyLog log />
            <LogProgress log />
        </div>
    }
    .into_any()
}

/// Shows the log of the first instance there is, as soon as there is one.
fn follow_first_instance() {
    let (rows, address) = (expect_context::<Rows>(), Address::get());
    crate::ui::effect(move || {
        if let Some(first) = rows.get().first() {
            let query = address.query().with("log", Some(&first.id.to_string()));
            address.visit(&at(&format!("/{}", query.address())), History::Replace);
        }
    });
}

/// Chooses the tool.
#[component]
fn Tabs(
    /// Whose.
    id: InstanceId,
    /// The present one.
    tool: Memo<Tool>,
) -> impl IntoView {
    let tab = move |each: Tool| {
        view! {
            <a
                class="tabs__tab"
                href=each.href(id)
                data-noscroll
                aria-current=move || (tool.get() == each).then_some("page")
            >
                {each.word()}
            </a>
        }
    };
    view! {
        <nav class="tabs" aria-label=t("Tools")>
            {Tool::EVERY.map(tab).collect_view()}
        </nav>
    }
}

/// What can be done with the log.
#[component]
fn LogTools(
    /// The log.
    log: Log,
    /// Whose.
    id: InstanceId,
    /// The run of the address; none = the newest.
    wanted: Option<u32>,
) -> impl IntoView {
    let search_is_open = RwSignal::new(false);
    view! {
                <Show when=move || search_is_open.get()>
                    {parts::log_search(log)}
                </Show>
                <button
                    class="button button--icon button--sm"
                    class:is-on=move || search_is_open.get()
                    type="button"
                    data-search
                    aria-label=t("Search the log")
                    title=t("Search the log")
                    aria-expanded=move || search_is_open.get().to_string()
                    on:click=move |_| toggle_search(search_is_open, log)
                >
                    <Icon name="search" class="icon--sm" />
                </button>
                <LogButtons log instance=id small="button--sm" />
                <a
                    class="button button--icon button--sm"
                    href=logs::address(id, wanted)
                    aria-label=t("Open the log as a page")
                    title=t("Open the log as a page")
                >
                    <Icon name="open" class="icon--sm" />
                </a>
    }
}

fn toggle_search(is_open: RwSignal<bool>, log: Log) {
    is_open.update(|is_open| *is_open = !*is_open);
    if !is_open.get_untracked() {
        log.search("");
    }
}

/// Chooses instance and run: a plain form without scripts, at once with them.
#[component]
fn Chooser(
    /// Every instance.
    choices: Vec<(InstanceId, String)>,
    /// Runs of the present one, newest first.
    runs: RwSignal<Vec<Run>>,
    /// The present one.
    id: InstanceId,
    /// What is shown.
    log: Log,
) -> impl IntoView {
    let address = Address::get();
    let go = move |log: String, run: Option<String>| {
        let query = address
            .query()
            .with("log", Some(&log))
            .with("run", run.as_deref());
        address.visit(&at(&format!("/{}", query.address())), History::Replace);
    };
    view! {
        <form class="row log-chooser" method="get" action=at("/")>
            <SelectBox>
                <select
                    class="input"
                    name="log"
                    aria-label=t("Instance whose log is shown")
                    on:change=move |event| go(event_target_value(&event), None)
                >
                    {choices
                        .into_iter()
                        .map(|(choice, name)| {
                            view! {
                                <option value=choice.to_string() selected=choice == id>
                                    {name}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </SelectBox>
            <Show when=move || runs.with(|runs| !runs.is_empty())>
                <SelectBox>
                    <select
                        class="input"
                        name="run"
                        aria-label=t("Run")
                        on:change=move |event| go(id.to_string(), Some(event_target_value(&event)))
                    >
                        {move || run_options(&runs.get(), log.run.get())}
                    </select>
                </SelectBox>
            </Show>
            <noscript>
                <button class="button button--sm" type="submit">
                    {t("Show")}
                </button>
            </noscript>
        </form>
    }
}

/// The newest run has no number in the address: it is followed by the next one.
fn run_options(runs: &[Run], shown: u32) -> impl IntoView + use<> {
    let newest = runs.first().map(|run| run.number);
    runs.iter()
        .map(|run| {
            let value = if newest == Some(run.number) {
                String::new()
            } else {
                run.number.to_string()
            };
            view! {
                <option value=value selected=run.number == shown>
                    {logs::title(run)}
                </option>
            }
        })
        .collect_view()
}
