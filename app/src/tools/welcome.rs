//! Where to begin, what runs, what failed last, and what is new.

use leptos::prelude::*;
use types::instances::{Instance, Status};

use super::Tool;
use crate::instances::{Row, Rows};
use crate::language::t;
use crate::paths::at;
use crate::ui::{Icon, StyleSheet};
use crate::view;

/// What changed, as the project tells it.
const CHANGES: &str = include_str!("../../../CHANGELOG.md");

/// The first steps and the state of things; the same for every instance.
#[component]
pub fn WelcomeTool(
    /// The instance of the pane: its steps lead to it.
    row: Row,
    /// Whether it is looked at.
    shown: Memo<bool>,
) -> impl IntoView {
    view! {
        <StyleSheet name="desk" />
        <div class="tool" hidden=move || !shown.get()>
            <div class="pane__body welcome">
                <FirstSteps row />
                <section class="stack">
                    <Those heading=t("Runs now") nothing=t("Nothing runs now.") is_one=|one| one.status == Status::Started />
                    <Those heading=t("Failed last") nothing=t("Nothing has failed.") is_one=|one| one.status == Status::Error />
                </section>
                <WhatIsNew />
            </div>
        </div>
    }
}

/// A step: whether it was taken, its words, and where it is taken.
type Step = (bool, &'static str, String);

fn steps(row: Row, all: &[Row]) -> Vec<Step> {
    let any = |is_so: fn(&Instance) -> bool| all.iter().any(|row| row.instance.with(is_so));
    let details = at(&format!("/?open={}", row.id));
    vec![
        (true, t("Create an instance from a blueprint"), at("/?new=1")),
        (
            any(|one| one.run > 0),
            t("Start it, and watch it install in its log"),
            Tool::Logs.href(row.id),
        ),
        (
            any(|one| one.status == Status::Started),
            t("Look at its app, here or in a tab of its own"),
            Tool::View.href(row.id),
        ),
        (
            any(|one| one.port_active),
            t("Give it a port of its own with Activate"),
            details.clone(),
        ),
        (
            any(|one| one.autostart),
            t("Let it start together with the panel"),
            details,
        ),
    ]
}

#[component]
fn FirstSteps(
    /// The instance of the pane.
    row: Row,
) -> impl IntoView {
    let rows = expect_context::<Rows>();
    let step = |(is_taken, words, href): Step| {
        let (icon, said) = if is_taken {
            ("check", t("Done: "))
        } else {
            ("right", "")
        };
        view! {
            <li class="welcome__step" class:is-taken=is_taken>
                <Icon name=icon class="icon--sm" />
                <a href=href data-noscroll>
                    <span class="visually-hidden">{said}</span>
                    {words}
                </a>
            </li>
        }
    };
    view! {
        <section>
            <h3 class="welcome__title">{t("First steps")}</h3>
            <ul class="welcome__list">{move || steps(row, &rows.get()).into_iter().map(step).collect_view()}</ul>
            <p class="faint">
                {t("Press ")} <kbd class="kbd">"?"</kbd> {t(" for the keys, ")} <kbd class="kbd">"Ctrl K"</kbd> {t(" to find anything.")}
            </p>
            <p class="row is-scripted">
                <button class="button button--sm" type="button" data-wish="shortcuts">
                    {t("Keyboard shortcuts")}
                </button>
                <button class="button button--sm" type="button" data-wish="find">
                    <Icon name="search" class="icon--sm" />
                    {t("Find or run")}
                </button>
            </p>
        </section>
    }
}

/// Instances of one kind, each with what it says of itself.
#[component]
fn Those(
    /// What they have in common.
    heading: &'static str,
    /// Said when there is none.
    nothing: &'static str,
    /// Whether an instance is one of them.
    is_one: fn(&Instance) -> bool,
) -> impl IntoView {
    let rows = expect_context::<Rows>();
    let entry = |instance: Instance| {
        let said = if instance.status == Status::Error {
            instance.status_reason.clone()
        } else {
            instance.blueprint_name.clone()
        };
        view! {
            <li>
                <a href=at(&format!("/?open={}", instance.id)) data-noscroll>
                    {instance.name}
                </a>
                " "
                <span class="faint">{said}</span>
            </li>
        }
    };
    let those = move || {
        let all = rows.get().into_iter().map(|row| row.instance.get());
        all.filter(is_one).collect::<Vec<_>>()
    };
    view! {
        <section>
            <h3 class="welcome__title">{heading}</h3>
            {move || {
                let those = those();
                if those.is_empty() {
                    view! { <p class="faint">{nothing}</p> }
                } else {
                    view! { <ul class="welcome__list">{those.into_iter().map(entry).collect_view()}</ul> }
                }
            }}
        </section>
    }
}

#[component]
fn WhatIsNew() -> impl IntoView {
    let part = |(heading, entries): (String, Vec<String>)| {
        view! {
            <h4 class="welcome__part">{heading}</h4>
            <ul class="welcome__list">
                {entries.into_iter().map(|entry| view! { <li>{entry}</li> }).collect_view()}
            </ul>
        }
    };
    view! {
        <section>
            <h3 class="welcome__title">{t("What is new")}</h3>
            {newest(CHANGES).into_iter().map(part).collect_view()}
        </section>
    }
}

/// The newest version's part of a change log: its headings with their entries, in plain text.
fn newest(changes: &str) -> Vec<(String, Vec<String>)> {
    let mut parts: Vec<(String, Vec<String>)> = Vec::new();
    let mut lines = changes.lines().skip_while(|line| !line.starts_with("## "));
    lines.next();
    for line in lines.take_while(|line| !line.starts_with("## ")) {
        if let Some(heading) = line.strip_prefix("### ") {
            parts.push((heading.to_owned(), Vec::new()));
        } else if let (Some(entry), Some((_, entries))) = (line.strip_prefix("- "), parts.last_mut()) {
            entries.push(plain(entry));
        } else if let (true, Some(entry)) = (
            line.starts_with("  "),
            parts.last_mut().and_then(|(_, entries)| entries.last_mut()),
        ) {
            entry.push(' ');
            entry.push_str(&plain(line.trim()));
        }
    }
    parts
}

/// Without the marks of Markdown.
fn plain(text: &str) -> String {
    text.replace(['*', '`'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_changes_are_read() {
        let log = "# Changes\n\nAll.\n\n## 2.0\n\n### Added\n- One *thing*\n  goes on.\n- `Two`\n\n### Fixed\n- Three\n\n\
                   ## 1.0\n### Added\n- Old\n";
        let read = newest(log);
        assert_eq!(
            read[0],
            (
                "Added".to_owned(),
                vec!["One thing goes on.".to_owned(), "Two".to_owned()]
            )
        );
        assert_eq!(read[1], ("Fixed".to_owned(), vec!["Three".to_owned()]));
        assert_eq!(read.len(), 2);
        assert!(newest(CHANGES).iter().any(|(_, entries)| !entries.is_empty()));
    }
}
