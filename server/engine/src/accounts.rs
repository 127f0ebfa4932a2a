//! Who may use the panel: one password, sessions in the database, API tokens.
//!
//! # How it works
//! Secrets (of sessions, tokens, the setup link) are random; only their SHA-256 is kept, so a stolen database
//! opens nothing. A secret that was found good is remembered for some seconds: most requests need no query,
//! and what `aikore password` or `aikore token` change beside a running panel still counts soon.

mod limits;
mod passwords;
pub(crate) mod secrets;
mod sessions;
mod tokens;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use limits::Limits;
use passwords::Passwords;
use secrets::{Digest, Known};
pub use sessions::short_name;

use crate::data_dir::DataDir;
use crate::db::{self, Database};
use crate::{Error, Result};

/// Key of the password's hash among the settings.
const PASSWORD: &str = "account.password";
/// Key of the key that marks the apps' cookies, as hexadecimal digits.
const COOKIE_KEY: &str = "account.cookie_key";
/// How long a good secret is believed without asking the database.
const BELIEVED_FOR: Duration = Duration::from_secs(10);

/// Handle to the accounts.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    db: Database,
    passwords: Passwords,
    limits: Mutex<Limits>,
    cookie_key: [u8; 32],
    /// Of the present setup link.
    setup: Mutex<Option<Digest>>,
    known_sessions: Known<()>,
    known_tokens: Known<i64>,
}

impl Accounts {
    /// The accounts of an opened database.
    pub(crate) async fn new(db: Database) -> Result<Self> {
        let cookie_key = cookie_key(&db).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                db,
                cookie_key,
                passwords: Passwords::default(),
                limits: Mutex::default(),
                setup: Mutex::default(),
                known_sessions: Known::new(BELIEVED_FOR),
                known_tokens: Known::new(BELIEVED_FOR),
            }),
        })
    }

    /// The accounts of a data directory, also beside a panel that runs on it: for the command line.
    pub async fn open(data_dir: &Path) -> Result<Self> {
        let dir = DataDir::create(data_dir)?;
        Self::new(db::open(&dir.database()).await?).await
    }

    /// Proves which cookies an app set itself; the same as long as the data directory is.
    pub fn cookie_key(&self) -> &[u8; 32] {
        &self.inner.cookie_key
    }

    /// Whether a password has been chosen.
    pub async fn is_set_up(&self) -> Result<bool> {
        Ok(self.password_hash().await?.is_some())
    }

    /// Makes the one-time secret of the setup link; none when a password is set. An earlier one ends.
    pub async fn new_setup_token(&self) -> Result<Option<String>> {
        if self.is_set_up().await? {
            return Ok(None);
        }
        let secret = secrets::new("");
        *self.setup() = Some(Digest::of(&secret));
        Ok(Some(secret))
    }

    /// Whether a setup secret is the present one; does not use it up.
    pub async fn check_setup_token(&self, token: &str) -> Result<()> {
        if self.is_set_up().await? {
            return Err(Error::AlreadySetUp);
        }
        if *self.setup() == Some(Digest::of(token)) {
            Ok(())
        } else {
            Err(Error::BadSetupToken)
        }
    }

    /// Sets the first password and uses up the setup secret. Returns a session secret for the cookie.
    pub async fn set_up(&self, token: &str, password: &str) -> Result<String> {
        self.check_setup_token(token).await?;
        let hash = self.inner.passwords.hash(password).await?;
        // Of two that come at once, the one that takes the secret wins.
        if self
            .setup()
            .take_if(|present| *present == Digest::of(token))
            .is_none()
        {
            return Err(Error::BadSetupToken);
        }
        db::settings::put(self.inner.db.write(), PASSWORD, &hash).await?;
        self.new_session().await
    }

    /// Checks a password; `client` (an address) is what the rate limit counts by. Returns a session secret.
    pub async fn log_in(&self, password: &str, client: &str) -> Result<String> {
        // Counted before it is checked, so that attempts at the same time count too.
        let wait = self.limits(|limits| limits.attempt(client, Instant::now()));
        if let Some(wait) = wait {
            return Err(Error::TooManyAttempts {
                seconds: wait.as_secs().max(1),
            });
        }
        let good = match self.password_hash().await? {
            Some(hash) => self.inner.passwords.verify(password, &hash).await?,
            None => false,
        };
        if !good {
            return Err(Error::WrongPassword);
        }
        self.limits(|limits| limits.succeeded(client));
        self.new_session().await
    }

    /// Sets a new password without asking for the old one and ends every session (`aikore password`).
    pub async fn reset_password(&self, password: &str) -> Result<()> {
        let hash = self.inner.passwords.hash(password).await?;
        let transaction = self.inner.db.begin().await?;
        db::settings::put(&transaction, PASSWORD, &hash).await?;
        db::accounts::remove_sessions(&transaction).await?;
        transaction.commit().await?;
        self.inner.known_sessions.clear();
        self.setup().take();
        Ok(())
    }

    async fn password_hash(&self) -> Result<Option<String>> {
        Ok(db::settings::get(self.inner.db.read(), PASSWORD).await?)
    }

    fn setup(&self) -> std::sync::MutexGuard<'_, Option<Digest>> {
        self.inner.setup.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits<T>(&self, act: impl FnOnce(&mut Limits) -> T) -> T {
        act(&mut self.inner.limits.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;

/// The kept key, or a new one.
async fn cookie_key(db: &Database) -> Result<[u8; 32]> {
    let kept = db::settings::get(db.read(), COOKIE_KEY).await?;
    if let Some(key) = kept.as_deref().and_then(secrets::unhex) {
        return Ok(key);
    }
    let key: [u8; 32] = rand::random();
    db::settings::put(db.write(), COOKIE_KEY, &secrets::hex(&key)).await?;
    Ok(key)
}
