//! Links that show a desktop to whoever has them, until they expire; looking is all they allow.

use types::desktops::{NewShare, SHARE_SECONDS_MAX, Share};
use types::instances::InstanceId;

use super::Desktops;
use crate::accounts::secrets::{self, Digest};
use crate::{Error, Result, clock, db};

/// What a secret begins with, so that people and secret scanners know one when they see it.
const PREFIX: &str = "aikw_";

impl Desktops {
    /// Makes a link that is good for so many seconds.
    pub async fn share(&self, id: InstanceId, seconds: i64) -> Result<NewShare> {
        let row = self.instances.get(id).await?;
        if !(60..=SHARE_SECONDS_MAX).contains(&seconds) {
            return Err(Error::InvalidField {
                field: "seconds",
                problem: "A link to a desktop is good for a minute to 30 days.".to_owned(),
            });
        }
        let secret = secrets::new(PREFIX);
        let (hash, now) = (Digest::of(&secret).text(), clock::now_ms());
        let share = db::shares::add(self.db.write(), id, &hash, now, now + seconds * 1000).await?;
        let path = format!("{}desktop/?share={secret}#shared", row.proxy_path());
        Ok(NewShare { share, path })
    }

    /// The links to a desktop that are still good, newest first.
    pub async fn shares(&self, id: InstanceId) -> Result<Vec<Share>> {
        self.instances.get(id).await?;
        Ok(db::shares::of_instance(self.db.read(), id, clock::now_ms()).await?)
    }

    /// Ends a link.
    pub async fn end_share(&self, id: InstanceId, share: i64) -> Result<()> {
        if db::shares::remove(self.db.write(), id, share).await? {
            Ok(())
        } else {
            Err(Error::UnknownShare(share))
        }
    }

    /// Until when a secret shows the desktop of an instance, Unix milliseconds; none when it does not.
    pub async fn shown_until(&self, id: InstanceId, secret: &str) -> Result<Option<i64>> {
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let found = db::shares::by_hash(self.db.read(), &Digest::of(secret).text()).await?;
        let good = found.filter(|(share, of)| *of == id && share.expires_at > clock::now_ms());
        Ok(good.map(|(share, _)| share.expires_at))
    }
}
