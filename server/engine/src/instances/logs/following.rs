//! Following a log: through the shim while the run lives, from the files for the rest, then the next run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};
use types::events::Event;
use types::instances::InstanceId;
use types::logs::LogChunk;

use super::characters::Characters;
use super::{PIECE, empty};
use crate::instances::{Inner, launch};
use crate::runner::{Duplex, Stream, log_frame};
use crate::shim::log::Reader;
use crate::{Error, blocking};

type Result<T> = std::result::Result<T, Gone>;

/// The reader went away, or the instance did.
pub(super) struct Gone;

/// What one follower works with.
pub(super) struct Follow {
    pub(super) inner: Arc<Inner>,
    pub(super) id: InstanceId,
    pub(super) pieces: mpsc::Sender<LogChunk>,
}

impl Follow {
    /// Sends piece after piece; `only_this` ends with the run `number`.
    pub(super) async fn run(
        self,
        mut number: u32,
        mut offset: u64,
        only_this: bool,
        mut events: broadcast::Receiver<Event>,
    ) -> Result<()> {
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
    async fn one_run(&self, number: u32, offset: u64, events: &mut broadcast::Receiver<Event>) -> Result<()> {
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
            self.rest_of_files(&dir, &mut piece).await?;
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

    async fn through_shim(&self, mut stream: Box<dyn Duplex>, piece: &mut Piece) -> Result<()> {
        loop {
            // A reader who left is noticed also while the app is silent.
            let frame = tokio::select! {
                frame = log_frame(&mut stream) => frame,
                () = self.pieces.closed() => return Err(Gone),
            };
            let Ok((offset, bytes)) = frame else { return Ok(()) };
            self.send_bytes(piece, offset, &bytes).await?;
        }
    }

    async fn rest_of_files(&self, dir: &Path, piece: &mut Piece) -> Result<()> {
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

    async fn send_bytes(&self, piece: &mut Piece, offset: u64, bytes: &[u8]) -> Result<()> {
        match piece.take(offset, bytes) {
            Some(chunk) => self.send(chunk).await,
            None => Ok(()),
        }
    }

    async fn send(&self, chunk: LogChunk) -> Result<()> {
        self.pieces.send(chunk).await.map_err(|_| Gone)
    }

    /// Waits for a run younger than `number`.
    async fn next_run(&self, number: u32, events: &mut broadcast::Receiver<Event>) -> Result<u32> {
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
        (!content.is_empty()).then_some(LogChunk {
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
