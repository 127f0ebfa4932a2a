//! How two texts differ, as people read it.

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use types::scripts::{Diff, DiffKind, DiffLine};

use crate::ui::words::count;

/// The places that differ, line under line.
pub(super) fn difference(diff: &Diff, left: &str, right: &str) -> AnyView {
    if diff.hunks.is_empty() {
        let sentence = if diff.ends_only {
            t("They differ in the ends of their lines only.")
        } else {
            t("There is no difference.")
        };
        return view! { <p class="diff__none">{sentence}</p> };
    }
    let summary = fill(
        "{} only in {} (+), {} only in {} (−).",
        &[
            &count(diff.added.into(), "line", "lines"),
            right,
            &count(diff.removed.into(), "line", "lines"),
            left,
        ],
    );
    view! {
        <p class="diff__none">{summary}</p>
        // The keyboard scrolls it.
        <div class="diff" tabindex="0" role="region" aria-label=fill("From {} to {}", &[left, right])>
            {diff
                .hunks
                .iter()
                .map(|hunk| {
                    view! { <div class="diff__hunk">{hunk.lines.iter().map(line).collect_view()}</div> }
                })
                .collect_view()}
        </div>
    }
}

fn line(line: &DiffLine) -> AnyView {
    let (class, sign) = match line.kind {
        DiffKind::Same => ("diff__line", " "),
        DiffKind::Added => ("diff__line diff__line--added", "+"),
        DiffKind::Removed => ("diff__line diff__line--removed", "−"),
    };
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    view! {
        <div class=class>
            <span class="diff__number">{number(line.left)}</span>
            <span class="diff__number">{number(line.right)}</span>
            <span class="diff__sign">{sign}</span>
            <span class="diff__text">{line.text.clone()}</span>
        </div>
    }
}
