//! What saving would do, before it is done.

use crate::language::{fill, said, t};
use crate::view;
use leptos::prelude::*;
use types::instances::ChangePreview;

use super::draft::Field;
use super::edits::{Edits, Pending};
use crate::ui::{Dialog, Icon};

/// The dialog, while something waits for an answer.
#[component]
pub fn SavePreview() -> impl IntoView {
    let edits = expect_context::<Edits>();
    move || edits.pending().map(|pending| view! { <Preview pending /> })
}

#[component]
fn Preview(
    /// What waits.
    pending: Pending,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let good: Vec<ChangePreview> = pending
        .previews
        .iter()
        .filter(|row| row.problem.is_none())
        .cloned()
        .collect();
    let restarting: Vec<String> = good
        .iter()
        .filter(|row| row.restarts)
        .map(|row| row.name.clone())
        .collect();
    let restarts = !restarting.is_empty();
    let can_save = !good.is_empty();
    let restart_word = match restarting.as_slice() {
        [only] => fill("Save and restart {}", &[only]),
        several => fill("Save and restart {}", &[&several.len().to_string()]),
    };
    let save_word = match good.len() {
        1 => t("Save 1 change").to_owned(),
        count => fill("Save {} changes", &[&count.to_string()]),
    };
    view! {
        <Dialog
            id="preview-title"
            title=title(good.len(), pending.previews.len(), restarting.len())

            on_close=move |()| edits.dismiss()
        >
            <div class="dialog__body">
                <ul class="consequences">
                    {pending.previews.iter().map(|row| view! { <Line row=row.clone() /> }).collect_view()}
                </ul>
                {restarts
                    .then(|| {
                        view! {
                            <p>{t("Without a restart, the new values take effect at the next start. The others are not touched.")}</p>
                        }
                    })}
            </div>
            <div class="dialog__foot">
                <button class="button button--quiet" type="button" on:click=move |_| edits.dismiss()>
                    {t("Cancel")}
                </button>
                {restarts
                    .then(|| {
                        view! {
                            <button class="button" type="button" on:click=move |_| edits.confirm(false)>
                                {t("Save, restart later")}
                            </button>
                            <button class="button button--filled" type="button" on:click=move |_| edits.confirm(true)>
                                {restart_word.clone()}
                            </button>
                        }
                    })}
                {(!restarts)
                    .then(|| {
                        view! {
                            <button
                                class="button button--filled"
                                type="button"
                                disabled=!can_save
                                on:click=move |_| edits.confirm(false)
                            >
                                {save_word.clone()}
                            </button>
                        }
                    })}
            </div>
        </Dialog>
    }
}

#[component]
fn Line(
    /// One row's preview.
    row: ChangePreview,
) -> impl IntoView {
    let icon = if row.problem.is_some() {
        "alert"
    } else if row.restarts {
        "restart"
    } else {
        "check"
    };
    view! {
        <li>
            <Icon name=icon />
            <span>
                <b class="strong">{row.name.clone()}</b>
                ": "
                {consequence(&row)}
            </span>
        </li>
    }
}

fn consequence(row: &ChangePreview) -> String {
    if let Some(problem) = &row.problem {
        return fill("cannot be saved. {}", &[&said(problem)]);
    }
    let labels: Vec<&str> = row.changed.iter().map(|column| Field::label_of(column)).collect();
    match (labels.is_empty(), row.restarts) {
        (true, _) => t("holds these values already.").to_owned(),
        (false, true) => fill(
            "{}. It runs, and needs a restart for this.",
            &[&labels.join(", ")],
        ),
        (false, false) => fill("{}. Nothing restarts.", &[&labels.join(", ")]),
    }
}

fn title(good: usize, all: usize, restarting: usize) -> String {
    match (good, restarting) {
        (0, _) => t("This cannot be saved").to_owned(),
        (_, 0) if good == all => t("Nothing restarts").to_owned(),
        (_, 0) => fill("{} of {} can be saved", &[&good.to_string(), &all.to_string()]),
        (_, 1) => t("One instance needs a restart").to_owned(),
        (_, several) => fill("{} instances need a restart", &[&several.to_string()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::instances::InstanceId;

    #[test]
    fn a_line_says_what_restarts_and_why_not() {
        let mut row = ChangePreview {
            id: InstanceId(1),
            name: "a".to_owned(),
            changed: vec!["gpu_ids".to_owned(), "launch_args".to_owned()],
            restarts: true,
            problem: None,
        };
        assert_eq!(
            consequence(&row),
            "GPUs, Launch arguments. It runs, and needs a restart for this."
        );
        row.restarts = false;
        assert!(consequence(&row).ends_with("Nothing restarts."));
        row.problem = Some("The name is taken.".to_owned());
        assert_eq!(consequence(&row), "cannot be saved. The name is taken.");
    }
}
