//! Readings of the machine, its GPUs and all that runs, taken once for all viewers, and kept.
//!
//! # How it works
//! One sampler task reads every second while somebody watches and every five seconds otherwise, and publishes
//! to a `watch`: a slow viewer skips readings instead of holding anybody up. Each reading goes into the history, too.

mod choice;
mod disks;
mod gpus;
mod history;
mod instances;
mod machine;
pub(crate) mod metrics;
mod sampler;
mod volumes;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use types::gpus::{GpuChoices, GpuFit};
use types::instances::InstanceId;
use types::telemetry::{GpuReadings, History, InstanceReading, Mark, MarkKind, Readings, Sample};

use self::history::Wanted;
use self::sampler::Sampler;
use crate::data_dir::DataDir;
use crate::db::history::HistoryFile;
use crate::db::{Database, runs};
use crate::instances::Instances;
use crate::{Error, Result, clock};

/// Handle to the readings.
#[derive(Clone)]
pub struct Telemetry {
    shared: Arc<Shared>,
}

/// What the handle and the sampler share.
struct Shared {
    latest: watch::Sender<Arc<Readings>>,
    /// The same for who does not make the sampler go faster.
    every: watch::Sender<Arc<Readings>>,
    /// Somebody began to watch.
    watched: Notify,
    shutdown: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
    /// None until it is open, and where it cannot be opened at all.
    past: Mutex<Option<HistoryFile>>,
    db: Database,
    instances: Instances,
}

/// A stretch of the past that somebody asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Unix milliseconds; 0 = an hour before `to`.
    pub from: i64,
    /// Unix milliseconds; 0 = now.
    pub to: i64,
    /// Milliseconds; 0 = what suits a chart.
    pub step: i64,
    /// Such as `machine`, `gpu:*`, `instance:7`; empty = all.
    pub subjects: Vec<String>,
    /// Such as `cpu_percent`; empty = all.
    pub metrics: Vec<String>,
}

const HOUR_MS: i64 = 3_600_000;

impl Telemetry {
    /// Starts the sampler. `nvml` is loaded instead of the NVIDIA library that the system finds.
    pub(crate) fn start(dir: &DataDir, db: Database, instances: Instances, nvml: Option<PathBuf>) -> Self {
        let shared = Arc::new(Shared {
            latest: watch::Sender::new(Arc::default()),
            every: watch::Sender::new(Arc::default()),
            watched: Notify::new(),
            shutdown: CancellationToken::new(),
            task: Mutex::default(),
            past: Mutex::default(),
            db,
            instances,
        });
        let task = tokio::spawn(Sampler::run(Arc::clone(&shared), dir.clone(), nvml));
        if let Ok(mut slot) = shared.task.lock() {
            *slot = Some(task);
        }
        Self { shared }
    }

    /// The machine in the last reading.
    pub fn latest(&self) -> Sample {
        self.shared.latest.borrow().machine.sample.clone()
    }

    /// The last reading.
    pub fn readings(&self) -> Arc<Readings> {
        self.shared.latest.borrow().clone()
    }

    /// The GPUs in the last reading.
    pub fn gpus(&self) -> GpuReadings {
        self.shared.latest.borrow().gpus.clone()
    }

    /// An instance in the last reading; none when it does not run.
    pub fn instance(&self, id: InstanceId) -> Option<InstanceReading> {
        let readings = self.shared.latest.borrow();
        readings.instances.iter().find(|one| one.id == id).cloned()
    }

    /// Every reading from now on; the sampler goes faster (1 s instead of 5 s) while somebody watches.
    pub fn watch(&self) -> watch::Receiver<Arc<Readings>> {
        let receiver = self.shared.latest.subscribe();
        self.shared.watched.notify_one();
        receiver
    }

    /// Every reading from now on, however seldom they are.
    pub(crate) fn follow(&self) -> watch::Receiver<Arc<Readings>> {
        self.shared.every.subscribe()
    }

