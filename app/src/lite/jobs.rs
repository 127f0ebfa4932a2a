//! Long work: what is under way and what was, and the button that ends it.

use leptos::prelude::*;
use types::jobs::{Job, JobState};

use super::bars::bar;
use super::{Area, Frame, escaped, short};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::words::{ago, decimal};
use crate::view;

/// Jobs that are listed.
pub const LISTED: usize = 30;
/// Bytes of what a job printed that its page shows.
pub const TAIL_BYTES: u64 = 16 << 10;
/// Characters of it: escaping makes five bytes of one at most.
const TAIL_CHARACTERS: usize = 8 << 10;

/// The list.
pub fn page(frame: &Frame, jobs: &[Job]) -> String {
    let content = if jobs.is_empty() {
        view! { <p class="box">{t("There was no long work yet.")}</p> }
    } else {
        let rows = jobs.iter().map(|job| one(frame, job));
        view! { <section><table><tbody>{rows.collect_view()}</tbody></table></section> }
    };
    let content = view! { {content} {frame.paces()} };
    frame.page(Area::Jobs, t("Jobs"), content)
}

/// One job with what it printed.
pub fn output(frame: &Frame, job: &Job, printed: &str) -> String {
    let skipped = printed.chars().count().saturating_sub(TAIL_CHARACTERS);
    let tail: String = printed.chars().skip(skipped).collect();
    let content = view! {
        <section><table><tbody>{one(frame, job)}</tbody></table></section>
        {if tail.is_empty() {
            view! { <p class="box">{t("It printed nothing.")}</p> }
        } else {
            view! { <pre tabindex="0" aria-label=t("Output of the job") inner_html=escaped(&tail)></pre> }
        }}
        {frame.paces()}
    };
    frame.page(Area::Jobs, &job.title, content)
}

fn state(state: JobState) -> (&'static str, &'static str, &'static str) {
    match state {
        JobState::Running => ("◔", "b", t("running")),
        JobState::Done => ("●", "g", t("done")),
        JobState::Failed => ("✕", "r", t("failed")),
        JobState::Cancelled => ("□", "n", t("cancelled")),
        JobState::Interrupted => ("◆", "y", t("interrupted")),
    }
}

fn one(frame: &Frame, job: &Job) -> AnyView {
    let (sign, class, word) = state(job.state);
    let share = job.progress.filter(|_| job.state == JobState::Running);
    let href = at(&format!("/lite/jobs/{}", job.id.0));
    view! {
        <tr>
            <td><a href=href><b>{short(&job.title, 120)}</b></a><br /><small>{ago(job.started_at, frame.now)}</small></td>
            <td class="st"><span class=class>{sign} " " <b>{word}</b></span></td>
            <td class="u">
                {share.map(|share| {
                    let percent = f64::from(share) * 100.0;
                    let text = format!("{} % ", decimal(percent, 0));
                    view! { {text} {bar(t("Progress").to_owned(), percent, None)} " " }
                })}
                {short(&job.message, 240)}
            </td>
            <td class="do">
                {(job.state == JobState::Running)
                    .then(|| {
                        let label = fill("Cancel: {}", &[&job.title]);
                        frame.button(&format!("/lite/jobs/{}/cancel", job.id.0), t("Cancel"), label, None)
                    })}
            </td>
        </tr>
    }
}
