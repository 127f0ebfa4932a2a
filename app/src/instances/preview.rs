//! What saving would do, before it is done.

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
        [only] => format!("Save and restart {only}"),
        several => format!("Save and restart {}", several.len()),
    };
    let save_word = match good.len() {
        1 => "Save 1 change".to_owned(),
        count => format!("Save {count} changes"),
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
                            <p>"Without a restart, the new values take effect at the next start. The others are not touched."</p>
                        }
                    })}
            </div>
            <div class="dialog__foot">
                <button class="button button--quiet" type="button" on:click=move |_| edits.dismiss()>
                    "Cancel"
                </button>
                {restarts
                    .then(|| {
                        view! {
                            <button class="button" type="button" on:click=move |_| edits.confirm(false)>
                                "Save, restart later"
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
        return format!("cannot be saved. {problem}");
    }
    let labels: Vec<&str> = row.changed.iter().map(|column| Field::label_of(column)).collect();
    match (labels.is_empty(), row.restarts) {
        (true, _) => "holds these values already.".to_owned(),
        (false, true) => format!("{}. It runs, and needs a restart for this.", labels.join(", ")),
        (false, false) => format!("{}. Nothing restarts.", labels.join(", ")),
    }
}

fn title(good: usize, all: usize, restarting: usize) -> String {
    match (good, restarting) {
        (0, _) => "This cannot be saved".to_owned(),
        (_, 0) if good == all => "Nothing restarts".to_owned(),
        (_, 0) => format!("{good} of {all} can be saved"),
        (_, 1) => "One instance needs a restart".to_owned(),
        (_, several) => format!("{several} instances need a restart"),
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
