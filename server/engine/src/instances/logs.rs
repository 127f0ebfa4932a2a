//! Reading logs: pieces by offset, and following as they grow.
//!
//! # How it works
//! A log is files in the run's directory; offsets count from the beginning of the run. A live log is followed
//! through its shim, which sends bytes as it writes them; nothing polls. A follower is a task that feeds a
//! short channel: a reader who is slow slows only its own follower down.

mod characters;
mod following;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use types::instances::InstanceId;
use types::logs::{LogChunk, Run};

use self::characters::{Characters, skip_partial};
use self::following::Follow;
use super::{Instances, LogPosition, launch};
use crate::shim::log::{Reader, extent};
use crate::{Error, Result, blocking, db};

/// The most one answer holds, bytes.
const CHUNK: usize = 1024 * 1024;
/// Pieces of a followed log that wait for a slow reader; then the follower waits too.
const AHEAD: usize = 4;
/// Bytes read from a file at once while following.
const PIECE: usize = 64 * 1024;

/// A followed log: pieces as they are written.
pub struct LogFollower {
    pieces: mpsc::Receiver<LogChunk>,
    _task: AbortOnDropHandle<()>,
}

impl LogFollower {
    /// The next piece: at once when bytes are there, otherwise as soon as some are written. A new run (when
    /// the newest was asked for) begins with a piece whose `run` is higher and whose `offset` is 0. Never
    /// ends by itself while the instance exists and the newest run is followed; `None` at the end of an old run.
    /// May be dropped while waiting without losing anything.
    pub async fn next(&mut self) -> Option<LogChunk> {
        self.pieces.recv().await
    }
}

impl Instances {
    /// Runs whose records are kept, newest first.
    pub async fn runs(&self, id: InstanceId) -> Result<Vec<Run>> {
        let row = self.inner.rows.get(id)?;
        let mut all: Vec<Run> = db::runs::list(self.inner.db.read(), id)
            .await?
            .into_iter()
            .map(|row| row.run)
            .collect();
        if let Some(newest) = all.first_mut().filter(|run| run.ended_at.is_none()) {
            let dir = launch::run_dir(&self.inner, &row, newest.number);
            newest.log_bytes = blocking(move || Ok(extent(&dir).unwrap_or_default().1)).await?;
        }
        Ok(all)
    }

    /// At most 1 MiB of a run's log from `offset` (`run: None` = newest). A negative view: `tail` = the last
    /// `n` bytes instead of `offset`.
    pub async fn log(&self, id: InstanceId, run: Option<u32>, position: LogPosition) -> Result<LogChunk> {
        let row = self.inner.rows.get(id)?;
        let number = run.unwrap_or(row.run);
        if number == 0 && run.is_none() {
            return Ok(empty(0, 0));
        }
        let ended = self
            .inner
            .supervisor
            .live(id)
            .is_none_or(|live| live.number != number);
        let (dir, newest) = (launch::run_dir(&self.inner, &row, number), row.run);
        blocking(move || {
            match dir.is_dir() {
                true => {}
                // It is just beginning, or its log was deleted by hand.
                false if number == newest => return Ok(empty(number, 0)),
                false => return Err(Error::UnknownRun { id, run: number }),
            }
            read(&dir, number, position, ended).map_err(Error::file(&dir))
        })
        .await
    }

    /// A run's log as it grows (`run: None` = newest and those after it).
    pub async fn follow_log(&self, id: InstanceId, run: Option<u32>, offset: u64) -> Result<LogFollower> {
        let row = self.inner.rows.get(id)?;
        if let Some(run) = run.filter(|run| *run != row.run) {
            let dir = launch::run_dir(&self.inner, &row, run);
            if !tokio::fs::try_exists(&dir).await.unwrap_or(false) {
                return Err(Error::UnknownRun { id, run });
            }
        }
        let (sender, pieces) = mpsc::channel(AHEAD);
        let follow = Follow {
            inner: Arc::clone(&self.inner),
            id,
            pieces: sender,
        };
        // Subscribed before looking: a run that begins in between is not missed.
        let events = self.inner.events.subscribe();
        let number = run.unwrap_or(row.run);
        let shutdown = self.inner.supervisor.shutdown().clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = follow.run(number, offset, run.is_some(), events) => {}
            }
        });
        Ok(LogFollower {
            pieces,
            _task: AbortOnDropHandle::new(task),
        })
    }
}

fn empty(run: u32, at: u64) -> LogChunk {
    LogChunk {
        run,
        offset: at,
        content: String::new(),
        next_offset: at,
        size: at,
    }
}

/// A piece of the log in a directory.
pub(crate) fn read(dir: &Path, run: u32, position: LogPosition, ended: bool) -> std::io::Result<LogChunk> {
    let (first, size) = extent(dir)?;
    let wanted = match position {
        LogPosition::Offset(offset) => offset.min(size),
        LogPosition::Tail(bytes) => size.saturating_sub(bytes),
    };
    let mut reader = Reader::new(dir, wanted.max(first));
    let mut offset = reader.offset();
    let (mut bytes, mut piece) = (Vec::new(), vec![0; PIECE]);
    while bytes.len() < CHUNK {
        let room = PIECE.min(CHUNK - bytes.len());
        let (at, count) = reader.read(&mut piece[..room])?;
        if count == 0 {
            break;
        }
        if bytes.is_empty() {
            offset = at;
        } else if at != offset + bytes.len() as u64 {
            // Rotated away while we read; what follows is the next answer's.
            break;
        }
        bytes.extend_from_slice(&piece[..count]);
    }
    if matches!(position, LogPosition::Tail(_)) && offset > first {
        // Begin at a line; a line longer than the view begins at a character.
        let skip = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or_else(|| skip_partial(&bytes), |at| at + 1);
        bytes.drain(..skip);
        offset += skip as u64;
    }
    let mut characters = Characters::default();
    let mut content = characters.take(&bytes);
    let mut next_offset = offset + (bytes.len() - characters.waiting()) as u64;
    if ended && characters.waiting() > 0 && next_offset + characters.waiting() as u64 >= size {
        next_offset += characters.waiting() as u64;
        content.push_str(&characters.finish());
    }
    Ok(LogChunk {
        run,
        offset,
        content,
        next_offset,
        size: size.max(next_offset),
    })
}
