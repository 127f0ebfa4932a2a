//! The signals that end the panel.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use engine::Engine;

pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// How the panel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Everything in its order.
    Orderly,
    /// A second signal did not wait for it.
    AtOnce,
}

/// Ends in this order: sockets and streams see the token, requests drain, then the engine. A second signal
/// does not wait for any of it.
pub(crate) async fn until_ended(
    mut signals: Signals,
    shutdown: CancellationToken,
    serving: impl Future<Output = ()>,
    engine: &Engine,
    stop_instances: bool,
) -> Ended {
    let waiting = async {
        signals.next().await;
        tracing::info!(stop_instances, "ending; a second signal ends at once");
        shutdown.cancel();
        signals.next().await;
    };
    let ending = async {
        serving.await;
        engine.shutdown(stop_instances).await;
    };
    tokio::select! {
        () = ending => Ended::Orderly,
        () = waiting => Ended::AtOnce,
    }
}
