//! Long work: answered at once, watched and cancelled later.

use types::jobs::{Job, JobId};

use crate::{Error, Result};

/// Handle to the jobs.
#[derive(Clone)]
pub struct Jobs {
    _private: (),
}

impl Jobs {
    /// Present and recent jobs, newest first.
    pub fn list(&self) -> Vec<Job> {
        Vec::new()
    }

    /// One job.
    pub fn get(&self, id: JobId) -> Result<Job> {
        Err(Error::UnknownJob(id))
    }

    /// Asks a job to end; it says so itself when it has.
    pub fn cancel(&self, id: JobId) -> Result<()> {
        Err(Error::UnknownJob(id))
    }
}
