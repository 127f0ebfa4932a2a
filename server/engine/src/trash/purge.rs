//! Removing by itself what has lain in the trash for long; off unless somebody wants it.

use std::time::Duration;

use types::trash::{PURGE_DAYS_MAX, TrashKind, TrashSettings};

use super::{Found, Trash};
use crate::{Error, Result, clock, db};

/// Where the choice is stored; the word for "never" is stored too, as it may differ from the default.
const KEY: &str = "trash_purge_days";
const NEVER: &str = "never";
/// Between two looks.
const INTERVAL: Duration = Duration::from_hours(1);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Trash {
    /// After how many days instances are removed for good; none = never.
    pub async fn purge_days(&self) -> Result<Option<u32>> {
        let stored = db::settings::get(self.inner.db.read(), KEY).await?;
        Ok(match stored.as_deref() {
            None => self.inner.default_days,
            Some(text) => text.parse().ok(),
        })
    }

    /// Chooses it, and removes at once what is older.
    pub async fn set(&self, settings: TrashSettings) -> Result<TrashSettings> {
        let text = match settings.purge_days {
            None => NEVER.to_owned(),
            Some(days @ 1..=PURGE_DAYS_MAX) => days.to_string(),
            Some(_) => {
                return Err(Error::InvalidField {
                    field: "purge_days",
                    problem: format!("Choose a number of days from 1 to {PURGE_DAYS_MAX}, or none."),
                });
            }
        };
        db::settings::put(self.inner.db.write(), KEY, &text).await?;
        tracing::info!(purge_days = %text, "when things leave the trash was changed");
        self.inner.changed.notify_one();
        Ok(settings)
    }

    /// Looks now, every hour, and when the choice changes.
    pub(super) fn look_after(&self) {
        let trash = self.clone();
        let shutdown = self.inner.shutdown.clone();
        self.inner.tasks.spawn(async move {
            loop {
                if let Err(error) = trash.purge().await {
                    tracing::error!(%error, "the trash could not be looked through for old things");
                }
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = trash.inner.changed.notified() => {}
                    () = tokio::time::sleep(INTERVAL) => {}
                }
            }
        });
    }

    async fn purge(&self) -> Result<()> {
        let Some(days) = self.purge_days().await? else {
            return Ok(());
        };
        let limit = clock::now_ms() - i64::from(days) * DAY_MS;
        let old: Vec<Found> = self
            .ours()
            .await?
            .into_iter()
            .filter(|found| found.kind == TrashKind::Instance && found.deleted_at() <= limit)
            .collect();
        if !old.is_empty() {
            let title = format!("Removing from the trash what is older than {days} days");
            self.remove(title, old, "it was older than the days that are kept")
                .await?;
        }
        Ok(())
    }
}
