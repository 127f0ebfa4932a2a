//! Serving: listener, connections, and the order in which everything ends.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use engine::Engine;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

/// How long a client may take to send the head of a request, and how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);

/// How long requests under way may take to end after a signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Silence after which the kernel asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// Headers a request may have.
const HEADERS_MAX: usize = 200;

/// Serves until the token is cancelled, then lets requests under way end.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, router.clone(), shutdown.clone()));
                }
                Err(error) => {
                    // Usually too many open files: wait for some to be closed instead of spinning.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!(open = connections.len(), "connections were cut");
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, shutdown: CancellationToken) {
    let _ = stream.set_nodelay(true);
    // A browser that vanished (a laptop that fell asleep) must not keep its tunnel for ever.
    let alive = TcpKeepalive::new().with_time(KEEPALIVE);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&alive);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "connection ended early");
    }
}

/// The signals that end the panel.
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

/// Ends in this order: sockets and streams see the token, requests drain, then the engine. A second signal
/// does not wait for any of it.
pub(crate) async fn until_ended(
    mut signals: Signals,
    shutdown: CancellationToken,
    serving: impl Future<Output = ()>,
    engine: &Engine,
    stop_instances: bool,
) {
    let orderly = async {
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
            () = ending => tracing::info!("ended"),
            () = waiting => tracing::warn!("ended by a second signal"),
        }
    };
    orderly.await;
}
