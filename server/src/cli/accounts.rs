//! `aikore password` and `aikore token`.

use super::Failure;
use crate::config::{DataDir, TokenVerb};

/// Sets a new password.
pub(super) async fn password(data: DataDir) -> Result<(), Failure> {
    let _ = data;
    Err(engine::Error::Unfinished.into())
}

/// Makes, lists or ends tokens.
pub(super) async fn token(verb: TokenVerb) -> Result<(), Failure> {
    let _ = verb;
    Err(engine::Error::Unfinished.into())
}
