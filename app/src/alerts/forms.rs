//! What can be asked of alerts, each as a form that leads back to the page.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos::server_fn::ServerFn as _;
use serde::{Deserialize, Serialize};

use crate::ApiError;
use crate::request::FormOrJson;

/// A rule as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleForm {
    pub(super) name: String,
    /// `crashed`, `unhealthy`, `above` or `below`.
    pub(super) kind: String,
    pub(super) metric: String,
    /// In the unit that the page names.
    pub(super) threshold: String,
    pub(super) subject: String,
    /// Seconds.
    pub(super) for_s: String,
    pub(super) enabled: bool,
}

/// A webhook as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookForm {
    pub(super) name: String,
    /// `json`, `ntfy` or `discord`.
    pub(super) kind: String,
    pub(super) url: String,
    pub(super) enabled: bool,
}

/// Adds a rule (number 0) or changes one.
#[server(prefix = "/fn", endpoint = "save_rule", protocol = FormOrJson)]
pub(crate) async fn save_rule(id: i64, rule: RuleForm) -> Result<(), ApiError> {
    let alerts = expect_context::<engine::Engine>().alerts;
    let known = alerts.rules().into_iter().find(|known| known.id == id);
    let saved = match reading::rule(id, &rule, known) {
        Ok(wanted) => alerts.put_rule(wanted).await.map(|_| ()).map_err(ApiError::from),
        Err(error) => Err(error),
    };
    saved.inspect_err(|error| {
        let enabled = if rule.enabled { "true" } else { "" };
        let typed = [
            ("rule", reading::key(id)),
            ("name", rule.name.clone()),
            ("kind", rule.kind.clone()),
            ("metric", rule.metric.clone()),
            ("threshold", rule.threshold.clone()),
            ("subject", rule.subject.clone()),
            ("for", rule.for_s.clone()),
            ("enabled", enabled.to_owned()),
        ];
        reading::send_back(SaveRule::url(), error, &typed);
    })?;
    reading::lead_back("rules");
    Ok(())
}

/// Forgets a rule.
#[server(prefix = "/fn", endpoint = "delete_rule", protocol = FormOrJson)]
pub(crate) async fn delete_rule(id: i64) -> Result<(), ApiError> {
    let alerts = expect_context::<engine::Engine>().alerts;
    let deleted = alerts.delete_rule(id).await.map_err(ApiError::from);
    deleted.inspect_err(|error| reading::send_back(DeleteRule::url(), error, &[]))?;
    reading::lead_back("rules");
    Ok(())
}

/// Tells nobody what a rule finds: `1h`, `8h`, `over` = until all of it is over; anything else ends that.
#[server(prefix = "/fn", endpoint = "silence_rule", protocol = FormOrJson)]
pub(crate) async fn silence_rule(id: i64, #[server(default)] length: String) -> Result<(), ApiError> {
    use types::alerts::Silence;
    let alerts = expect_context::<engine::Engine>().alerts;
    let silence = match length.as_str() {
        "1h" => Silence::Seconds(3600),
        "8h" => Silence::Seconds(8 * 3600),
        "over" => Silence::UntilOver,
        _ => Silence::Seconds(0),
    };
    let silenced = alerts.silence(id, silence).await.map_err(ApiError::from);
    silenced.inspect_err(|error| reading::send_back(SilenceRule::url(), error, &[]))?;
    reading::lead_back("");
    Ok(())
}

/// Adds a webhook (number 0) or changes one.
#[server(prefix = "/fn", endpoint = "save_webhook", protocol = FormOrJson)]
pub(crate) async fn save_webhook(id: i64, hook: HookForm) -> Result<(), ApiError> {
    let alerts = expect_context::<engine::Engine>().alerts;
    let saved = alerts
        .put_webhook(reading::hook(id, &hook))
        .await
        .map_err(ApiError::from);
    saved.inspect_err(|error| {
        let enabled = if hook.enabled { "true" } else { "" };
        // The address is a secret: it does not go into another address.
        let typed = [
            ("hook", reading::key(id)),
            ("name", hook.name.clone()),
            ("kind", hook.kind.clone()),
            ("enabled", enabled.to_owned()),
        ];
        reading::send_back(SaveWebhook::url(), error, &typed);
    })?;
    reading::lead_back("webhooks");
    Ok(())
}

/// Tells somebody nothing any more.
#[server(prefix = "/fn", endpoint = "delete_webhook", protocol = FormOrJson)]
pub(crate) async fn delete_webhook(id: i64) -> Result<(), ApiError> {
    let alerts = expect_context::<engine::Engine>().alerts;
    let deleted = alerts.delete_webhook(id).await.map_err(ApiError::from);
    deleted.inspect_err(|error| reading::send_back(DeleteWebhook::url(), error, &[]))?;
    reading::lead_back("webhooks");
    Ok(())
}