    /// A stretch of the past, with what happened to instances meanwhile. Empty while there is no history.
    pub async fn history(&self, query: HistoryQuery) -> Result<History> {
        let now = clock::now_ms();
        let to = if query.to > 0 { query.to.min(now) } else { now };
        let from = if query.from > 0 { query.from } else { to - HOUR_MS };
        let file = lock(&self.shared.past).clone();
        let Some(file) = file else {
            return Ok(History::default());
        };
        let wanted = Wanted {
            from,
            to,
            step: query.step,
            subjects: query.subjects.clone(),
            metrics: query.metrics,
        };
        let mut history = history::read(&file, &wanted, now).await?;
        history.marks = self.marks(from, to, &query.subjects).await?;
        Ok(history)
    }

    /// Every GPU with what is free and who holds the rest.
    pub async fn choices(&self) -> Result<GpuChoices> {
        let rows = self.shared.instances.list().await?;
        let names = rows.into_iter().map(|row| (row.id, row.name)).collect();
        Ok(choice::choices(&self.gpus(), &names))
    }

    /// Whether an instance would find enough GPU memory now.
    pub async fn fit(&self, id: InstanceId) -> Result<GpuFit> {
        let row = self.shared.instances.get(id).await?;
        let wanted = self.shared.instances.wanted_gpu_memory(id).await?;
        let learned = self.gpu_memory_peak(id).await?;
        Ok(choice::fit(&row, self.choices().await?, wanted, learned))
    }

    /// An error where an instance would not find enough GPU memory now, for who wants to ask before a start.
    pub async fn room(&self, id: InstanceId) -> Result<()> {
        if self.gpus().gpus.is_empty() {
            return Ok(());
        }
        let fit = self.fit(id).await?;
        if fit.warning.is_empty() {
            return Ok(());
        }
        Err(Error::NoGpuRoom(fit.warning))
    }

    /// The most GPU memory an instance held as far as the history goes back, bytes.
    async fn gpu_memory_peak(&self, id: InstanceId) -> Result<Option<u64>> {
        let to = clock::now_ms();
        let query = HistoryQuery {
            from: to - 30 * 24 * HOUR_MS,
            to,
            step: 24 * HOUR_MS,
            subjects: vec![metrics::instance(id)],
            metrics: vec!["gpu_memory".to_owned()],
        };
        let history = self.history(query).await?;
        let peaks = history
            .series
            .iter()
            .flat_map(|series| series.peak.iter().flatten());
        let peak = peaks.copied().reduce(f32::max).filter(|peak| *peak > 0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bytes, above 0"
        )]
        Ok(peak.map(|peak| peak as u64))
    }

    /// What began and ended meanwhile.
    async fn marks(&self, from: i64, to: i64, subjects: &[String]) -> Result<Vec<Mark>> {
        let is_wanted = |id: InstanceId| {
            let own = metrics::instance(id);
            let fits = |pattern: &String| match pattern.strip_suffix('*') {
                Some(begin) => own.starts_with(begin),
                None => own == *pattern || pattern == metrics::MACHINE,
            };
            subjects.is_empty() || subjects.iter().any(fits)
        };
        let within = |at: i64| at >= from && at <= to;
        let mut marks = Vec::new();
        for row in runs::between(self.shared.db.read(), from, to).await? {
            if !is_wanted(row.instance) {
                continue;
            }
            let mark = |at, kind, reason: &str| Mark {
                at,
                instance: row.instance,
                kind,
                reason: reason.to_owned(),
            };
            if within(row.run.started_at) {
                marks.push(mark(row.run.started_at, MarkKind::Start, ""));
            }
            if let Some(at) = row.run.ended_at.filter(|at| within(*at)) {
                let kind = if row.ended_as_wanted() {
                    MarkKind::Stop
                } else {
                    MarkKind::Crash
                };
                marks.push(mark(at, kind, &row.run.reason));
            }
        }
        marks.sort_by_key(|mark| mark.at);
        Ok(marks)
    }

    /// Ends the sampler.
    pub(crate) async fn shutdown(&self) {
        self.shared.shutdown.cancel();
        let task = self.shared.task.lock().ok().and_then(|mut slot| slot.take());
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the sampler failed");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
