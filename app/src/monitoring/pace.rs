//! How often the page shows a new reading: chosen per browser, in a cookie, so that the server knows it, too.
//!
//! Without scripts the buttons are a plain form, and a page whose browser has chosen loads itself again so often.

use leptos::prelude::*;

use crate::browser;
use crate::language::{fill, t};
use crate::paths::at;
use crate::telemetry::watch::Watch;
use crate::ui::Icon;
use crate::view;

/// The cookie.
pub const COOKIE: &str = "aikore_interval";
/// Where the form is posted to; the field is [`FIELD`].
pub const ACTION: &str = "/monitoring/interval";
/// The field with the seconds.
pub const FIELD: &str = "seconds";
/// What can be chosen, seconds.
const STEPS: [u32; 6] = [1, 2, 5, 10, 30, 60];
/// What is true until somebody has chosen: as often as there are readings.
pub const USUAL: u32 = 1;

/// The step that is meant by a number of seconds: the longest that is not longer.
pub fn nearest(seconds: u32) -> u32 {
    let fitting = STEPS.into_iter().rev().find(|step| *step <= seconds);
    fitting.unwrap_or(USUAL)
}

/// What the asking browser has chosen.
#[cfg(feature = "ssr")]
pub fn chosen() -> Option<u32> {
    let request = use_context::<http::request::Parts>()?;
    let mut cookies = crate::shell::cookies(&request);
    let (_, seconds) = cookies.find(|(name, _)| *name == COOKIE)?;
    seconds.parse().ok().map(nearest)
}

/// The next step that is more seldom, or more often.
fn beside(seconds: u32, is_more_seldom: bool) -> Option<u32> {
    if is_more_seldom {
        STEPS.into_iter().find(|step| *step > seconds)
    } else {
        STEPS.into_iter().rev().find(|step| *step < seconds)
    }
}

/// The control: minus, the present interval, plus.
#[component]
pub fn Pace(
    /// What it changes.
    watch: Watch,
    /// Whether this browser has chosen.
    is_chosen: bool,
) -> impl IntoView {
    let pace = watch.pace;
    view! {
        <form class="stepper" method="post" action=at(ACTION)>
            <Step pace is_more_seldom=true />
            <span class="num" class:is-scripted=!is_chosen aria-live="polite">
                {move || fill("every {} s", &[&pace.get().to_string()])}
            </span>
            <Step pace is_more_seldom=false />
        </form>
        // Browsers with scripts take what is in here for text.
        <noscript inner_html=without_scripts(is_chosen.then(|| pace.get_untracked()))></noscript>
    }
}

fn without_scripts(pace: Option<u32>) -> String {
    pace.map_or_else(String::new, |seconds| {
        format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">")
    })
}

#[component]
fn Step(
    /// What it changes.
    pace: RwSignal<u32>,
    /// Minus.
    is_more_seldom: bool,
) -> impl IntoView {
    let (icon, label) = if is_more_seldom {
        ("minus", t("Refresh less often"))
    } else {
        ("plus", t("Refresh more often"))
    };
    let next = crate::ui::memo(move || beside(pace.get(), is_more_seldom));
    view! {
        <button
            class="button button--icon button--sm button--quiet"
            type="submit"
            name=FIELD
            value=move || next.get().map(|seconds| seconds.to_string())
            aria-label=label
            title=label
            disabled=move || next.get().is_none()
            on:click=move |event| {
                event.prevent_default();
                if let Some(seconds) = next.get_untracked() {
                    pace.set(seconds);
                    browser::set_cookie(COOKIE, &seconds.to_string());
                }
            }
        >
            <Icon name=icon class="icon--sm" />
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_up_and_down_and_end() {
        assert_eq!(beside(1, true), Some(2));
        assert_eq!(beside(5, false), Some(2));
        assert_eq!((beside(60, true), beside(1, false)), (None, None));
    }

    #[test]
    fn a_cookie_that_somebody_made_up_means_a_step() {
        assert_eq!((nearest(0), nearest(7), nearest(4_000_000_000)), (1, 5, 60));
    }
}
