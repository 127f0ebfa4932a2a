//! Silence: nobody is told what a rule finds, for a while.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use types::alerts::AlertRule;

use super::forms::SilenceRule;
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::Menu;
use crate::ui::words::duration;
use crate::view;

/// How long a rule is silent still; nothing when it is not.
#[component]
pub fn Silent(
    /// Which.
    rule: AlertRule,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    if !rule.is_silent(now) {
        return ().into_any();
    }
    let text = match rule.silent_until.filter(|_| !rule.silent_until_over) {
        Some(until) => fill("Silent for {} more", &[&duration(until - now)]),
        None => t("Silent until it is over").to_owned(),
    };
    view! { <span class="badge">{text}</span> }
}

/// For how long a rule is to be silent.
#[component]
pub fn SilenceMenu(
    /// Which.
    rule: AlertRule,
    /// Whether something it watches for is so now.
    is_firing: bool,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    let label = fill("Silence {}", &[&rule.name]);
    let item = move |length: &'static str, text: &'static str| {
        view! {
            <form method="post" action=at(SilenceRule::url())>
                <input type="hidden" name="id" value=rule.id />
                <button class="menu__item" type="submit" name="length" value=length>
                    {text}
                </button>
            </form>
        }
    };
    view! {
        <Menu name=format!("silence-{}", rule.id) icon="bell" label=Signal::stored(label)>
            {item("1h", t("Silence for 1 hour"))}
            {item("8h", t("Silence for 8 hours"))}
            {is_firing.then(|| item("over", t("Silence until it is over")))}
            {rule.is_silent(now).then(|| item("none", t("End the silence")))}
        </Menu>
    }
}
