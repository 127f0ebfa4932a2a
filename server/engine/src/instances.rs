//! Instances: configuration, supervision, logs.
//!
//! # How it works
//! [`Instances`] is a handle. Configuration lives in the database; the supervisor task owns the runs and
//! publishes each row on the bus whenever something of it changes.

use tokio::io::{AsyncRead, AsyncWrite};
use types::instances::{
    ChangePreview, DeleteMode, DeletePreview, Instance, InstanceChange, InstanceId, NewInstance,
};
use types::jobs::Job;
use types::logs::{LogChunk, Run};

use crate::{Error, Result};

/// A connection to an app, whatever carries it.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Duplex for T {}

/// A followed log: pieces as they are written.
pub struct LogFollower {
    _private: (),
}

impl LogFollower {
    /// The next piece: at once when bytes are there, otherwise as soon as some are written. A new run (when
    /// the newest was asked for) begins with a piece whose `run` is higher and whose `offset` is 0. Never
    /// ends by itself while the instance exists and the newest run is followed; `None` at the end of an old run.
    pub async fn next(&mut self) -> Option<LogChunk> {
        None
    }
}

/// Handle to the instances.
#[derive(Clone)]
pub struct Instances {
    _private: (),
}

impl Instances {
    /// Every instance in table order. `open_url` is empty; who knows the asking host fills it in.
    pub async fn list(&self) -> Result<Vec<Instance>> {
        Err(Error::Unfinished)
    }

    /// One instance.
    pub async fn get(&self, id: InstanceId) -> Result<Instance> {
        Err(Error::UnknownInstance(id))
    }

    /// One instance by its part of the address; answers from memory.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Instance>> {
        let _ = slug;
        Err(Error::Unfinished)
    }

    /// Ports of the range that no instance holds and nobody listens on, lowest first.
    pub async fn available_ports(&self) -> Result<Vec<u16>> {
        Err(Error::Unfinished)
    }

    /// Adds a stopped instance: row, directory, `launch.sh`.
    pub async fn create(&self, new: NewInstance) -> Result<Instance> {
        let _ = new;
        Err(Error::Unfinished)
    }

    /// What saving these changes would do; validates, changes nothing.
    pub async fn preview(&self, changes: Vec<(InstanceId, InstanceChange)>) -> Result<Vec<ChangePreview>> {
        let _ = changes;
        Err(Error::Unfinished)
    }

    /// Saves a change, and restarts the instance if it runs, `restart` is set and a changed value needs it.
    pub async fn update(&self, id: InstanceId, change: InstanceChange, restart: bool) -> Result<Instance> {
        let _ = (change, restart);
        Err(Error::UnknownInstance(id))
    }

    /// Puts the rows in this order; rows not named keep their order after the named ones.
    pub async fn reorder(&self, order: Vec<InstanceId>) -> Result<()> {
        let _ = order;
        Err(Error::Unfinished)
    }

    /// Starts; returns as soon as the status is `starting`.
    pub async fn start(&self, id: InstanceId) -> Result<Instance> {
        Err(Error::UnknownInstance(id))
    }

    /// Asks to stop; returns as soon as the status is `stopping`. The proof comes as an event.
    pub async fn stop(&self, id: InstanceId) -> Result<Instance> {
        Err(Error::UnknownInstance(id))
    }

    /// Stops with proof, then starts; returns at once.
    pub async fn restart(&self, id: InstanceId) -> Result<Instance> {
        Err(Error::UnknownInstance(id))
    }

    /// What deleting would remove.
    pub async fn delete_preview(&self, id: InstanceId) -> Result<DeletePreview> {
        Err(Error::UnknownInstance(id))
    }

    /// Deletes as a job; a permanent deletion needs the name in `confirm`.
    pub async fn delete(&self, id: InstanceId, mode: DeleteMode, confirm: Option<String>) -> Result<Job> {
        let _ = (mode, confirm);
        Err(Error::UnknownInstance(id))
    }

    /// Runs whose records are kept, newest first.
    pub async fn runs(&self, id: InstanceId) -> Result<Vec<Run>> {
        Err(Error::UnknownInstance(id))
    }

    /// At most 1 MiB of a run's log from `offset` (`run: None` = newest). A negative view: `tail` = the last
    /// `n` bytes instead of `offset`.
    pub async fn log(&self, id: InstanceId, run: Option<u32>, position: LogPosition) -> Result<LogChunk> {
        let _ = (run, position);
        Err(Error::UnknownInstance(id))
    }

    /// A run's log as it grows (`run: None` = newest and those after it).
    pub async fn follow_log(&self, id: InstanceId, run: Option<u32>, offset: u64) -> Result<LogFollower> {
        let _ = (run, offset);
        Err(Error::UnknownInstance(id))
    }

    /// A connection to the app's internal port.
    pub async fn connect(&self, id: InstanceId) -> Result<Box<dyn Duplex>> {
        Err(Error::UnknownInstance(id))
    }
}

/// Where to read a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPosition {
    /// From this byte.
    Offset(u64),
    /// So many bytes before the end, begun at a line.
    Tail(u64),
}
