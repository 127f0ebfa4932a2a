//! What rules found: what is so now, and what was.

use leptos::prelude::*;
use types::alerts::{Alert, AlertRule};

use super::silences::{SilenceMenu, Silent};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::Icon;
use crate::ui::words::{ago, duration};
use crate::view;

/// What is so now.
#[component]
pub fn Now(
    /// Newest first.
    alerts: Vec<Alert>,
    /// Every rule.
    rules: Vec<AlertRule>,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    if alerts.is_empty() {
        return view! {
            <section class="card alerts-quiet" aria-labelledby="now-title">
                <h2 class="card__title" id="now-title">{t("Now")}</h2>
                <p class="muted">
                    {t("No rule has anything to say. What begins is shown here and in every open tab, and told to the webhooks below.")}
                </p>
            </section>
        };
    }
    let one = move |alert: Alert| {
        let rule = rules.iter().find(|rule| rule.id == alert.rule_id).cloned();
        view! { <One alert rule now /> }
    };
    view! {
        <section class="card card--err" aria-labelledby="now-title">
            <h2 class="card__title alerts__head" id="now-title">{t("Now")}</h2>
            <ul class="alerts-now">{alerts.into_iter().map(one).collect_view()}</ul>
        </section>
    }
}

#[component]
fn One(
    /// What is so.
    alert: Alert,
    /// Its rule, if that is still there.
    rule: Option<AlertRule>,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    let instance = alert.subject.strip_prefix("instance:").map(ToOwned::to_owned);
    let since = fill("{}, since {}", &[&alert.rule, &duration(now - alert.began_at)]);
    view! {
        <li class="alerts-now__one">
            <svg class="status__shape" aria-hidden="true">
                <use href="#s-error" />
            </svg>
            <div class="grow">
                <p class="alerts-now__text">{alert.message}</p>
                <p class="faint">
                    {since} {rule.clone().map(|rule| view! { " " <Silent rule now /> })}
                </p>
            </div>
            <div class="buttons">
                {instance.map(|id| view! {
                    <a class="button" href=at(&format!("/?open={id}"))>
                        <Icon name="info" />
                        {t("Details")}
                    </a>
                })}
                {rule.map(|rule| view! { <SilenceMenu rule is_firing=true now /> })}
            </div>
        </li>
    }
}

/// What was.
#[component]
pub fn Past(
    /// Newest first.
    alerts: Vec<Alert>,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    let row = move |alert: Alert| {
        let lasted = alert.ended_at.unwrap_or(now) - alert.began_at;
        view! {
            <tr role="row">
                <td role="cell">
                    <span class="alerts__text">{alert.message}</span>
                    <span class="faint alerts__kind">
                        {alert.rule} {alert.silenced.then(|| t(" · silenced"))}
                    </span>
                </td>
                <td role="cell" class="right num muted">{ago(alert.began_at, now)}</td>
                <td role="cell" class="right num muted">{fill("lasted {}", &[&duration(lasted)])}</td>
            </tr>
        }
    };
    view! {
        <section class="card alerts" aria-labelledby="past-title">
            <h2 class="card__title alerts__head" id="past-title">{t("Before")}</h2>
            {if alerts.is_empty() {
                view! { <p class="muted alerts__empty">{t("Nothing has happened so far.")}</p> }
            } else {
                view! {
                    <table class="table table--plain table--stack" role="table" aria-labelledby="past-title">
                        <thead role="rowgroup">
                            <tr role="row">
                                <th role="columnheader" scope="col">{t("What")}</th>
                                <th class="right" role="columnheader" scope="col">{t("Began")}</th>
                                <th class="right" role="columnheader" scope="col">{t("How long")}</th>
                            </tr>
                        </thead>
                        <tbody role="rowgroup">{alerts.into_iter().map(row).collect_view()}</tbody>
                    </table>
                }
            }}
        </section>
    }
}
