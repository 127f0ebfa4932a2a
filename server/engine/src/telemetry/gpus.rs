//! The GPUs as NVIDIA's library (NVML) tells about them.
//!
//! # How it works
//! The library is asked on a thread of its own, which loads it and owns it. A driver that hangs holds up that thread
//! and nothing else: after [`PATIENCE`] the reading goes on without it. When the driver is restarted or exchanged, the
//! library is loaded anew; where there is none, it is looked for again now and then.

mod driver;
mod words;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use types::telemetry::{GpuFault, GpuReading, GpuReadings};

use self::driver::Driver;

/// How long a reading waits for the driver.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks for a library that is not there, or does not work.
const RETRY: Duration = Duration::from_secs(30);
/// Faults that are kept.
const FAULTS: usize = 50;

/// What is said while the driver does not answer.
const SILENT: &str = "The NVIDIA driver does not answer; the machine may have to be restarted.";

/// Asks the thread that owns the library.
pub(crate) struct GpuReader {
    questions: SyncSender<()>,
    answers: Receiver<GpuReadings>,
    last: GpuReadings,
}

impl GpuReader {
    /// `library` is loaded instead of the one the system finds.
    pub(crate) fn start(library: Option<PathBuf>) -> std::io::Result<Self> {
        // One question waits at most; who asks a driver that hangs is not queued.
        let (questions, asked) = sync_channel(1);
        let (teller, answers) = channel();
        std::thread::Builder::new()
            .name("gpus".to_owned())
            .spawn(move || serve(library.as_deref(), &asked, &teller))?;
        Ok(Self {
            questions,
            answers,
            last: GpuReadings::default(),
        })
    }

    /// The GPUs now; what was known, marked as old, when the driver takes too long.
    pub(crate) fn read(&mut self) -> GpuReadings {
        // Answers to questions that nobody waited for any more.
        while self.answers.try_recv().is_ok() {}
        let _ = self.questions.try_send(());
        if let Ok(answer) = self.answers.recv_timeout(PATIENCE) {
            self.last = answer;
            return self.last.clone();
        }
        let mut old = self.last.clone();
        SILENT.clone_into(&mut old.note);
        for gpu in &mut old.gpus {
            *gpu = silent(gpu, SILENT);
        }
        old
    }
}

/// A GPU of which nothing is known now but that it was there.
fn silent(gpu: &GpuReading, problem: &str) -> GpuReading {
    GpuReading {
        index: gpu.index,
        uuid: gpu.uuid.clone(),
        name: gpu.name.clone(),
        memory_total: gpu.memory_total,
        problem: problem.to_owned(),
        ..GpuReading::default()
    }
}

/// Why there is no library, and when it is looked for again.
struct Missing {
    note: String,
    again: Instant,
}

/// Answers questions as long as somebody asks.
fn serve(library: Option<&Path>, asked: &Receiver<()>, teller: &Sender<GpuReadings>) {
    let mut faults = Vec::new();
    let mut missing: Option<Missing> = None;
    while asked.recv().is_ok() {
        let waiting = missing.take_if(|missing| Instant::now() < missing.again);
        let now = waiting.or_else(|| with_library(library, asked, teller, &mut faults));
        let Some(now) = now else { return };
        let answer = GpuReadings {
            note: now.note.clone(),
            driver: None,
            gpus: Vec::new(),
            faults: faults.clone(),
        };
        missing = Some(now);
        if teller.send(answer).is_err() {
            return;
        }
    }
}

/// Loads the library and answers with it until it fails: then why. The question it failed at is not answered yet.
/// None when nobody asks any more.
fn with_library(
    library: Option<&Path>,
    asked: &Receiver<()>,
    teller: &Sender<GpuReadings>,
    faults: &mut Vec<GpuFault>,
) -> Option<Missing> {
    let mut again = Instant::now() + RETRY;
    let error = match load(library) {
        Ok(nvml) => {
            let mut driver = Driver::new(&nvml);
            loop {
                match driver.read(faults) {
                    Ok(readings) => teller.send(readings).ok()?,
                    Err(error) => break error,
                }
                // It worked: when it fails, the driver was restarted, and is back soon.
                again = Instant::now();
                asked.recv().ok()?;
            }
        }
        Err(error) => error,
    };
    tracing::debug!(%error, "the GPUs cannot be read");
    Some(Missing {
        note: words::without_driver(&error),
        again,
    })
}

fn load(library: Option<&Path>) -> Result<Nvml, NvmlError> {
    let mut builder = Nvml::builder();
    if let Some(library) = library {
        builder.lib_path(library.as_os_str());
    }
    builder.init()
}

#[cfg(test)]
mod tests;
