//! Serving: listener, connections, and the order in which everything ends.

mod connection;
mod heads;
mod signals;
mod wire;
mod workers;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::site::Site;
use crate::tls::Tls;
use connection::Door;
use workers::Workers;

pub(crate) use signals::{Ended, Signals, until_ended};
pub(crate) use wire::Wire;

/// How long requests under way may take to end after a signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until the token is cancelled, then lets requests under way end.
///
/// # Errors
/// When the threads cannot be started.
pub async fn serve(
    listener: TcpListener,
    site: Arc<Site>,
    tls: Option<Tls>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let door = Door {
        site,
        tls,
        shutdown: shutdown.clone(),
    };
    let workers = Workers::start(&door)?;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => {
                let dealt = accepted.and_then(|(stream, peer)| workers.deal(stream, peer));
                if let Err(error) = dealt {
                    // Usually too many open files: wait for some to be closed instead of spinning.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, workers.drained())
        .await
        .is_err()
    {
        tracing::warn!(open = ?workers.spread(), "connections were cut");
    }
    Ok(())
}
