//! API tokens, for scripts.

use types::accounts::{ApiToken, NewApiToken};
use types::names::NAME_MAX_CHARS;

use super::Accounts;
use super::secrets::{self, Digest};
use crate::{Error, Result, clock, db};

/// What a token begins with, so that people and secret scanners know one when they see it.
const PREFIX: &str = "aik_";

impl Accounts {
    /// Whether an API token is good. Answers from memory, without a database read, once known.
    pub async fn token_is_valid(&self, secret: &str) -> Result<bool> {
        if !secret.starts_with(PREFIX) {
            return Ok(false);
        }
        let digest = Digest::of(secret);
        if self.inner.known_tokens.get(&digest).is_some() {
            return Ok(true);
        }
        let found = db::accounts::token_by_hash(self.inner.db.read(), &digest.text()).await?;
        let Some(id) = found else {
            self.inner.known_tokens.remove(&digest);
            return Ok(false);
        };
        db::accounts::touch_token(self.inner.db.write(), id, clock::now_ms()).await?;
        self.inner.known_tokens.put(digest, id);
        Ok(true)
    }

    /// What a token is called.
    pub async fn token_name(&self, secret: &str) -> Result<Option<String>> {
        let hash = Digest::of(secret).text();
        let id = db::accounts::token_by_hash(self.inner.db.read(), &hash).await?;
        let tokens = db::accounts::tokens(self.inner.db.read()).await?;
        let token = tokens.into_iter().find(|token| Some(token.id) == id);
        Ok(token.map(|token| token.name))
    }

    /// Every API token, newest first.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>> {
        Ok(db::accounts::tokens(self.inner.db.read()).await?)
    }

    /// Makes an API token.
    pub async fn new_token(&self, name: &str) -> Result<NewApiToken> {
        let name = name.trim();
        let chars = name.chars().count();
        if chars == 0 || chars > NAME_MAX_CHARS || name.chars().any(char::is_control) {
            return Err(Error::InvalidField {
                field: "name",
                problem: format!("Give the token a name of 1 to {NAME_MAX_CHARS} visible characters."),
            });
        }
        let secret = secrets::new(PREFIX);
        let hash = Digest::of(&secret).text();
        let token = db::accounts::add_token(self.inner.db.write(), name, &hash, clock::now_ms()).await?;
        Ok(NewApiToken { token, secret })
    }

    /// Ends an API token.
    pub async fn revoke_token(&self, id: i64) -> Result<()> {
        let removed = db::accounts::remove_token(self.inner.db.write(), id).await?;
        self.inner.known_tokens.clear();
        if removed {
            Ok(())
        } else {
            Err(Error::UnknownToken(id))
        }
    }
}
