//! The task that takes the readings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use types::telemetry::Readings;

use super::disks::Disks;
use super::gpus::GpuReader;
use super::history::History;
use super::instances::Running;
use super::machine::{self, Machine};
use super::volumes::Volumes;
use super::{Shared, lock, metrics};
use crate::data_dir::DataDir;
use crate::instances::LiveRun;
use crate::{Result, blocking, clock};

const WATCHED: Duration = Duration::from_secs(1);
const UNWATCHED: Duration = Duration::from_secs(5);

/// What is kept from one reading to the next. Travels to the threads that may block and back.
struct Stage {
    machine: Machine,
    volumes: Volumes,
    /// None where no thread could be begun.
    gpus: Option<GpuReader>,
    running: Running,
}

/// See the module.
pub(super) struct Sampler {
    shared: Arc<Shared>,
    history: Option<History>,
    disks: Disks,
}

impl Sampler {
    /// Reads until shutdown.
    pub(super) async fn run(shared: Arc<Shared>, dir: DataDir, nvml: Option<PathBuf>) {
        let meter = shared.instances.meter();
        let root = dir.root().to_owned();
        let stage = blocking(move || {
            let gpus = GpuReader::start(nvml)
                .inspect_err(|error| tracing::error!(%error, "the GPUs cannot be watched"));
            Ok(Machine::new().map(|machine| Stage {
                machine,
                volumes: Volumes::new(root),
                gpus: gpus.ok(),
                running: Running::new(meter),
            }))
        });
        let mut stage = match stage.await {
            Ok(Ok(stage)) => stage,
            Ok(Err(error)) => {
                tracing::error!(%error, "this machine cannot be read; the monitoring stays empty");
                return;
            }
            Err(_) => return,
        };
        let history = History::open(&dir.telemetry(), clock::now_ms()).await;
        let history =
            history.inspect_err(|error| tracing::error!(%error, "nothing that is measured is kept"));
        let mut sampler = Self {
            history: history.ok(),
            disks: Disks::new(dir),
            shared,
        };
        *lock(&sampler.shared.past) = sampler.history.as_ref().map(History::file);
        // The load of the processors is a difference: the first reading alone says nothing.
        let mut next = Instant::now() + machine::LEAST_INTERVAL;
        let mut pause = UNWATCHED;
        loop {
            tokio::select! {
                () = sampler.shared.shutdown.cancelled() => break,
                () = tokio::time::sleep_until(next) => {}
                // Nobody watched until now: the last reading is up to 5 s old, so read soon.
                () = sampler.shared.watched.notified(), if pause > WATCHED => {
                    pause = WATCHED;
                    next = next.min(Instant::now() + machine::LEAST_INTERVAL);
                    continue;
                }
            }
            let began = Instant::now();
            let Ok(back) = sampler.sample(stage).await else {
                break;
            };
            stage = back;
            pause = if sampler.shared.latest.receiver_count() > 0 {
                WATCHED
            } else {
                UNWATCHED
            };
            next = (next + pause).max(began + machine::LEAST_INTERVAL);
        }
        if let Some(history) = sampler.history {
            history.file().close().await;
        }
    }

    /// Takes one reading, publishes it and keeps it.
    async fn sample(&mut self, mut stage: Stage) -> Result<Stage> {
        let runs = self.shared.instances.live_runs();
        let sizes = self.disks.sizes(&runs);
        let (stage, readings) = blocking(move || {
            let readings = stage.read(&runs, sizes);
            Ok((stage, readings))
        })
        .await?;
        let values = metrics::values(&readings);
        let at = readings.machine.sample.at;
        let readings = Arc::new(readings);
        self.shared.latest.send_replace(Arc::clone(&readings));
        self.shared.every.send_replace(readings);
        if let Some(history) = &mut self.history
            && let Err(error) = history.record(at, &values).await
        {
            tracing::warn!(%error, "a reading was not kept");
        }
        Ok(stage)
    }
}

impl Stage {
    fn read(&mut self, runs: &[LiveRun], sizes: Vec<Option<u64>>) -> Readings {
        let mut gpus = self.gpus.as_mut().map(GpuReader::read).unwrap_or_default();
        let instances = self.running.read(runs, sizes, &mut gpus);
        Readings {
            machine: self.machine.read(),
            volumes: self.volumes.read(),
            gpus,
            instances,
        }
    }
}
