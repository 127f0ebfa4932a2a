//! Tells webhooks about alerts: addresses that people configured, and nobody else.
//!
//! # How it works
//! One task follows the alerts. Each message is delivered by a task of its own with a few tries; there are never more
//! than [`AT_ONCE`] of them, and what does not fit is told in the log. Addresses are secrets: the log names a webhook
//! by its number.

mod client;
mod message;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use types::alerts::{Alert, Webhook, WebhookOutcome};

use crate::state::Panel;

pub(crate) use self::client::Client;

/// Deliveries under way; more are dropped.
const AT_ONCE: usize = 16;
/// Pauses between the tries.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(25),
];

/// Tells webhooks about alerts until the panel ends.
pub async fn follow(panel: Panel) {
    let mut alerts = panel.engine.alerts.subscribe();
    let client = Arc::new(Client::default());
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let alert = tokio::select! {
            () = panel.shutdown.cancelled() => return,
            alert = alerts.recv() => alert,
        };
        match alert {
            Ok(alert) if alert.silenced => {}
            Ok(alert) => tell(&panel, &client, &room, &alert).await,
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "alerts were not told to webhooks: too many at once");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn tell(panel: &Panel, client: &Arc<Client>, room: &Arc<Semaphore>, alert: &Alert) {
    let webhooks = match panel.engine.alerts.webhooks().await {
        Ok(webhooks) => webhooks,
        Err(error) => {
            tracing::error!(%error, "webhooks were not told of an alert");
            return;
        }
    };
    for webhook in webhooks.into_iter().filter(|webhook| webhook.enabled) {
        let Ok(place) = Arc::clone(room).try_acquire_owned() else {
            tracing::warn!(
                webhook.id,
                alert.id,
                "a webhook was not told of an alert: too many are under way"
            );
            continue;
        };
        let (panel, client, alert) = (panel.clone(), Arc::clone(client), alert.clone());
        tokio::spawn(async move {
            deliver(&panel, &client, &webhook, &alert, &PAUSES).await;
            drop(place);
        });
    }
}

/// Tries until it is taken, or nobody would take it any more; keeps what became of it.
pub(crate) async fn deliver(
    panel: &Panel,
    client: &Client,
    webhook: &Webhook,
    alert: &Alert,
    pauses: &[Duration],
) -> WebhookOutcome {
    let mut pauses = pauses.iter();
    let problem = loop {
        let Err(failure) = client.post(message::of(webhook, alert)).await else {
            break None;
        };
        match pauses.next().filter(|_| failure.is_passing) {
            Some(pause) => tokio::time::sleep(*pause).await,
            None => break Some(failure.message),
        }
    };
    let outcome = WebhookOutcome {
        at: engine::now_ms(),
        delivered: problem.is_none(),
        message: problem.unwrap_or_else(|| "It was taken.".to_owned()),
    };
    if !outcome.delivered {
        tracing::warn!(
            webhook.id,
            alert.id,
            "a webhook did not take an alert: {}",
            outcome.message
        );
    }
    if let Err(error) = panel.engine.alerts.told(webhook.id, outcome.clone()).await {
        tracing::error!(%error, webhook.id, "what became of a message was not kept");
    }
    outcome
}
