//! The rules.

use leptos::prelude::*;
use types::alerts::{Alert, AlertRule};

use super::silences::{SilenceMenu, Silent};
use super::words::{condition, scope};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::Icon;
use crate::view;

/// Every rule, with what can be done with it.
#[component]
pub fn Rules(
    /// Oldest first.
    rules: Vec<AlertRule>,
    /// What is so now.
    firing: Vec<Alert>,
    /// What people call what rules watch.
    subjects: Vec<(String, String)>,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    let row = move |rule: AlertRule| {
        let is_firing = firing.iter().any(|alert| alert.rule_id == rule.id);
        let scope = scope(&rule, &subjects);
        view! { <RuleRow rule scope is_firing now /> }
    };
    view! {
        <section class="card alerts" id="rules" aria-labelledby="rules-title">
            <div class="alerts__head">
                <h2 class="card__title grow" id="rules-title">{t("Rules")}</h2>
                <a class="button button--soft" href=at("/alerts?rule=new")>
                    <Icon name="plus" />
                    {t("Add a rule…")}
                </a>
            </div>
            {if rules.is_empty() {
                view! {
                    <p class="muted alerts__empty">
                        {t("Nothing is watched. A rule says what to look at, from which number on, and for how long.")}
                    </p>
                }
            } else {
                view! {
                    <table class="table table--plain table--stack" role="table" aria-labelledby="rules-title">
                        <thead role="rowgroup">
                            <tr role="row">
                                <th role="columnheader" scope="col">{t("Rule")}</th>
                                <th role="columnheader" scope="col">{t("State")}</th>
                                <th role="columnheader" scope="col"><span class="visually-hidden">{t("Actions")}</span></th>
                            </tr>
                        </thead>
                        <tbody role="rowgroup">{rules.into_iter().map(row).collect_view()}</tbody>
                    </table>
                }
            }}
        </section>
    }
}

#[component]
fn RuleRow(
    /// Which.
    rule: AlertRule,
    /// Of what, and for how long.
    scope: String,
    /// Whether something it watches for is so now.
    is_firing: bool,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    let state = match (rule.enabled, is_firing) {
        (false, _) => view! { <span class="badge">{t("Off")}</span> },
        (true, true) => view! { <span class="badge badge--err">{t("Fires")}</span> },
        (true, false) => view! { <span class="badge badge--ok">{t("Quiet")}</span> },
    };
    view! {
        <tr role="row">
            <td role="cell">
                <span class="alerts__name">{rule.name.clone()}</span>
                <span class="faint alerts__kind">{condition(&rule)} " · " {scope}</span>
            </td>
            <td role="cell">
                <span class="alerts__state">{state} <Silent rule=rule.clone() now /></span>
            </td>
            <td role="cell">
                <div class="actions">
                    <a
                        class="button"
                        href=at(&format!("/alerts?rule={}", rule.id))
                        aria-label=fill("Change {}", &[&rule.name])
                    >
                        {t("Change…")}
                    </a>
                    <a
                        class="button"
                        href=at(&format!("/alerts?delete-rule={}", rule.id))
                        aria-label=fill("Delete {}", &[&rule.name])
                    >
                        {t("Delete…")}
                    </a>
                    <SilenceMenu rule is_firing now />
                </div>
            </td>
        </tr>
    }
}
