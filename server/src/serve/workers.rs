//! The threads that serve connections, one per core, each with a runtime of its own.
//!
//! Bytes are moved here and nowhere else: what belongs to a connection to a browser and to the app behind it
//! lives on one thread, so nothing is woken across threads and nothing is locked. What the panel itself does
//! (pages, API, engine) runs on the main runtime, which outlives these.
//!
//! One acceptor deals the connections out to whoever has the fewest. With `SO_REUSEPORT` the kernel would
//! spread them by a hash, which puts the six connections of a browser on one core now and then, and a second
//! panel could listen on the same address unnoticed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::task_tracker::{TaskTracker, TaskTrackerToken};

use super::connection::{Door, connection};
use crate::forwards::Public;

/// More threads than this gain nothing for one machine's panel, and each keeps its own idle connections to apps.
const WORKERS_MAX: usize = 16;

/// One open connection of a worker, upgraded or not: counted, and waited for at the end, until it is dropped.
pub(crate) struct Seat {
    open: Arc<AtomicUsize>,
    _waited_for: TaskTrackerToken,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection on its way to its thread.
struct Dealt {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    seat: Seat,
    /// The public port it came to, if it was not the panel's own.
    public: Option<Arc<Public>>,
}

struct Worker {
    /// Unbounded, because sockets that wait here are bounded by the limit of open files.
    inbox: mpsc::UnboundedSender<Dealt>,
    open: Arc<AtomicUsize>,
}

pub(crate) struct Workers {
    each: Vec<Worker>,
    connections: TaskTracker,
    /// Ends the threads, whatever their connections do.
    _cut: DropGuard,
}

impl Workers {
    pub(super) fn start(door: &Door) -> io::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let connections = TaskTracker::new();
        let cut = CancellationToken::new();
        let each = (0..count.min(WORKERS_MAX))
            .map(|number| start(number, door.clone(), cut.clone()))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            each,
            connections,
            _cut: cut.drop_guard(),
        })
    }

    /// Gives a connection to whoever has the fewest.
    pub(super) fn deal(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        public: Option<Arc<Public>>,
    ) -> io::Result<()> {
        let stream = stream.into_std()?;
        let free = self
            .each
            .iter()
            .min_by_key(|worker| worker.open.load(Ordering::Relaxed));
        if let Some(worker) = free {
            worker.open.fetch_add(1, Ordering::Relaxed);
            let seat = Seat {
                open: worker.open.clone(),
                _waited_for: self.connections.token(),
            };
            // It fails only while everything ends; then the connection is closed, which is right.
            let _ = worker.inbox.send(Dealt {
                stream,
                peer,
                seat,
                public,
            });
        }
        Ok(())
    }

    /// Connections of each worker.
    pub(super) fn spread(&self) -> Vec<usize> {
        self.each
            .iter()
            .map(|worker| worker.open.load(Ordering::Relaxed))
            .collect()
    }

    /// Waits until every connection has ended. Dropping the workers cuts the rest.
    pub(super) async fn drained(&self) {
        self.connections.close();
        self.connections.wait().await;
    }
}

fn start(number: usize, door: Door, cut: CancellationToken) -> io::Result<Worker> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (inbox, mut dealt) = mpsc::unbounded_channel::<Dealt>();
    let serving = async move {
        loop {
            tokio::select! {
                () = cut.cancelled() => return,
                Some(Dealt { stream, peer, seat, public }) = dealt.recv() => match TcpStream::from_std(stream) {
                    Ok(stream) => {
                        tokio::spawn(connection(door.at(public), stream, peer, seat));
                    }
                    Err(error) => tracing::warn!(%error, "could not serve a connection"),
                },
                else => return cut.cancelled().await,
            }
        }
    };
    std::thread::Builder::new()
        .name(format!("connections-{number}"))
        .spawn(move || runtime.block_on(serving))?;
    Ok(Worker {
        inbox,
        open: Arc::default(),
    })
}
