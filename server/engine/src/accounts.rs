//! Who may use the panel: one password, sessions in the database, API tokens.

use types::accounts::{ApiToken, NewApiToken};

use crate::{Error, Result};

/// Handle to the accounts.
#[derive(Clone)]
pub struct Accounts {
    _db: crate::db::Database,
}

impl Accounts {
    pub(crate) fn new(db: crate::db::Database) -> Self {
        Self { _db: db }
    }

    /// Whether a password has been chosen.
    pub async fn is_set_up(&self) -> Result<bool> {
        Err(Error::Unfinished)
    }

    /// Makes the one-time secret of the setup link; none when a password is set. An earlier one ends.
    pub async fn new_setup_token(&self) -> Result<Option<String>> {
        Err(Error::Unfinished)
    }

    /// Whether a setup secret is the present one; does not use it up.
    pub async fn check_setup_token(&self, token: &str) -> Result<()> {
        let _ = token;
        Err(Error::Unfinished)
    }

    /// Sets the first password and uses up the setup secret. Returns a session secret for the cookie.
    pub async fn set_up(&self, token: &str, password: &str) -> Result<String> {
        let _ = (token, password);
        Err(Error::Unfinished)
    }

    /// Checks a password; `client` (an address) is what the rate limit counts by. Returns a session secret.
    pub async fn log_in(&self, password: &str, client: &str) -> Result<String> {
        let _ = (password, client);
        Err(Error::Unfinished)
    }

    /// Whether a session secret is good now. Answers from memory, without a database read, once known.
    pub async fn session_is_valid(&self, secret: &str) -> Result<bool> {
        let _ = secret;
        Err(Error::Unfinished)
    }

    /// Ends a session.
    pub async fn log_out(&self, secret: &str) -> Result<()> {
        let _ = secret;
        Err(Error::Unfinished)
    }

    /// Sets a new password without asking for the old one and ends every session (`aikore password`).
    pub async fn reset_password(&self, password: &str) -> Result<()> {
        let _ = password;
        Err(Error::Unfinished)
    }

    /// Whether an API token is good. Answers from memory, without a database read, once known.
    pub async fn token_is_valid(&self, secret: &str) -> Result<bool> {
        let _ = secret;
        Err(Error::Unfinished)
    }

    /// Every API token, newest first.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>> {
        Err(Error::Unfinished)
    }

    /// Makes an API token.
    pub async fn new_token(&self, name: &str) -> Result<NewApiToken> {
        let _ = name;
        Err(Error::Unfinished)
    }

    /// Ends an API token.
    pub async fn revoke_token(&self, id: i64) -> Result<()> {
        let _ = id;
        Err(Error::Unfinished)
    }
}
