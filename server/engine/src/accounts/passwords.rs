//! Hashing passwords: slow on purpose, so beside the runtime's threads and one at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version, password_hash};
use tokio::sync::Semaphore;
use types::accounts::PASSWORD_MIN_CHARS;

use crate::{Error, Result, blocking};

/// Hashes at the same time: each takes a core for some 30 ms.
const AT_ONCE: usize = 1;
/// Memory of one hash. As strong as the usual 19 MiB and two passes, and the allocator keeps less of it.
const MEMORY_KIB: u32 = 9 * 1024;
const PASSES: u32 = 4;
/// Longer input is no password but a burden.
const MAX_BYTES: usize = 1024;

/// The argon2id hasher.
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Passwords {
    /// The hash of a new password, with its salt and parameters inside.
    pub(super) async fn hash(&self, password: &str) -> Result<String> {
        if password.chars().count() < PASSWORD_MIN_CHARS {
            return Err(Error::PasswordTooShort(PASSWORD_MIN_CHARS));
        }
        if password.len() > MAX_BYTES {
            return Err(unusable("It is longer than 1,024 bytes; choose a shorter one."));
        }
        let password = password.to_owned();
        self.in_turn(move || {
            let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(failed)?;
            let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| failed(error.into()))?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let hash = argon2.hash_password(password.as_bytes(), &salt);
            Ok(hash.map_err(failed)?.to_string())
        })
        .await
    }

    /// Whether a password is the one of the hash; takes the same time either way.
    pub(super) async fn verify(&self, password: &str, hash: &str) -> Result<bool> {
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        let (password, hash) = (password.to_owned(), hash.to_owned());
        self.in_turn(move || {
            let hash = PasswordHash::new(&hash).map_err(failed)?;
            match Argon2::default().verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::Password) => Ok(false),
                Err(error) => Err(failed(error)),
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| Error::ShuttingDown)?;
        blocking(move || {
            let _turn = turn; // kept even if the asker goes away: the work goes on
            work()
        })
        .await
    }
}

fn unusable(problem: &str) -> Error {
    Error::InvalidField {
        field: "password",
        problem: problem.to_owned(),
    }
}

fn failed(error: password_hash::Error) -> Error {
    tracing::error!(%error, "hashing a password failed");
    unusable("It could not be processed; set a new one with `aikore password`.")
}
