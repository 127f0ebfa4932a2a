//! What happened: the state, its reason, and the facts of the present or last run.

use crate::fetch::Fetched;
use crate::language::{fill, said, t};
use crate::view;
use leptos::prelude::*;
use types::instances::{Instance, Status};

use super::crash::CrashCard;
use crate::instances::Row;
use crate::instances::row::part;
use crate::ui::Clock;
use crate::ui::words::duration;

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
            <h3 class="visually-hidden">{t("Overview")}</h3>
            {move || failed.get().then(|| view! { <CrashCard row details /> })}
            <Facts row />
        </section>
    }
}

/// The reason in whole sentences, with numbers.
pub(super) fn explanation(instance: &Instance) -> String {
    let mut sentences = Vec::new();
    if instance.status == Status::Stalled {
        sentences
            .push(t("It runs, but nothing answers on its port yet. It may still become ready.").to_owned());
        if !instance.status_reason.is_empty() {
            sentences.push(format!("{}.", capitalised(&said(&instance.status_reason))));
        }
    } else if let Some(code) = instance.exit_code {
        sentences.push(fill("Its process ended with exit code {}.", &[&code.to_string()]));
    }
    if instance.restarts > 0 {
        sentences.push(fill(
            "It was started again by its restart policy {}.",
            &[&times(instance.restarts)],
        ));
    }
    sentences.push(t("The log says what came before.").to_owned());
    sentences.join(" ")
}

fn times(count: u32) -> String {
    if count == 1 {
        t("once").to_owned()
    } else {
        fill("{} times", &[&count.to_string()])
    }
}

pub(super) fn capitalised(text: &str) -> String {
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
        facts.push((t("Reason"), said(&instance.status_reason)));
    }
    if active && let Some(started) = instance.started_at {
        facts.push((t("Up for"), duration(now - started)));
    }
    if let Some(pid) = instance.pid {
        facts.push((t("Process"), pid.to_string()));
    }
    if let Some(port) = instance.internal_port.filter(|_| active) {
        facts.push((t("Listens on"), format!("127.0.0.1:{port}")));
    }
    if let Some(code) = instance.exit_code.filter(|_| !active) {
        facts.push((t("Exit code"), code.to_string()));
    }
    if instance.run == 0 {
        facts.push((t("Runs"), t("never started").to_owned()));
    } else {
        facts.push((t("Runs"), instance.run.to_string()));
    }
    facts.push((t("Restarts"), instance.restarts.to_string()));
    facts.push((t("Folder"), format!("instances/{}", instance.dir)));
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
