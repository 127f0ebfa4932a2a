//! Reading logs: pieces by offset, and following as they grow.
//!
//! # How it works
//! A log is files in the run's directory; offsets count from the beginning of the run. A live log is followed
//! through its shim, which sends bytes as it writes them; nothing polls. A follower is a task that feeds a
//! short channel: a reader who is slow slows only its own follower down.

mod characters;

use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{broadcast, mpsc};
use tokio_util::task::AbortOnDropHandle;
use types::events::Event;
use types::instances::InstanceId;
use types::logs::{LogChunk, Run};

use self::characters::{Characters, skip_partial};
use super::{Inner, Instances, LogPosition, launch};
use crate::runner::{Duplex, Stream};
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
        let dir = launch::run_dir(&self.inner, &row, number);
        blocking(move || {
            if !dir.is_dir() {
                return Err(Error::UnknownRun { id, run: number });
            }
            read(&dir, number, position, ended).map_err(Error::file(&dir))
        })
        .await
    }

    /// A run's log as it grows (`run: None` = newest and those after it).
    pub async fn follow_log(&self, id: InstanceId, run: Option<u32>, offset: u64) -> Result<LogFollower> {
        let row = self.inner.rows.get(id)?;
        if let Some(run) = run {
            let dir = launch::run_dir(&self.inner, &row, run);
            if !tokio::fs::try_exists(&dir).await.unwrap_or(false) {
                return Err(Error::UnknownRun { id, run });
            }
        }
        let (sender, pieces) = mpsc::channel(AHEAD);
        let follow = Follow {
            inner: std::sync::Arc::clone(&self.inner),
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

fn read(dir: &std::path::Path, run: u32, position: LogPosition, ended: bool) -> std::io::Result<LogChunk> {
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

/// The reader went away, or the instance did.
struct Gone;

struct Follow {
    inner: std::sync::Arc<Inner>,
    id: InstanceId,
    pieces: mpsc::Sender<LogChunk>,
}

impl Follow {
    async fn run(
        self,
        mut number: u32,
        mut offset: u64,
        only_this: bool,
        mut events: broadcast::Receiver<Event>,
    ) -> std::result::Result<(), Gone> {
        loop {
            if number > 0 {
                self.one_run(number, offset, &mut events).await?;
            }
            if only_this {
                return Ok(());
            }
            number = self.next_run(number, &mut events).await?;
            offset = 0;
            self.send(empty(number, 0)).await?;
        }
    }

    /// A run from an offset to its end.
    async fn one_run(
        &self,
        number: u32,
        offset: u64,
        events: &mut broadcast::Receiver<Event>,
    ) -> std::result::Result<(), Gone> {
        let row = self.inner.rows.get(self.id).map_err(|_| Gone)?;
        let dir = launch::run_dir(&self.inner, &row, number);
        let mut piece = Piece {
            run: number,
            offset,
            size: offset,
            characters: Characters::default(),
        };
        loop {
            if let Some(stream) = self.live_stream(number, piece.read_to()).await {
                self.through_shim(stream, &mut piece).await?;
            }
            // What the shim had no time to send, and everything of an old run.
            self.from_files(&dir, &mut piece).await?;
            if !self.has_begun_only(number) {
                break;
            }
            // The run was just begun, or its shim is just ending: its row will tell.
            tokio::select! {
                _ = events.recv() => {}
                () = self.pieces.closed() => return Err(Gone),
            }
        }
        let rest = piece.characters.finish();
        if rest.is_empty() {
            Ok(())
        } else {
            self.send(piece.chunk_of_rest(rest)).await
        }
    }

    /// Whether the run is the instance's newest and not over as far as the row says.
    fn has_begun_only(&self, number: u32) -> bool {
        self.inner
            .rows
            .get(self.id)
            .is_ok_and(|row| row.run == number && row.started_at.is_some())
    }

    async fn live_stream(&self, number: u32, offset: u64) -> Option<Box<dyn Duplex>> {
        let live = self
            .inner
            .supervisor
            .live(self.id)
            .filter(|live| live.number == number)?;
        self.inner
            .supervisor
            .runner()
            .open(&live.handle, Stream::Log(offset))
            .await
            .ok()
    }

    async fn through_shim(
        &self,
        mut stream: Box<dyn Duplex>,
        piece: &mut Piece,
    ) -> std::result::Result<(), Gone> {
        loop {
            // A reader who left is noticed also while the app is silent.
            let frame = tokio::select! {
                frame = frame(&mut stream) => frame,
                () = self.pieces.closed() => return Err(Gone),
            };
            let Ok((offset, bytes)) = frame else { return Ok(()) };
            self.send_bytes(piece, offset, &bytes).await?;
        }
    }

    async fn from_files(&self, dir: &std::path::Path, piece: &mut Piece) -> std::result::Result<(), Gone> {
        loop {
            let (path, from): (PathBuf, u64) = (dir.to_owned(), piece.read_to());
            let read = blocking(move || {
                let mut bytes = vec![0; PIECE];
                let (offset, count) = Reader::new(&path, from)
                    .read(&mut bytes)
                    .map_err(Error::file(&path))?;
                bytes.truncate(count);
                Ok((offset, bytes))
            });
            match read.await {
                Ok((offset, bytes)) if !bytes.is_empty() => self.send_bytes(piece, offset, &bytes).await?,
                _ => return Ok(()),
            }
        }
    }

    async fn send_bytes(
        &self,
        piece: &mut Piece,
        offset: u64,
        bytes: &[u8],
    ) -> std::result::Result<(), Gone> {
        match piece.take(offset, bytes) {
            Some(chunk) => self.send(chunk).await,
            None => Ok(()),
        }
    }

    async fn send(&self, chunk: LogChunk) -> std::result::Result<(), Gone> {
        self.pieces.send(chunk).await.map_err(|_| Gone)
    }

    /// Waits for a run younger than `number`.
    async fn next_run(
        &self,
        number: u32,
        events: &mut broadcast::Receiver<Event>,
    ) -> std::result::Result<u32, Gone> {
        loop {
            let row = self.inner.rows.get(self.id).map_err(|_| Gone)?;
            if row.run > number {
                return Ok(row.run);
            }
            tokio::select! {
                // Whatever was said, or missed: look again.
                event = events.recv() => if matches!(event, Err(broadcast::error::RecvError::Closed)) {
                    return Err(Gone);
                },
                () = self.pieces.closed() => return Err(Gone),
            }
        }
    }
}

async fn frame(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(u64, Vec<u8>)> {
    let offset = stream.read_u64_le().await?;
    let mut bytes = vec![0; stream.read_u32_le().await? as usize];
    stream.read_exact(&mut bytes).await?;
    Ok((offset, bytes))
}

/// Where a follower is in a run, and the bytes of a character that is not whole yet.
struct Piece {
    run: u32,
    /// First byte not given out as text yet.
    offset: u64,
    size: u64,
    characters: Characters,
}

impl Piece {
    fn read_to(&self) -> u64 {
        self.offset + self.characters.waiting() as u64
    }

    /// The text of new bytes; none while a character is not whole.
    fn take(&mut self, offset: u64, bytes: &[u8]) -> Option<LogChunk> {
        if offset != self.read_to() {
            // Bytes in between were rotated away: half a character before them will never be whole.
            self.characters = Characters::default();
            self.offset = offset;
        }
        let begin = self.offset;
        let end = offset + bytes.len() as u64;
        let content = self.characters.take(bytes);
        self.offset = end - self.characters.waiting() as u64;
        self.size = self.size.max(end);
        (!content.is_empty()).then(|| LogChunk {
            run: self.run,
            offset: begin,
            content,
            next_offset: self.offset,
            size: self.size,
        })
    }

    fn chunk_of_rest(&self, content: String) -> LogChunk {
        LogChunk {
            run: self.run,
            offset: self.offset,
            content,
            next_offset: self.size,
            size: self.size,
        }
    }
}
