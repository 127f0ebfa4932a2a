//! Serving: listener, connections, and the order in which everything ends.

mod connection;
mod heads;
mod patience;
mod seldom;
mod signals;
mod wire;
mod workers;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::forwards::{self, Public};
use crate::site::Site;
use crate::tls::Tls;
use connection::Door;

pub(crate) use seldom::seldom;
pub(crate) use signals::{Ended, Signals, until_ended};
pub(crate) use wire::Wire;
pub(crate) use workers::Workers;

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
    let panel = site.panel().clone();
    if let Ok(address) = listener.local_addr() {
        panel.homes().is_at(address.port(), tls.is_some());
    }
    let door = Door {
        site,
        tls,
        shutdown: shutdown.clone(),
        public: None,
    };
    let workers = Workers::start(&door)?;
    let accepting = async {
        tokio::join!(
            accept(&listener, &workers, None),
            forwards::serve(&panel, &workers)
        )
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        _ = accepting => {}
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

/// Deals out what comes to a listener, for ever.
pub(crate) async fn accept(
    listener: &TcpListener,
    workers: &Workers,
    public: Option<&Arc<Public>>,
) -> Infallible {
    loop {
        let accepted = listener.accept().await;
        let dealt = accepted.and_then(|(stream, peer)| workers.deal(stream, peer, public.cloned()));
        if let Err(error) = dealt {
            // Usually too many open files: wait for some to be closed instead of spinning.
            tracing::warn!(%error, "could not accept a connection");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
