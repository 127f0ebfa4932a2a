//! The task that looks.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use types::alerts::{Alert, AlertPhase, AlertRule, Condition};
use types::events::Event;
use types::instances::Instance;
use types::telemetry::Readings;

use super::conditions::{self, Names, Seen};
use super::state::{State, Step, step};
use super::{Shared, lock};
use crate::clock;
use crate::db::alerts;
use crate::instances::Instances;
use crate::telemetry::metrics;

/// A rule and a thing it watches.
type Key = (i64, String);

/// See the module.
pub(super) struct Watcher {
    shared: Arc<Shared>,
    instances: Instances,
    states: HashMap<Key, State>,
    firing: HashMap<Key, Alert>,
}

impl Watcher {
    /// `firing` is what an earlier panel left: it is ended when it is not so any more.
    pub(super) fn new(shared: Arc<Shared>, instances: Instances, firing: Vec<Alert>) -> Self {
        let key = |alert: &Alert| (alert.rule_id, alert.subject.clone());
        Self {
            states: firing.iter().map(|alert| (key(alert), State::Firing)).collect(),
            firing: firing.into_iter().map(|alert| (key(&alert), alert)).collect(),
            shared,
            instances,
        }
    }

    /// Looks until shutdown.
    pub(super) async fn run(
        mut self,
        mut readings: watch::Receiver<Arc<Readings>>,
        mut events: broadcast::Receiver<Event>,
    ) {
        let shutdown = self.shared.shutdown.clone();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = readings.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let readings = readings.borrow_and_update().clone();
                    self.look(Some(&readings)).await;
                }
                event = events.recv() => match event {
                    // What happens to an instance is told at once.
                    Ok(Event::Instance(_) | Event::InstanceRemoved(_)) | Err(RecvError::Lagged(_)) => self.look(None).await,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    /// Looks at everything, or without readings at what needs none.
    async fn look(&mut self, readings: Option<&Readings>) {
        let Ok(rows) = self.instances.list().await else {
            return;
        };
        let values = readings.map(metrics::values).unwrap_or_default();
        let names = Names::new(&rows, readings);
        let rules = self.shared.rules();
        for rule in &rules {
            let needs_values = !matches!(rule.condition, Condition::Crashed | Condition::Unhealthy);
            if needs_values && readings.is_none() {
                continue;
            }
            let seen = if rule.enabled {
                conditions::look(rule, &rows, &values, &names)
            } else {
                Vec::new()
            };
            self.follow(rule, seen, &rows).await;
        }
        // A rule that is gone has nothing to say any more.
        let gone: Vec<Key> = self
            .states
            .keys()
            .filter(|(id, _)| !rules.iter().any(|rule| rule.id == *id))
            .cloned()
            .collect();
        for key in gone {
            self.states.remove(&key);
            self.resolve(&key, None).await;
        }
        if let Err(error) = self.shared.end_silences().await {
            tracing::error!(%error, "a silence was not ended");
        }
        self.shared.recount();
    }

    async fn follow(&mut self, rule: &AlertRule, seen: Vec<Seen>, rows: &[Instance]) {
        let now = clock::now_ms();
        let for_ms = i64::from(rule.for_s) * 1000;
        let missing: Vec<Key> = self
            .states
            .keys()
            .filter(|(id, subject)| *id == rule.id && !seen.iter().any(|seen| seen.subject == *subject))
            .cloned()
            .collect();
        for seen in seen {
            let key = (rule.id, seen.subject.clone());
            if self.walk(&key, Some(seen.is_so), now, for_ms) == Step::Fire {
                self.fire(rule, seen, now).await;
            } else if !self.states.contains_key(&key) {
                self.resolve(&key, Some(rule)).await;
            }
        }
        for key in missing {
            // A rule that was switched off ends at once, and so does what happened to an instance that is gone.
            let state = if rule.enabled && !is_gone(&key.1, rows) {
                self.walk(&key, None, now, for_ms)
            } else {
                self.states.remove(&key);
                Step::Resolve
            };
            if state == Step::Resolve {
                self.resolve(&key, Some(rule)).await;
            }
        }
    }

    /// One step of one state; quiet ones are not kept.
    fn walk(&mut self, key: &Key, is_so: Option<bool>, now: i64, for_ms: i64) -> Step {
        let before = self.states.get(key).copied().unwrap_or_default();
        let (after, told) = step(before, is_so, now, for_ms);
        if after == State::Quiet {
            self.states.remove(key);
        } else {
            self.states.insert(key.clone(), after);
        }
        told
    }

    async fn fire(&mut self, rule: &AlertRule, seen: Seen, now: i64) {
        let alert = Alert {
            id: 0,
            rule_id: rule.id,
            rule: rule.name.clone(),
            subject: seen.subject.clone(),
            message: seen.message,
            phase: AlertPhase::Firing,
            began_at: now,
            ended_at: None,
            silenced: rule.is_silent(now),
        };
        let alert = self.store(alert).await;
        self.firing.insert((rule.id, seen.subject), alert.clone());
        self.tell(alert);
    }

    /// Ends an alert, where there is one.
    async fn resolve(&mut self, key: &Key, rule: Option<&AlertRule>) {
        let Some(mut alert) = self.firing.remove(key) else {
            return;
        };
        let now = clock::now_ms();
        alert.phase = AlertPhase::Resolved;
        alert.ended_at = Some(now);
        alert.silenced |= rule.is_some_and(|rule| rule.is_silent(now));
        let alert = self.store(alert).await;
        self.tell(alert);
    }

    /// One that cannot be stored is told all the same.
    async fn store(&self, alert: Alert) -> Alert {
        match alerts::put_alert(self.shared.db.write(), alert.clone()).await {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!(%error, "an alert was not stored");
                alert
            }
        }
    }

    /// Who hears of it finds it in the list of what is so now, or finds it gone.
    fn tell(&self, alert: Alert) {
        tracing::info!(alert.id = alert.id, phase = ?alert.phase, "{}", alert.message);
        let mut firing: Vec<Alert> = self.firing.values().cloned().collect();
        firing.sort_by_key(|alert| (alert.began_at, alert.id));
        *lock(&self.shared.firing) = firing;
        self.shared.changed();
        let _ = self.shared.news.send(alert);
    }
}

/// Whether a subject is an instance that there is no more.
fn is_gone(subject: &str, rows: &[Instance]) -> bool {
    subject
        .strip_prefix("instance:")
        .is_some_and(|id| !rows.iter().any(|row| row.id.to_string() == id))
}
