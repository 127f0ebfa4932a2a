//! An engine on a temporary data directory.

use std::path::PathBuf;

use engine::{Engine, EngineConfig};
use tempfile::TempDir;
use types::events::Event;
use types::instances::{Instance, InstanceId, NewInstance};
use types::jobs::{Job, JobId, JobState};
use types::ports::PortRange;

use crate::waiting::LIMIT;

/// The engine and the directory it works in.
pub(crate) struct Bench {
    pub(crate) temp: TempDir,
    pub(crate) engine: Engine,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let engine = Engine::open(config(&temp)).await.unwrap();
        Self { temp, engine }
    }

    /// Ends the engine and opens the directory anew.
    pub(crate) async fn reopened(self) -> Self {
        let temp = self.closed().await;
        let engine = Engine::open(config(&temp)).await.unwrap();
        Self { temp, engine }
    }

    /// Ends the engine; the directory stays.
    pub(crate) async fn closed(self) -> TempDir {
        self.engine.shutdown(false).await;
        self.temp
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.temp.path().join("data").join(below)
    }

    /// Writes a custom blueprint.
    pub(crate) fn blueprint(&self, filename: &str, script: impl AsRef<[u8]>) {
        std::fs::write(self.path("blueprints").join(filename), script).unwrap();
    }

    /// Waits until the row is as wanted.
    pub(crate) async fn until(&self, id: InstanceId, wanted: impl Fn(&Instance) -> bool) -> Instance {
        let mut events = self.engine.events.subscribe();
        let wait = async {
            loop {
                let row = self.engine.instances.get(id).await.unwrap();
                if wanted(&row) {
                    return row;
                }
                let _ = events.recv().await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.unwrap()
    }

    /// Waits for the end of a job; `events` were subscribed to before it began.
    pub(crate) async fn ended(&self, events: &mut tokio::sync::broadcast::Receiver<Event>, id: JobId) -> Job {
        let end = async {
            loop {
                match events.recv().await.unwrap() {
                    Event::Job(job) if job.id == id && job.state != JobState::Running => return job,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(LIMIT, end).await.unwrap()
    }
}

/// Settings for tests. The ports are below those the kernel gives away, and others for each test process.
pub(crate) fn config(temp: &TempDir) -> EngineConfig {
    let mut config = EngineConfig::new(temp.path().join("data"), env!("CARGO_BIN_EXE_aikore-shim").into());
    let first = 20_000 + u16::try_from(std::process::id() % 250).unwrap() * 40;
    config.port_range = PortRange {
        first,
        last: first + 39,
    };
    config
}

/// A new instance of the stock blueprint that every test may use.
pub(crate) fn new(name: &str) -> NewInstance {
    NewInstance {
        name: name.to_owned(),
        base_blueprint: "test-logs".to_owned(),
        ..NewInstance::default()
    }
}
