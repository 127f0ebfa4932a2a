//! The catalogue: stock scripts embedded in the program, custom ones from the data directory.

use types::blueprints::Blueprint;

use crate::{Error, Result};

/// Handle to the catalogue.
#[derive(Clone)]
pub struct Blueprints {
    _private: (),
}

impl Blueprints {
    /// Every blueprint, by category and name; custom ones hide stock ones of the same file name.
    pub async fn list(&self) -> Result<Vec<Blueprint>> {
        Err(Error::Unfinished)
    }

    /// One blueprint, with or without `.sh`.
    pub async fn get(&self, filename: &str) -> Result<Blueprint> {
        Err(Error::UnknownBlueprint(filename.to_owned()))
    }
}
