//! Alerts: rules that watch the readings, what they found, and who is told.
//!
//! # How it works
//! One task, the watcher, looks at every reading and at every change of an instance. For each rule and each thing it
//! watches there is a state; what begins or ends is stored, told to everybody who follows, and handed to who
//! delivers it to webhooks. The task is the only writer of alerts; rules and webhooks change through the handle.

mod conditions;
mod state;
mod watcher;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use types::alerts::{Alert, AlertRule, Condition, Silence, Webhook, WebhookOutcome};

use self::watcher::Watcher;
use crate::db::{Database, alerts};
use crate::events::Events;
use crate::instances::Instances;
use crate::telemetry::{Telemetry, metrics};
use crate::{Error, Result, clock};

/// Alerts kept for a slow follower; one that falls further behind misses some.
const CAPACITY: usize = 256;
/// Rules and webhooks there may be of each.
const MOST: usize = 100;
/// The longest name.
const NAME: usize = 100;

/// Handle to the alerts.
#[derive(Clone)]
pub struct Alerts {
    shared: Arc<Shared>,
}

/// All that every page shows of the alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many things are so now that nobody has silenced.
    pub count: u32,
    /// When one began or ended, or the count changed, Unix milliseconds.
    pub changed_at: i64,
}

/// What the handle and the watcher share.
struct Shared {
    db: Database,
    rules: Mutex<Vec<AlertRule>>,
    /// What is so now, oldest first; the watcher writes it.
    firing: Mutex<Vec<Alert>>,
    tally: watch::Sender<Tally>,
    news: broadcast::Sender<Alert>,
    shutdown: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
    /// One change of rules or webhooks at a time.
    changes: tokio::sync::Mutex<()>,
}

impl Alerts {
    /// Begins to watch.
    pub(crate) async fn open(
        db: Database,
        telemetry: &Telemetry,
        instances: Instances,
        events: &Events,
    ) -> Result<Self> {
        let rules = alerts::rules(db.read()).await?;
        let firing = alerts::firing(db.read()).await?;
        let shared = Arc::new(Shared {
            db,
            rules: Mutex::new(rules),
            firing: Mutex::new(firing.clone()),
            tally: watch::Sender::new(Tally::default()),
            news: broadcast::Sender::new(CAPACITY),
            shutdown: CancellationToken::new(),
            task: Mutex::default(),
            changes: tokio::sync::Mutex::default(),
        });
        shared.changed();
        let watcher = Watcher::new(Arc::clone(&shared), instances, firing);
        let task = tokio::spawn(watcher.run(telemetry.follow(), events.subscribe()));
        if let Ok(mut slot) = shared.task.lock() {
            *slot = Some(task);
        }
        Ok(Self { shared })
    }

