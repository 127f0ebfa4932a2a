//! Random secrets, what is kept of them, and which are known to be good.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::Digest as _;

/// Good secrets that are remembered at most; beyond that, all are asked for anew.
const KNOWN_MAX: usize = 1024;

/// A new secret of 32 random bytes, after a prefix that says what it is.
pub(crate) fn new(prefix: &str) -> String {
    let bytes: [u8; 32] = rand::random();
    format!("{prefix}{}", hex(&bytes))
}

/// The SHA-256 of a secret. Comparing digests tells nothing about the secret, whatever time it takes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// Of a secret as it was sent.
    pub(crate) fn of(secret: &str) -> Self {
        Self(sha2::Sha256::digest(secret.as_bytes()).into())
    }

    /// As the database keeps it.
    pub(crate) fn text(&self) -> String {
        hex(&self.0)
    }
}

/// Two digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The 32 bytes behind 64 digits.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Secrets that were good a moment ago, and what they stand for.
pub(super) struct Known<T> {
    believed_for: Duration,
    entries: Mutex<HashMap<Digest, (Instant, T)>>,
}

impl<T: Clone> Known<T> {
    /// Knows nothing yet.
    pub(crate) fn new(believed_for: Duration) -> Self {
        Self {
            believed_for,
            entries: Mutex::default(),
        }
    }

    /// What a secret stands for, if it was good just now.
    pub(super) fn get(&self, digest: &Digest) -> Option<T> {
        let entries = self.lock();
        let (since, value) = entries.get(digest)?;
        (since.elapsed() < self.believed_for).then(|| value.clone())
    }

    /// Remembers a good secret.
    pub(super) fn put(&self, digest: Digest, value: T) {
        let mut entries = self.lock();
        if entries.len() >= KNOWN_MAX {
            entries.clear();
        }
        entries.insert(digest, (Instant::now(), value));
    }

    /// Forgets one.
    pub(super) fn remove(&self, digest: &Digest) {
        self.lock().remove(digest);
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, (Instant, T)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
