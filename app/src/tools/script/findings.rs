//! What the checkers say, below the text: the gutter's marks are small, and nothing hovers on a phone.

use crate::language::{fill, marked, said, t};
use crate::view;
use leptos::prelude::*;
use types::scripts::{Finding, ScriptCheck, Severity};

use super::session::Session;
use crate::ui::words::count;

/// The number of findings, and behind it each of them as a way to its place.
pub(super) fn findings(session: Session) -> AnyView {
    (move || {
        let found = session.check.get();
        if found.findings.is_empty() && found.notes.is_empty() {
            return None;
        }
        Some(view! {
            <details class="findings">
                <summary class="findings__head">{summary(&found)}</summary>
                <ul class="findings__list">
                    {found.findings.into_iter().map(|finding| entry(session, finding)).collect_view()}
                    {found
                        .notes
                        .into_iter()
                        .map(|note| view! { <li class="findings__note">{said(&note)}</li> })
                        .collect_view()}
                </ul>
            </details>
        })
    })
    .into_any()
}

fn entry(session: Session, finding: Finding) -> AnyView {
    let (line, column) = (finding.line, finding.column);
    let source = [finding.source.as_str(), finding.code.as_str()].join(" ");
    let go = move |_| {
        if let Some(text) = session.text() {
            text.go_to(line, column);
        }
    };
    view! {
        <li>
            <button class="findings__entry" type="button" on:click=go>
                <b class=tone(finding.severity)>{word(finding.severity)}</b>
                <span class="faint num">{place(&finding)}</span>
                <span class="grow">{said(&finding.message)}</span>
                <span class="faint">{source}</span>
            </button>
        </li>
    }
}

/// How many of each kind, the worst first.
pub(crate) fn summary(found: &ScriptCheck) -> String {
    let kinds = [
        (Severity::Error, marked("error"), marked("errors")),
        (Severity::Warning, marked("warning"), marked("warnings")),
        (Severity::Info, marked("remark"), marked("remarks")),
        (
            Severity::Style,
            marked("matter of style"),
            marked("matters of style"),
        ),
    ];
    let parts = kinds.into_iter().filter_map(|(severity, one, many)| {
        let number = found
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count();
        (number > 0).then(|| count(number as u64, one, many))
    });
    let parts: Vec<String> = parts.chain(found.notes.iter().map(|note| said(note))).collect();
    parts.join(" · ")
}

pub(crate) fn place(finding: &Finding) -> String {
    if finding.column == 0 {
        fill("line {}", &[&finding.line.to_string()])
    } else {
        fill(
            "line {}:{}",
            &[&finding.line.to_string(), &finding.column.to_string()],
        )
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => t("error"),
        Severity::Warning => t("warning"),
        Severity::Info => t("remark"),
        Severity::Style => t("style"),
    }
}

fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "tone-err",
        Severity::Warning => "tone-warn",
        Severity::Info | Severity::Style => "tone-idle",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_counted_by_kind_and_notes_follow() {
        let finding = |severity| Finding {
            line: 1,
            column: 0,
            end_line: 1,
            end_column: 0,
            severity,
            source: "shellcheck".to_owned(),
            code: "SC1".to_owned(),
            message: String::new(),
        };
        let found = ScriptCheck {
            findings: [Severity::Warning, Severity::Error, Severity::Warning]
                .map(finding)
                .into(),
            notes: vec!["bash did not look.".to_owned()],
        };
        assert_eq!(summary(&found), "1 error · 2 warnings · bash did not look.");
    }
}
