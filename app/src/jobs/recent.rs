//! What is under way and what ended lately, over the dashboard: `?jobs=1`.

use leptos::prelude::*;

use super::{FirstJobs, JobList, Which};
use crate::instances::filter::Place;
use crate::language::t;
use crate::prepared::Prepared;
use crate::ui::{Dialog, ErrorNote, StyleSheet};
use crate::{fetch, view};

/// Jobs that ended, which are shown.
#[cfg(feature = "ssr")]
pub(crate) const LATELY: usize = 12;

/// The list, while the address asks for it.
#[component]
pub fn RecentJobs() -> impl IntoView {
    let place = expect_context::<Place>();
    let jobs = expect_context::<Prepared>().question;
    let is_open = crate::ui::memo(move || place.text("jobs").is_some());
    let close = move |()| place.close();
    move || {
        is_open.get().then(|| {
            view! {
                <StyleSheet name="jobs" />
                <Dialog
                    id="jobs-title"
                    title=Signal::stored(t("Jobs").to_owned())
                    close_href=Signal::derive(move || place.home())
                    on_close=close
                >
                    <div class="dialog__body jobs-over">
                        {fetch::show(jobs, ViewFn::default(), |answer| match answer.read_any::<FirstJobs>() {
                            Some(Ok(first)) => view! { <Listed first /> },
                            Some(Err(error)) => view! { <ErrorNote text=error.to_string() /> },
                            None => ().into_any(),
                        })}
                    </div>
                </Dialog>
            }
        })
    }
}

#[component]
fn Listed(
    /// What the page began with.
    first: FirstJobs,
) -> impl IntoView {
    view! {
        <JobList which=Which::Every first ended=Callback::new(|()| ()) />
        <p class="muted jobs-over__none">
            {t("Nothing is under way. Clones, updates, builds and deletions show here, and what became of them.")}
        </p>
    }
}
