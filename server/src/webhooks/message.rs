//! An alert in the words of the service that gets it.

use serde_json::json;
use types::alerts::{Alert, AlertPhase, Webhook, WebhookKind};
use url::Url;

/// What is posted where.
pub(super) struct Message {
    pub(super) url: String,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

/// The longest text that Discord takes is 2000 characters.
const LONGEST: usize = 1800;

pub(super) fn of(webhook: &Webhook, alert: &Alert) -> Message {
    let is_over = alert.phase == AlertPhase::Resolved;
    let state = if is_over { "Over" } else { "Alert" };
    let title = format!("{state}: {}", alert.rule);
    let text: String = alert.message.chars().take(LONGEST).collect();
    match webhook.kind {
        WebhookKind::Json => Message {
            url: webhook.url.clone(),
            content_type: "application/json",
            body: json!({ "source": "aikore", "title": title, "alert": alert }).to_string(),
        },
        WebhookKind::Ntfy => Message {
            url: ntfy(&webhook.url, &title, is_over),
            content_type: "text/plain; charset=utf-8",
            body: text,
        },
        WebhookKind::Discord => Message {
            url: webhook.url.clone(),
            content_type: "application/json",
            // Whatever an instance is called, nobody is rung up.
            body: json!({
                "content": format!("**{title}**\n{text}"),
                "allowed_mentions": { "parse": [] },
            })
            .to_string(),
        },
    }
}

/// ntfy takes what surrounds the text as headers or in the address; headers know no Unicode.
fn ntfy(address: &str, title: &str, is_over: bool) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return address.to_owned();
    };
    url.query_pairs_mut()
        .append_pair("title", title)
        .append_pair("priority", if is_over { "3" } else { "4" })
        .append_pair("tags", if is_over { "white_check_mark" } else { "warning" });
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        Alert {
            id: 7,
            rule_id: 1,
            rule: "A GPU is hot".to_owned(),
            subject: "gpu:A".to_owned(),
            message: "GPU A: temperature is 95 °C, above 90 °C. @everyone".to_owned(),
            phase: AlertPhase::Firing,
            began_at: 5,
            ended_at: None,
            silenced: false,
        }
    }

    fn hook(kind: WebhookKind, url: &str) -> Webhook {
        Webhook {
            id: 1,
            name: "me".to_owned(),
            kind,
            url: url.to_owned(),
            enabled: true,
            last: None,
        }
    }

    #[test]
    fn each_service_is_told_in_its_own_words() {
        let plain = of(&hook(WebhookKind::Json, "https://x/y"), &alert());
        let body: serde_json::Value = serde_json::from_str(&plain.body).unwrap();
        assert_eq!(
            (&body["alert"]["phase"], &body["alert"]["id"]),
            (&json!("firing"), &json!(7))
        );

        let ntfy = of(&hook(WebhookKind::Ntfy, "https://ntfy.sh/topic?auth=x"), &alert());
        assert!(
            ntfy.url
                .starts_with("https://ntfy.sh/topic?auth=x&title=Alert%3A+A+GPU+is+hot&priority=4"),
            "{}",
            ntfy.url
        );
        assert!(ntfy.body.contains("95 °C"));

        let mut over = alert();
        over.phase = AlertPhase::Resolved;
        let discord = of(&hook(WebhookKind::Discord, "https://discord.com/x"), &over);
        let body: serde_json::Value = serde_json::from_str(&discord.body).unwrap();
        assert!(
            body["content"]
                .as_str()
                .unwrap()
                .starts_with("**Over: A GPU is hot**\nGPU A")
        );
        assert_eq!(body["allowed_mentions"]["parse"], json!([]));
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        let mut long = alert();
        long.message = "ä".repeat(5000);
        let discord = of(&hook(WebhookKind::Discord, "https://discord.com/x"), &long);
        assert!(discord.body.chars().count() < 2000);
    }
}
