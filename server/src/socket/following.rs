//! The log a tab follows, read by a task of its own so that the socket's `select!` may drop a waiting read.

use std::time::Duration;

use engine::Engine;
use engine::instances::LogFollower;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use types::events::ServerMessage;
use types::instances::InstanceId;
use types::logs::LogChunk;

/// Pieces read ahead of the socket. A full channel stops the reading, not the app.
const AHEAD: usize = 2;

/// Pause between two messages while the app writes, so that a fast one makes few large messages instead of many
/// small ones. Far below what an eye sees as a delay.
const GATHER: Duration = Duration::from_millis(10);

/// A message is not made larger than about this, bytes.
const MESSAGE: usize = 256 * 1024;

pub(super) struct Following {
    pieces: mpsc::Receiver<ServerMessage>,
    _task: AbortOnDropHandle<()>,
}

impl Following {
    /// Follows until dropped.
    pub(super) fn start(engine: Engine, id: InstanceId, run: Option<u32>, offset: u64) -> Self {
        let (sender, pieces) = mpsc::channel(AHEAD);
        let task = tokio::spawn(follow(engine, id, run, offset, sender));
        Self {
            pieces,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// The next piece; never, when nothing is followed or it came to its end.
    pub(super) async fn next(following: &mut Option<Self>) -> ServerMessage {
        if let Some(present) = following {
            if let Some(piece) = present.pieces.recv().await {
                return piece;
            }
            *following = None;
        }
        std::future::pending().await
    }
}

async fn follow(
    engine: Engine,
    id: InstanceId,
    run: Option<u32>,
    offset: u64,
    sender: mpsc::Sender<ServerMessage>,
) {
    let mut follower = match engine.instances.follow_log(id, run, offset).await {
        Ok(follower) => follower,
        Err(error) => {
            tracing::debug!(instance.id = %id, %error, "a log cannot be followed");
            return;
        }
    };
    while let Some(chunk) = follower.next().await {
        let (chunk, later) = gather(&mut follower, chunk);
        if sender.send(message(id, chunk)).await.is_err() {
            return;
        }
        if let Some(later) = later
            && sender.send(message(id, later)).await.is_err()
        {
            return;
        }
        tokio::time::sleep(GATHER).await;
    }
}

/// Joins the pieces that wait already; the second one begins anew, in another run.
fn gather(follower: &mut LogFollower, mut chunk: LogChunk) -> (LogChunk, Option<LogChunk>) {
    while chunk.content.len() < MESSAGE {
        let Some(Some(next)) = follower.next().now_or_never() else {
            break;
        };
        if next.run != chunk.run || next.offset != chunk.next_offset {
            return (chunk, Some(next));
        }
        chunk.content.push_str(&next.content);
        chunk.next_offset = next.next_offset;
        chunk.size = next.size;
    }
    (chunk, None)
}

fn message(instance: InstanceId, chunk: LogChunk) -> ServerMessage {
    ServerMessage::Log {
        instance,
        run: chunk.run,
        offset: chunk.offset,
        next_offset: chunk.next_offset,
        text: chunk.content,
    }
}
