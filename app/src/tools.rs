//! The tools pane of the dashboard: the log of one instance, or its app.

pub mod embedded;

use crate::address::{Address, History, run_of};
use crate::fetch::{self, Fetched, fetch};
use crate::parts;
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::instances::InstanceId;
use types::logs::Run;

use crate::logs::{self, Log, LogButtons, LogLines, LogProgress, OpenedLog, open_log};
use crate::logs::{EmptyLog, Reload, live_row, live_runs};
use crate::ui::{Clock, ErrorNote, Icon, SelectBox};

/// Bytes of the log the pane is rendered with.
const TAIL_BYTES: u64 = 64 << 10;

/// What the pane shows: the run of the address, and its data.
#[derive(Clone, Copy)]
struct Chosen {
    wanted: Memo<(Option<InstanceId>, Option<u32>)>,
    opened: Fetched,
}

/// Fetches what [`ToolsPane`] shows. The page calls it outside of everything that waits: the server renders
/// what waits twice, so data fetched in there would be fetched twice, and the second may differ from what
/// the first rendered.
pub fn provide_tools() {
    let address = Address::get();
    let wanted = crate::ui::memo(move || (address.number("log").map(InstanceId), run_of(address)));
    let opened = fetch(
        move || wanted.get(),
        |(id, run)| Box::pin(async move { open_log(id, run, TAIL_BYTES).await.into() }),
    );
    provide_context(Chosen { wanted, opened });
}

/// Tools for one instance: its log, or itself. `?log=<id>&run=<number>&tool=view` choose what is shown.
#[component]
pub fn ToolsPane() -> impl IntoView {
    let Chosen { wanted, opened } = expect_context();
    view! {
        <section class="pane pane--left" id="tools" aria-label="Tools">
            {fetch::show(opened, ViewFn::default(), move |answer| match answer.read::<OpenedLog>() {
                Ok(opened) => view! { <Opened opened wanted=wanted.get_untracked().1 /> },
                Err(error) => view! {
                    <div class="pane__head pane__head--slim"><h2 class="pane__title">"Log"</h2></div>
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
        return view! {
            <div class="pane__head pane__head--slim"><h2 class="pane__title">"Log"</h2></div>
            <p class="log-empty">"What your instances print will stand here."</p>
        }
        .into_any();
    };
    let (id, label) = (instance.id, format!("Log of {}", instance.name));
    let row = live_row(instance);
    let log = Log::new(id, wanted, chunk);
    let runs = live_runs(row, runs);
    let address = Address::get();
    let embeds = crate::ui::memo(move || address.says("tool", "view"));
    let frame = NodeRef::new();
    view! {
        <div class="pane__head pane__head--slim pane__head--tools">
            <Chooser choices runs id log />
            <h2 class="visually-hidden">"Tools"</h2>
            <Tabs id embeds />
            <Reload />
            <div class="pane__tools" class:is-scriptless=move || !embeds.get() && !log.is_alive()>
                {move || {
                    if embeds.get() {
                        parts::embedded_buttons(row, frame)
                    } else {
                        view! { <LogTools log id wanted /> }
                    }
                }}
            </div>
        </div>
        {parts::embedded(row, embeds, frame)}
        <div class="tool" hidden=embeds>
            <LogLines log label />
            <EmptyLog log />
            <LogProgress log />
        </div>
    }
    .into_any()
}

/// Log or app.
#[component]
fn Tabs(
    /// Whose.
    id: InstanceId,
    /// Whether the app is shown.
    embeds: Memo<bool>,
) -> impl IntoView {
    view! {
        <nav class="tabs" aria-label="Tools">
            <a
                class="tabs__tab"
                href=at(&format!("/?log={id}"))
                data-noscroll
                aria-current=move || (!embeds.get()).then_some("page")
            >
                "Logs"
            </a>
            <a
                class="tabs__tab"
                href=at(&format!("/?log={id}&tool=view"))
                data-noscroll
                aria-current=move || embeds.get().then_some("page")
            >
                "View"
            </a>
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
                    aria-label="Search the log"
                    title="Search the log"
                    aria-expanded=move || search_is_open.get().to_string()
                    on:click=move |_| toggle_search(search_is_open, log)
                >
                    <Icon name="search" class="icon--sm" />
                </button>
                <LogButtons log instance=id small="button--sm" />
                <a
                    class="button button--icon button--sm"
                    href=logs::address(id, wanted)
                    aria-label="Open the log as a page"
                    title="Open the log as a page"
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
                    aria-label="Instance whose log is shown"
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
                        aria-label="Run"
                        on:change=move |event| go(id.to_string(), Some(event_target_value(&event)))
                    >
                        {move || run_options(&runs.get(), log.run.get())}
                    </select>
                </SelectBox>
            </Show>
            <noscript>
                <button class="button button--sm" type="submit">
                    "Show"
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
