//! The wheel library: compiled packages that instances share, and the builder that makes new ones.
//!
//! # How it works
//! The library is the folder `wheels/` of the data directory; nothing else says what is in it. An instance's
//! selection is hard links in its own `wheels/`, which its script installs, and a record of those links, so that
//! wheels a person put there are never touched. A build is a job in an environment of its own below `tmp/builds/`.

mod builder;
mod library;
mod selection;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use types::instances::InstanceId;
use types::wheels::{BuildPreset, InstanceWheels, Wheel};

use crate::environments::Environments;
use crate::instances::Instances;
use crate::jobs::Jobs;
use crate::{Result, blocking};

pub use self::library::Upload;

/// Builds at the same time; a compiler takes every core and much memory.
const AT_ONCE: usize = 2;

/// Handle to the wheels.
#[derive(Clone)]
pub struct Wheels {
    instances: Instances,
    jobs: Jobs,
    slots: Arc<Semaphore>,
}

impl Wheels {
    /// Removes what builds of an earlier panel left.
    pub(crate) async fn open(instances: Instances, jobs: Jobs) -> Result<Self> {
        let wheels = Self {
            instances,
            jobs,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        };
        wheels.clear_builds().await?;
        Ok(wheels)
    }

    fn folder(&self) -> PathBuf {
        self.instances.data_dir().wheels()
    }

    /// Every wheel of the library, by name.
    pub async fn list(&self) -> Result<Vec<Wheel>> {
        let folder = self.folder();
        blocking(move || library::list(&folder)).await
    }

    /// Takes a wheel out of the library. Instances that selected it keep it until they deselect it.
    pub async fn delete(&self, filename: String) -> Result<()> {
        let folder = self.folder();
        blocking(move || library::delete(&folder, &filename)).await
    }

    /// Begins to receive a wheel.
    pub async fn upload(&self, filename: &str) -> Result<Upload> {
        Upload::begin(self.folder(), self.instances.data_dir().tmp(), filename).await
    }

    /// The library as an instance sees it, and the wheels it has of its own.
    pub async fn of_instance(&self, id: InstanceId) -> Result<InstanceWheels> {
        let workshop = self.instances.workshop(id).await?;
        let folder = self.folder();
        blocking(move || {
            let python = Environments::python_release(&workshop);
            selection::read(&folder, &workshop.dir, python.as_deref())
        })
        .await
    }

    /// Has an instance install these wheels of the library, and no others of it, from its next start on.
    pub async fn select(&self, id: InstanceId, filenames: Vec<String>) -> Result<InstanceWheels> {
        let workshop = self.instances.own_workshop(id).await?;
        let folder = self.folder();
        blocking(move || selection::write(&folder, &workshop.dir, &filenames)).await?;
        self.of_instance(id).await
    }

    /// Modules that are often built.
    pub fn presets(&self) -> Vec<BuildPreset> {
        BuildPreset::every()
    }
}
