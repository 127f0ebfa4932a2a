//! What a job prints: written as it comes, read by offset, bounded in size.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use types::jobs::{JobId, JobLog, JobState};

use super::Jobs;
use crate::instances::{LogPosition, read_log};
use crate::shim::log::Writer;
use crate::{Error, Result, blocking};

/// A log file is closed and a new one begun at this size, bytes.
const FILE_BYTES: u64 = 512 * 1024;
/// Closed log files kept per job; the oldest go first.
const FILES_KEPT: u32 = 3;

/// The log of one job; made with its first line.
pub(super) struct Log {
    dir: PathBuf,
    writer: Mutex<Option<Writer>>,
    /// Offset after the last byte.
    grown: watch::Sender<u64>,
}

impl Log {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            writer: Mutex::default(),
            grown: watch::Sender::new(0),
        }
    }

    pub(super) fn append(&self, line: &str) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            match create(&self.dir) {
                Ok(made) => *writer = Some(made),
                Err(error) => tracing::warn!(path = %self.dir.display(), %error, "a job has no log"),
            }
        }
        if let Some(writer) = writer.as_mut() {
            writer.append(format!("{line}\n").as_bytes());
            self.grown.send_replace(writer.end());
        }
    }

    /// Nothing more comes: who waits need not wait.
    pub(super) fn close(&self) {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.grown.send_modify(|_| {});
    }
}

fn create(dir: &Path) -> std::io::Result<Writer> {
    std::fs::create_dir_all(dir)?;
    Writer::create(dir, FILE_BYTES, FILES_KEPT)
}

impl Jobs {
    /// At most 1 MiB of what a job printed, from a byte on. Where there is nothing yet, waits for it as long as
    /// `patience`, and no longer than the job lasts.
    pub async fn log(&self, id: JobId, position: LogPosition, patience: Duration) -> Result<JobLog> {
        let entry = self.entry(id)?;
        if let LogPosition::Offset(offset) = position {
            let mut grown = entry.log.grown.subscribe();
            let news = grown.wait_for(|end| *end > offset || !self.is_running(id));
            let _ = tokio::time::timeout(patience, news).await;
        }
        // Before the look at the files: what is read after the end is all there is.
        let ended = !self.is_running(id);
        let dir = entry.log.dir.clone();
        blocking(move || {
            let chunk = match read_log(&dir, 0, position, ended) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                read => Some(read.map_err(Error::file(&dir))?),
            };
            let at = chunk.as_ref().map_or(0, |chunk| chunk.next_offset);
            let size = chunk.as_ref().map_or(0, |chunk| chunk.size);
            Ok(JobLog {
                offset: chunk.as_ref().map_or(0, |chunk| chunk.offset),
                content: chunk.map(|chunk| chunk.content).unwrap_or_default(),
                next_offset: at,
                size,
                ended: ended && at >= size,
            })
        })
        .await
    }

    fn is_running(&self, id: JobId) -> bool {
        self.get(id).is_ok_and(|job| job.state == JobState::Running)
    }
}
