//! Rules that watch the readings, what they found, and who is told.

use serde::{Deserialize, Serialize};

/// What a rule waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Condition {
    /// A metric of the history is above a number.
    Above {
        /// Such as `cpu_percent`.
        metric: String,
        /// In the metric's unit.
        threshold: f64,
    },
    /// A metric of the history is below a number.
    Below {
        /// Such as `free_percent`.
        metric: String,
        /// In the metric's unit.
        threshold: f64,
    },
    /// An instance ended by itself.
    Crashed,
    /// A started app does not answer.
    Unhealthy,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertRule {
    /// Number; chosen by the panel.
    #[serde(default)]
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What it waits for.
    pub condition: Condition,
    /// Of what: a subject of the history, such as `instance:7`; empty = of all that have the metric.
    #[serde(default)]
    pub subject: String,
    /// How long it has to be so, seconds.
    #[serde(default)]
    pub for_s: u32,
    /// Whether it is looked at.
    pub enabled: bool,
    /// Nobody is told until then, Unix milliseconds.
    #[serde(default)]
    pub silent_until: Option<i64>,
    /// Nobody is told until all that it found is over.
    #[serde(default)]
    pub silent_until_over: bool,
}

impl AlertRule {
    /// Whether nobody is told at a moment.
    pub fn is_silent(&self, now: i64) -> bool {
        self.silent_until_over || self.silent_until.is_some_and(|until| now < until)
    }
}

/// How long nobody is told what a rule finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// So many seconds; 0 ends the silence.
    Seconds(u32),
    /// Until all that it found is over.
    UntilOver,
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertPhase {
    /// It is so, long enough.
    Firing,
    /// It is not so any more.
    Resolved,
}

/// Something a rule found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    /// Number.
    pub id: i64,
    /// Which rule.
    pub rule_id: i64,
    /// The rule's name then.
    pub rule: String,
    /// Of what.
    pub subject: String,
    /// A sentence for people.
    pub message: String,
    /// Where it is in its life.
    pub phase: AlertPhase,
    /// Unix milliseconds.
    pub began_at: i64,
    /// Unix milliseconds; none while it is firing.
    pub ended_at: Option<i64>,
    /// Whether nobody was told, because the rule was silent.
    pub silenced: bool,
}

/// How a webhook is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum WebhookKind {
    /// The alert as JSON.
    #[default]
    Json,
    /// A topic of an ntfy server.
    Ntfy,
    /// A webhook of a Discord channel.
    Discord,
}

/// Somebody who is told about alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Number; chosen by the panel.
    #[serde(default)]
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// How it is spoken to.
    #[serde(default)]
    pub kind: WebhookKind,
    /// Where. The panel shows only its beginning again: the rest is often a secret.
    pub url: String,
    /// Whether it is told.
    pub enabled: bool,
    /// What became of the last message.
    #[serde(default)]
    pub last: Option<WebhookOutcome>,
}

impl Webhook {
    /// The same with an address that gives nothing away: what follows the host is often a secret.
    #[must_use]
    pub fn concealed(&self) -> Self {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("http", ""));
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self {
            url: format!("{scheme}://{host}/…"),
            ..self.clone()
        }
    }

    /// Whether its address can be one; a sentence when not.
    pub fn check(&self) -> Result<(), &'static str> {
        const LONGEST: usize = 2000;
        let rest = self
            .url
            .strip_prefix("https://")
            .or_else(|| self.url.strip_prefix("http://"))
            .ok_or("The address begins with https:// or http://.")?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains('@') {
            return Err(
                "Leave name and password out of the address; many services take a token in the path or query.",
            );
        }
        let is_plain = self.url.bytes().all(|byte| byte.is_ascii_graphic());
        if host.is_empty() || !is_plain || self.url.len() > LONGEST {
            return Err("The address is no plain one; copy it again from the service.");
        }
        Ok(())
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookOutcome {
    /// Unix milliseconds.
    pub at: i64,
    /// Whether it was taken.
    pub delivered: bool,
    /// A sentence; without the address.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(url: &str) -> Webhook {
        Webhook {
            id: 1,
            name: "me".to_owned(),
            kind: WebhookKind::Json,
            url: url.to_owned(),
            enabled: true,
            last: None,
        }
    }

    #[test]
    fn a_concealed_address_shows_only_where_it_leads() {
        let url = "https://discord.com/api/webhooks/1/secret?wait=true";
        assert_eq!(hook(url).concealed().url, "https://discord.com/…");
        assert_eq!(
            hook("http://127.0.0.1:8080?token=x").concealed().url,
            "http://127.0.0.1:8080/…"
        );
    }

    #[test]
    fn only_plain_addresses_are_taken() {
        assert!(hook("https://ntfy.sh/topic").check().is_ok());
        assert!(hook("http://127.0.0.1:9/x").check().is_ok());
        for url in [
            "",
            "ftp://x/",
            "https://",
            "https:///x",
            "https://a:b@host/",
            "https://host/a b",
            "https://host/…",
        ] {
            assert!(hook(url).check().is_err(), "{url}");
        }
    }
}