    /// What begins and ends from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Alert> {
        self.shared.news.subscribe()
    }

    /// What is so now, oldest first.
    pub fn firing(&self) -> Vec<Alert> {
        lock(&self.shared.firing).clone()
    }

    /// How many there are, and every change of that.
    pub fn tally(&self) -> watch::Receiver<Tally> {
        self.shared.tally.subscribe()
    }

    /// What was found, newest first; at most so many.
    pub async fn list(&self, most: u64) -> Result<Vec<Alert>> {
        Ok(alerts::alerts(self.shared.db.read(), most).await?)
    }

    /// Every rule.
    pub fn rules(&self) -> Vec<AlertRule> {
        self.shared.rules()
    }

    /// Adds a rule (number 0) or changes one.
    pub async fn put_rule(&self, mut rule: AlertRule) -> Result<AlertRule> {
        rule.name = name(&rule.name)?;
        check(&rule)?;
        let _turn = self.shared.changes.lock().await;
        let known = self.shared.rules();
        if rule.id != 0 && !known.iter().any(|one| one.id == rule.id) {
            return Err(Error::UnknownRule(rule.id));
        }
        room(known.len(), rule.id)?;
        self.shared.store(rule).await
    }

    /// Tells nobody about a rule for a while. The looking goes on, and all it finds is in the list.
    pub async fn silence(&self, id: i64, silence: Silence) -> Result<AlertRule> {
        let _turn = self.shared.changes.lock().await;
        let known = self.shared.rules();
        let rule = known.into_iter().find(|rule| rule.id == id);
        let mut rule = rule.ok_or(Error::UnknownRule(id))?;
        let is_over = !self.firing().iter().any(|alert| alert.rule_id == id);
        if silence == Silence::UntilOver && is_over {
            return Err(Error::InvalidField {
                field: "until_over",
                problem: format!(
                    "Nothing that “{}” watches for is so now; choose how long.",
                    rule.name
                ),
            });
        }
        rule.silent_until_over = silence == Silence::UntilOver;
        rule.silent_until = match silence {
            Silence::Seconds(seconds @ 1..) => Some(clock::now_ms() + i64::from(seconds) * 1000),
            Silence::Seconds(0) | Silence::UntilOver => None,
        };
        self.shared.store(rule).await
    }

    /// Forgets a rule; what it found stays in the list.
    pub async fn delete_rule(&self, id: i64) -> Result<()> {
        let _turn = self.shared.changes.lock().await;
        if !self.shared.rules().iter().any(|rule| rule.id == id) {
            return Err(Error::UnknownRule(id));
        }
        alerts::delete_rule(self.shared.db.write(), id).await?;
        self.shared.read_rules().await
    }

    /// Everybody who is told, with their whole addresses: for who delivers. People see [`Webhook::concealed`] ones.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>> {
        Ok(alerts::webhooks(self.shared.db.read()).await?)
    }

    /// Adds a webhook (number 0) or changes one. An address that is the concealed one of before stays as it was.
    pub async fn put_webhook(&self, mut webhook: Webhook) -> Result<Webhook> {
        webhook.name = name(&webhook.name)?;
        let _turn = self.shared.changes.lock().await;
        let known = self.webhooks().await?;
        room(known.len(), webhook.id)?;
        let before = known.into_iter().find(|one| one.id == webhook.id);
        if webhook.id != 0 && before.is_none() {
            return Err(Error::UnknownWebhook(webhook.id));
        }
        webhook.last = before.as_ref().and_then(|before| before.last.clone());
        if let Some(before) = before.filter(|before| before.concealed().url == webhook.url) {
            webhook.url = before.url;
        }
        webhook.check().map_err(|problem| Error::InvalidField {
            field: "url",
            problem: problem.to_owned(),
        })?;
        Ok(alerts::put_webhook(self.shared.db.write(), webhook).await?)
    }

    /// Keeps what became of a message.
    pub async fn told(&self, id: i64, outcome: WebhookOutcome) -> Result<()> {
        let _turn = self.shared.changes.lock().await;
        let known = self.webhooks().await?;
        if let Some(mut webhook) = known.into_iter().find(|one| one.id == id) {
            webhook.last = Some(outcome);
            alerts::put_webhook(self.shared.db.write(), webhook).await?;
        }
        Ok(())
    }

    /// Tells somebody nothing any more.
    pub async fn delete_webhook(&self, id: i64) -> Result<()> {
        let _turn = self.shared.changes.lock().await;
        if !self.webhooks().await?.iter().any(|one| one.id == id) {
            return Err(Error::UnknownWebhook(id));
        }
        Ok(alerts::delete_webhook(self.shared.db.write(), id).await?)
    }

    /// Ends the watcher.
    pub(crate) async fn shutdown(&self) {
        self.shared.shutdown.cancel();
        let task = self.shared.task.lock().ok().and_then(|mut slot| slot.take());
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the alerts failed");
        }
    }
}

impl Shared {
    fn rules(&self) -> Vec<AlertRule> {
        lock(&self.rules).clone()
    }

