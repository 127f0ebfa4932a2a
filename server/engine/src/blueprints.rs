//! The catalogue: stock scripts embedded in the program, custom ones from the data directory.
//!
//! # How it works
//! A script is looked for in three places, and the first that has it wins: the data directory's
//! `blueprints/`, the overlay directory of the configuration, the program itself. Directories are read each
//! time: they are small, and an edited script counts at once. What scripts build upon (`functions.sh`,
//! `versions.env`, constraints, demo apps) is written to [`Blueprints::support_dir`] when the panel starts.

mod catalogue;
mod derived;
mod managed;
pub(crate) mod metadata;
mod results;
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalogue::Catalogue;
pub use managed::Saved;
pub use results::with_results;
use types::blueprints::Blueprint;

use crate::data_dir::DataDir;
use crate::{Result, blocking};

/// Handle to the catalogue.
#[derive(Clone)]
pub struct Blueprints {
    catalogue: Arc<Catalogue>,
    support: Arc<Path>,
    /// The directory of custom scripts.
    custom: Arc<Path>,
}

impl Blueprints {
    /// Reads the stock and writes the support files.
    pub(crate) async fn open(dir: &DataDir, overlay: Option<PathBuf>) -> Result<Self> {
        let support = dir.sd_install();
        let catalogue = Catalogue::new(dir.blueprints(), overlay.clone());
        let target = support.clone();
        blocking(move || support::write(&target, overlay.as_deref())).await?;
        Ok(Self {
            catalogue: Arc::new(catalogue),
            support: support.into(),
            custom: dir.blueprints().into(),
        })
    }

    /// Every blueprint, by category and name; custom ones hide stock ones of the same file name.
    pub async fn list(&self) -> Result<Vec<Blueprint>> {
        let catalogue = Arc::clone(&self.catalogue);
        blocking(move || Ok(catalogue.list())).await
    }

    /// One blueprint, with or without `.sh`.
    pub async fn get(&self, filename: &str) -> Result<Blueprint> {
        Ok(self.read(filename).await?.0)
    }

    /// The script as it is copied to `launch.sh`: with Unix line ends, whatever it was written with.
    pub async fn script(&self, filename: &str) -> Result<Vec<u8>> {
        Ok(self.read(filename).await?.1)
    }

    /// One blueprint and its script.
    pub(crate) async fn read(&self, filename: &str) -> Result<(Blueprint, Vec<u8>)> {
        let (catalogue, filename) = (Arc::clone(&self.catalogue), filename.to_owned());
        blocking(move || catalogue.read(&filename)).await
    }

    /// Where `functions.sh` and its like lie (`SD_INSTALL_DIR`).
    pub fn support_dir(&self) -> &Path {
        &self.support
    }
}