/// What was typed, as the engine takes it, and the way back.
#[cfg(feature = "ssr")]
mod reading {
    use leptos::server_fn::error::ServerFnUrlError;
    use types::alerts::{AlertRule, Condition, Webhook, WebhookKind};

    use super::super::words::factor;
    use super::{HookForm, RuleForm};
    use crate::ApiError;
    use crate::error::ErrorKind;
    use crate::language::t;

    /// What the address calls a rule or a webhook.
    pub(super) fn key(id: i64) -> String {
        match id {
            0 => "new".to_owned(),
            _ => id.to_string(),
        }
    }

    /// A silence goes on when the rule is changed.
    pub(super) fn rule(id: i64, form: &RuleForm, known: Option<AlertRule>) -> Result<AlertRule, ApiError> {
        let silent_until = known.as_ref().and_then(|known| known.silent_until);
        Ok(AlertRule {
            id,
            name: form.name.clone(),
            condition: condition(form)?,
            subject: form.subject.clone(),
            for_s: match form.for_s.trim() {
                "" => 0,
                text => text
                    .parse()
                    .map_err(|_| invalid(t("“For” takes whole seconds.")))?,
            },
            enabled: form.enabled,
            silent_until,
            silent_until_over: known.is_some_and(|known| known.silent_until_over),
        })
    }

    fn condition(form: &RuleForm) -> Result<Condition, ApiError> {
        let threshold = || -> Result<f64, ApiError> {
            let text = form.threshold.trim().replace(',', ".");
            let typed: f64 = text
                .parse()
                .map_err(|_| invalid(t("The threshold is no number.")))?;
            Ok(typed * factor(&form.metric))
        };
        let metric = form.metric.clone();
        Ok(match form.kind.as_str() {
            "crashed" => Condition::Crashed,
            "unhealthy" => Condition::Unhealthy,
            "below" => Condition::Below {
                metric,
                threshold: threshold()?,
            },
            _ => Condition::Above {
                metric,
                threshold: threshold()?,
            },
        })
    }

    fn invalid(message: &str) -> ApiError {
        ApiError::new(ErrorKind::Invalid, "invalid_field", message, "")
    }

    pub(super) fn hook(id: i64, form: &HookForm) -> Webhook {
        Webhook {
            id,
            name: form.name.clone(),
            kind: match form.kind.as_str() {
                "ntfy" => WebhookKind::Ntfy,
                "discord" => WebhookKind::Discord,
                _ => WebhookKind::Json,
            },
            url: form.url.trim().to_owned(),
            enabled: form.enabled,
            last: None,
        }
    }

    /// Leads a browser that posted a plain form back to its question, with the reason and what was typed.
    pub(super) fn send_back(function: &str, error: &ApiError, values: &[(&str, String)]) {
        if !crate::error::asks_for_page() {
            return;
        }
        // Only the path and the query are sent.
        if let Ok(mut address) = ServerFnUrlError::new(function, error.clone()).to_url("http://panel/") {
            address.query_pairs_mut().extend_pairs(values);
            leptos_axum::redirect(&format!("/alerts?{}", address.query().unwrap_or_default()));
        }
    }

    /// Leads back to a part of the page.
    pub(super) fn lead_back(part: &str) {
        match part {
            "" => leptos_axum::redirect("/alerts"),
            part => leptos_axum::redirect(&format!("/alerts#{part}")),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_rule_is_read_in_the_units_it_is_typed_in() {
            let form = RuleForm {
                name: "Low".to_owned(),
                kind: "below".to_owned(),
                metric: "free".to_owned(),
                threshold: " 2,5 ".to_owned(),
                for_s: "60".to_owned(),
                ..RuleForm::default()
            };
            let read = rule(0, &form, None).unwrap();
            let expected = Condition::Below {
                metric: "free".to_owned(),
                threshold: 2.5e9,
            };
            assert_eq!((read.condition, read.for_s), (expected, 60));
            for broken in [
                RuleForm {
                    threshold: "much".to_owned(),
                    ..form.clone()
                },
                RuleForm {
                    for_s: "soon".to_owned(),
                    ..form.clone()
                },
            ] {
                assert_eq!(rule(0, &broken, None).unwrap_err().code, "invalid_field");
            }
            let silent = AlertRule {
                silent_until: Some(5),
                silent_until_over: true,
                ..rule(1, &form, None).unwrap()
            };
            let changed = rule(1, &form, Some(silent)).unwrap();
            assert_eq!((changed.silent_until, changed.silent_until_over), (Some(5), true));
        }
    }
}
