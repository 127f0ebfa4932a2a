//! Who is told.

use leptos::prelude::*;
use types::alerts::{Webhook, WebhookKind};

use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::Icon;
use crate::ui::words::ago;
use crate::view;

/// What people call a service.
pub(super) fn kind_words(kind: WebhookKind) -> &'static str {
    match kind {
        WebhookKind::Json => t("JSON"),
        WebhookKind::Ntfy => t("ntfy"),
        WebhookKind::Discord => t("Discord"),
    }
}

/// Everybody who is told, with what can be done.
#[component]
pub fn Webhooks(
    /// With concealed addresses, oldest first.
    webhooks: Vec<Webhook>,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    view! {
        <section class="card alerts" id="webhooks" aria-labelledby="webhooks-title">
            <div class="alerts__head">
                <h2 class="card__title grow" id="webhooks-title">{t("Webhooks")}</h2>
                <a class="button button--soft" href=at("/alerts?hook=new")>
                    <Icon name="plus" />
                    {t("Add a webhook…")}
                </a>
            </div>
            {if webhooks.is_empty() {
                view! {
                    <p class="muted alerts__empty">
                        {t("Nobody is told outside of this panel. A webhook tells a script, an ntfy topic or a Discord channel what begins and ends.")}
                    </p>
                }
            } else {
                view! {
                    <table class="table table--plain table--stack" role="table" aria-labelledby="webhooks-title">
                        <thead role="rowgroup">
                            <tr role="row">
                                <th role="columnheader" scope="col">{t("Webhook")}</th>
                                <th role="columnheader" scope="col">{t("Last message")}</th>
                                <th role="columnheader" scope="col"><span class="visually-hidden">{t("Actions")}</span></th>
                            </tr>
                        </thead>
                        <tbody role="rowgroup">
                            {webhooks.into_iter().map(|hook| view! { <HookRow hook now /> }).collect_view()}
                        </tbody>
                    </table>
                }
            }}
        </section>
    }
}

#[component]
fn HookRow(
    /// Who.
    hook: Webhook,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    let last = match &hook.last {
        None => view! { <span class="muted">{t("None so far")}</span> },
        Some(last) => {
            let when = ago(last.at, now);
            let (class, shape) = if last.delivered {
                ("status status--inline status--ok", "#s-healthy")
            } else {
                ("status status--inline status--err", "#s-error")
            };
            let word = if last.delivered {
                t("Taken")
            } else {
                t("Not taken")
            };
            view! {
                <span class=class>
                    <svg class="status__shape" aria-hidden="true">
                        <use href=shape />
                    </svg>
                    <span class="status__word">{word}</span>
                </span>
                " "
                <span class="muted">{(!last.delivered).then(|| last.message.clone())} " " {when}</span>
            }
        }
    };
    let off = (!hook.enabled).then(|| view! { " " <span class="badge">{t("Off")}</span> });
    let name = hook.name.clone();
    view! {
        <tr role="row">
            <td role="cell">
                <span class="alerts__name">{hook.name.clone()} {off}</span>
                <span class="faint alerts__kind">{kind_words(hook.kind)} " · " {hook.url}</span>
            </td>
            <td role="cell"><span class="alerts__state">{last}</span></td>
            <td role="cell">
                <div class="actions">
                    <form method="post" action=at(&format!("/alerts/webhooks/{}/test", hook.id))>
                        <button class="button" type="submit" aria-label=fill("Test {}", &[&name])>
                            {t("Test")}
                        </button>
                    </form>
                    <a
                        class="button"
                        href=at(&format!("/alerts?hook={}", hook.id))
                        aria-label=fill("Change {}", &[&name])
                    >
                        {t("Change…")}
                    </a>
                    <a
                        class="button"
                        href=at(&format!("/alerts?delete-hook={}", hook.id))
                        aria-label=fill("Delete {}", &[&name])
                    >
                        {t("Delete…")}
                    </a>
                </div>
            </td>
        </tr>
    }
}
