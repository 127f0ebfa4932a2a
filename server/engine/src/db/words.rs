//! Enumerations of `types` as the words they are on the wire, so that the database reads like the API.

use sea_orm::DbErr;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The word of a value.
pub(crate) fn word(value: impl Serialize) -> Result<String, DbErr> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(DbErr::Type(format!("not a word: {other:?}"))),
    }
}

/// The value of a word.
pub(crate) fn value<T: DeserializeOwned>(word: String) -> Result<T, DbErr> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| DbErr::Type(error.to_string()))
}