    /// Writes a rule down; whoever calls holds `changes`.
    async fn store(&self, rule: AlertRule) -> Result<AlertRule> {
        let rule = alerts::put_rule(self.db.write(), rule).await?;
        self.read_rules().await?;
        Ok(rule)
    }

    async fn read_rules(&self) -> Result<()> {
        let rules = alerts::rules(self.db.read()).await?;
        *lock(&self.rules) = rules;
        self.recount();
        Ok(())
    }

    /// Ends the silence of rules that were silent until all they found is over, once it is.
    async fn end_silences(&self) -> Result<()> {
        let is_over = |rule: &AlertRule| {
            rule.silent_until_over && !lock(&self.firing).iter().any(|alert| alert.rule_id == rule.id)
        };
        if !self.rules().iter().any(is_over) {
            return Ok(());
        }
        let _turn = self.changes.lock().await;
        for mut rule in self.rules().into_iter().filter(is_over) {
            rule.silent_until_over = false;
            self.store(rule).await?;
        }
        // Who looked between the end of the last alert and now has seen a silence that is over.
        self.changed();
        Ok(())
    }

    /// Counts again, where a silence may have begun or ended.
    fn recount(&self) {
        let count = self.loud();
        self.tally.send_if_modified(|tally| tally.recount(count));
    }

    /// Counts again, after an alert or a silence began or ended by itself.
    fn changed(&self) {
        let count = self.loud();
        self.tally.send_modify(|tally| {
            tally.recount(count);
            tally.changed_at = clock::now_ms();
        });
    }

    /// What nobody has silenced. A rule that is gone silences nothing.
    fn loud(&self) -> u32 {
        let (rules, now) = (self.rules(), clock::now_ms());
        let is_silent = |alert: &Alert| {
            let rule = rules.iter().find(|rule| rule.id == alert.rule_id);
            rule.is_some_and(|rule| rule.is_silent(now))
        };
        let loud = lock(&self.firing)
            .iter()
            .filter(|alert| !is_silent(alert))
            .count();
        u32::try_from(loud).unwrap_or(u32::MAX)
    }
}

impl Tally {
    fn recount(&mut self, count: u32) -> bool {
        let is_other = self.count != count;
        if is_other {
            let changed_at = clock::now_ms();
            *self = Self { count, changed_at };
        }
        is_other
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(text: &str) -> Result<String> {
    let name = text.trim();
    let is_good = !name.is_empty() && name.chars().count() <= NAME && !name.chars().any(char::is_control);
    if is_good {
        return Ok(name.to_owned());
    }
    Err(Error::InvalidField {
        field: "name",
        problem: format!("A name has 1 to {NAME} visible characters."),
    })
}

fn room(count: usize, id: i64) -> Result<()> {
    if id != 0 || count < MOST {
        return Ok(());
    }
    Err(Error::InvalidField {
        field: "name",
        problem: format!("There are {MOST} already; delete one first."),
    })
}

fn check(rule: &AlertRule) -> Result<()> {
    let unfit = |what: &str| {
        Err(Error::InvalidField {
            field: "subject",
            problem: format!(
                "“{}” has no {what}; choose something that has, or everything.",
                rule.subject
            ),
        })
    };
    let (Condition::Above { metric, threshold } | Condition::Below { metric, threshold }) = &rule.condition
    else {
        let is_instance = rule.subject.is_empty() || rule.subject.starts_with("instance:");
        return if is_instance { Ok(()) } else { unfit("app") };
    };
    if metrics::known(metric).is_none() {
        return Err(Error::InvalidField {
            field: "metric",
            problem: format!(
                "“{metric}” is not measured; choose one of {}.",
                metrics::names().join(", ")
            ),
        });
    }
    if !metrics::applies(metric, &rule.subject) {
        return unfit(&metrics::words(metric));
    }
    if !threshold.is_finite() {
        return Err(Error::InvalidField {
            field: "threshold",
            problem: "The threshold is no number.".to_owned(),
        });
    }
    Ok(())
}
