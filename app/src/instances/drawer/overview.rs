//! What happened: the state, its reason, and the facts of the present or last run.

use crate::fetch::{self, Fetched};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::instances::{Instance, Status};
use types::logs::Run;

use super::Details;
use crate::instances::Row;
use crate::instances::row::part;
use crate::instances::status::gist;
use crate::ui::Clock;
use crate::ui::words::{ago, duration};

/// The first section of the drawer.
#[component]
pub(crate) fn Overview(
    /// Whose.
    row: Row,
    /// Runs and last lines.
    details: Fetched,
) -> impl IntoView {
    let failed = part(row, |instance| {
        matches!(instance.status, Status::Error | Status::Stalled)
    });
    view! {
        <section class="section" id="sec-overview">
            <h3 class="visually-hidden">"Overview"</h3>
            {move || failed.get().then(|| view! { <Failure row details /> })}
            <Facts row />
        </section>
    }
}

/// Why it does not run, with the end of its log and the next step.
#[component]
fn Failure(
    /// Whose.
    row: Row,
    /// Runs and last lines.
    details: Fetched,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let title = part(row, |instance| match instance.status {
        Status::Stalled => "It does not answer".to_owned(),
        _ => gist(instance).map_or_else(|| "It ended by itself".to_owned(), capitalised),
    });
    let when = move || {
        row.instance
            .with(|instance| ago(instance.status_since, clock.now()))
    };
    let why = part(row, explanation);
    let logs = at(&format!("/instances/{}/logs", row.id));
    view! {
        <div class="crash">
            <div class="crash__head">
                <svg class="status__shape" aria-hidden="true">
                    <use href="#s-error" />
                </svg>
                <h4 class="crash__title">{title}</h4>
                <span class="crash__when num">{when}</span>
                <p class="crash__why">{why}</p>
            </div>
            <div class="crash__part crash__sub">
                <span>"Last lines of the log"</span>
                <a href=logs>"Open the log"</a>
            </div>
            {fetch::show(details, ViewFn::default(), |answer| {
                let details = answer.read_any::<Details>().and_then(Result::ok);
                details
                    .map(|details| view! { <LastLines lines=details.last_lines run=details.runs.into_iter().next() /> })
                    .into_any()
            })}
        </div>
    }
}

#[component]
fn LastLines(
    /// Plain text.
    lines: Vec<String>,
    /// The run they belong to.
    run: Option<Run>,
) -> impl IntoView {
    let ended = run.and_then(|run| Some((run.number, run.ended_at? - run.started_at)));
    view! {
        <pre class="log" aria-label="Last lines of the log">
            {lines
                .into_iter()
                .map(|line| view! { <span class="log__line log__line--plain">{line} "\n"</span> })
                .collect_view()}
        </pre>
        {ended
            .map(|(number, length)| {
                view! {
                    <p class="crash__part faint">
                        {format!("Run {number} lasted {}.", duration(length))}
                    </p>
                }
            })}
    }
}

/// The reason in whole sentences, with numbers.
fn explanation(instance: &Instance) -> String {
    let mut sentences = Vec::new();
    if instance.status == Status::Stalled {
        sentences.push("It runs, but nothing answers on its port yet. It may still become ready.".to_owned());
        if !instance.status_reason.is_empty() {
            sentences.push(format!("{}.", capitalised(&instance.status_reason)));
        }
    } else if let Some(code) = instance.exit_code {
        sentences.push(format!("Its process ended with exit code {code}."));
    }
    if instance.restarts > 0 {
        sentences.push(format!(
            "It was started again by its restart policy {}.",
            times(instance.restarts)
        ));
    }
    sentences.push("The log says what came before.".to_owned());
    sentences.join(" ")
}

fn times(count: u32) -> String {
    if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    }
}

fn capitalised(text: &str) -> String {
    // The panel's own sentences; the letters of all scripts would weigh some kB in every first load.
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[component]
fn Facts(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let facts = crate::ui::memo(move || row.instance.with(|instance| facts(instance, clock.now())));
    view! {
        <dl class="facts">
            {move || {
                facts
                    .get()
                    .into_iter()
                    .map(|(label, text)| view! { <dt>{label}</dt><dd class="num">{text}</dd> })
                    .collect_view()
            }}
        </dl>
    }
}

fn facts(instance: &Instance, now: i64) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let active = instance.status.is_active();
    if !instance.status_reason.is_empty() {
        facts.push(("Reason", instance.status_reason.clone()));
    }
    if active && let Some(started) = instance.started_at {
        facts.push(("Up for", duration(now - started)));
    }
    if let Some(pid) = instance.pid {
        facts.push(("Process", pid.to_string()));
    }
    if let Some(port) = instance.internal_port.filter(|_| active) {
        facts.push(("Listens on", format!("127.0.0.1:{port}")));
    }
    if let Some(code) = instance.exit_code.filter(|_| !active) {
        facts.push(("Exit code", code.to_string()));
    }
    if instance.run == 0 {
        facts.push(("Runs", "never started".to_owned()));
    } else {
        facts.push(("Runs", instance.run.to_string()));
    }
    facts.push(("Restarts", instance.restarts.to_string()));
    facts.push(("Folder", format!("instances/{}", instance.dir)));
    facts
}

/// Lines without escape sequences and without what `\r` has painted over.
#[cfg_attr(
    not(feature = "ssr"),
    expect(dead_code, reason = "the server cleans the lines")
)]
pub(super) fn plain_lines(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            plain(
                line.trim_end_matches('\r')
                    .rsplit('\r')
                    .next()
                    .unwrap_or_default(),
            )
        })
        .filter(|line| !line.trim().is_empty())
        .collect()
}

fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            // `ESC [ … letter`; anything else is two characters long.
            if characters.next() == Some('[') {
                characters.by_ref().find(char::is_ascii_alphabetic);
            }
        } else if !c.is_control() || c == '\t' {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_readable() {
        let text = "\u{1b}[31mred\u{1b}[0m <b>\n\n 10%\r 20%\r100%\r\nend";
        assert_eq!(plain_lines(text), ["red <b>", "100%", "end"]);
    }
}
