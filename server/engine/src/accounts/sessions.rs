//! Sessions: 30 days from the last use.

use super::Accounts;
use super::secrets::{self, Digest};
use crate::{Result, clock, db};

const HOUR_MS: i64 = 60 * 60 * 1000;
const LIFETIME_MS: i64 = 30 * 24 * HOUR_MS;

/// A name for a secret by which nobody finds it, for logs.
pub fn short_name(secret: &str) -> String {
    Digest::of(secret).text().chars().take(8).collect()
}

impl Accounts {
    /// Whether a session secret is good now. Answers from memory, without a database read, once known.
    pub async fn session_is_valid(&self, secret: &str) -> Result<bool> {
        let digest = Digest::of(secret);
        if self.inner.known_sessions.get(&digest).is_some() {
            return Ok(true);
        }
        let now = clock::now_ms();
        let hash = digest.text();
        let expiry = db::accounts::session_expiry(self.inner.db.read(), &hash).await?;
        let Some(expires_at) = expiry.filter(|expiry| *expiry > now) else {
            self.inner.known_sessions.remove(&digest);
            return Ok(false);
        };
        if expires_at < now + LIFETIME_MS - HOUR_MS {
            db::accounts::touch_session(self.inner.db.write(), &hash, now, now + LIFETIME_MS).await?;
        }
        self.inner.known_sessions.put(digest, ());
        Ok(true)
    }

    /// Ends a session.
    pub async fn log_out(&self, secret: &str) -> Result<()> {
        let digest = Digest::of(secret);
        db::accounts::remove_session(self.inner.db.write(), &digest.text()).await?;
        self.inner.known_sessions.remove(&digest);
        Ok(())
    }

    /// Begins a session; returns its secret.
    pub(super) async fn new_session(&self) -> Result<String> {
        let secret = secrets::new("");
        let digest = Digest::of(&secret);
        let now = clock::now_ms();
        db::accounts::add_session(self.inner.db.write(), &digest.text(), now, now + LIFETIME_MS).await?;
        self.inner.known_sessions.put(digest, ());
        Ok(secret)
    }
}
