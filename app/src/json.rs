//! JSON: by `serde_json` on the server, by the browser's own reader in browsers. A second reader would weigh
//! more there than most pages do.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A text that is no JSON, or not of the kind that was expected; says why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(String);

impl Unreadable {
    fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// Reads a value.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(Unreadable::new)
}

/// Writes a value.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, Unreadable> {
    serde_json::to_string(value).map_err(Unreadable::new)
}

/// Reads a value.
#[cfg(feature = "hydrate")]
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let value = js_sys::JSON::parse(text).map_err(|_| Unreadable::new("no JSON"))?;
    serde_wasm_bindgen::from_value(value).map_err(Unreadable::new)
}

/// Writes a value.
#[cfg(feature = "hydrate")]
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, Unreadable> {
    let value = value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(Unreadable::new)?;
    let text = js_sys::JSON::stringify(&value).map_err(|_| Unreadable::new("cannot be written as JSON"))?;
    Ok(text.into())
}
