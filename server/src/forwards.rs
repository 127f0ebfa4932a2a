//! Public ports: who connects to one is served like everybody else, on the threads of the panel's connections.
//!
//! # How it works
//! The engine opens and closes the ports and says to which instance each leads; here their connections are
//! accepted. `open` means bytes: they are relayed to the app unseen. `login` means HTTP: it takes the way of
//! [`crate::proxy`], where a session, a pass or a token is asked for. Which instance is meant is decided when a
//! raw connection begins, and anew for each request of an HTTP connection: after a takeover a browser's idle
//! connection simply leads to the new one.

use std::io;
use std::sync::Arc;

use engine::instances::forwards::{Door, Tenancy};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::relay::{End, Side, relay};
use crate::serve::{Workers, accept, seldom};
use crate::state::Panel;

/// A public port, as its connections see it.
pub(crate) struct Public {
    pub(crate) port: u16,
    tenancy: watch::Receiver<Tenancy>,
    /// The port is closed, or the panel ends.
    pub(crate) closed: CancellationToken,
}

impl Public {
    /// Where it leads now.
    pub(crate) fn tenancy(&self) -> Tenancy {
        self.tenancy.borrow().clone()
    }

    /// Until the port was closed and its connections had their time.
    pub(crate) async fn over(&self) {
        self.closed.cancelled().await;
        self.tenancy().cut.cancelled().await;
    }
}

/// Accepts what comes to the public ports until the panel ends.
pub(crate) async fn serve(panel: &Panel, workers: &Workers) {
    let Some(mut doors) = panel.engine.instances.doors() else {
        return;
    };
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            () = panel.shutdown.cancelled() => return,
            Some(door) = doors.recv() => open.push(keep(door, workers, panel.shutdown.child_token())),
            Some(()) = open.next() => {}
        }
    }
}

/// Accepts what comes to one port until it is closed.
async fn keep(door: Door, workers: &Workers, closed: CancellationToken) {
    let _closing = closed.clone().drop_guard();
    let public = Arc::new(Public {
        port: door.port,
        tenancy: door.tenancy,
        closed,
    });
    let listeners: io::Result<Vec<TcpListener>> =
        door.sockets.into_iter().map(TcpListener::from_std).collect();
    let listeners = match listeners {
        Ok(listeners) => listeners,
        Err(error) => {
            tracing::error!(port = public.port, %error, "a public port cannot be served");
            return;
        }
    };
    let mut accepting: FuturesUnordered<_> = listeners
        .iter()
        .map(|listener| accept(listener, workers, Some(&public)))
        .collect();
    tokio::select! {
        () = door.closed.cancelled() => {}
        _ = accepting.next() => {}
    }
    drop(accepting);
    listeners.iter().for_each(stop_listening);
    drop(listeners);
    drop(door.held);
}

/// Closing is not enough: a process that is being born holds a copy of every socket until it becomes its own
/// program, and the port would answer that long.
fn stop_listening(listener: &TcpListener) {
    if let Err(error) = socket2::SockRef::from(listener).shutdown(std::net::Shutdown::Both) {
        tracing::debug!(%error, "a public port is only closed");
    }
}

/// Joins a connection with the app, unseen, until both have ended or the port is not the instance's any more.
pub(crate) async fn join(panel: &Panel, tenancy: &Tenancy, stream: TcpStream) {
    let id = tenancy.instance;
    let joined = async {
        let route = panel.addresses().by_id(id);
        let app = if route.is_some_and(|route| route.instance.has_desktop()) {
            Box::pin(panel.engine.desktops.connect(id)).await
        } else {
            Box::pin(panel.engine.instances.connect(id)).await
        };
        let app = app.map_err(io::Error::other)?;
        relay(End::new(Side::Tcp(stream)), End::new(Side::of(app))).await
    };
    let mut over = seldom(async {
        tokio::select! {
            () = tenancy.cut.cancelled() => {}
            () = panel.shutdown.cancelled() => {}
        }
    });
    tokio::select! {
        biased;
        ended = joined => if let Err(error) = ended {
            tracing::debug!(instance.id = %id, %error, "a forwarded connection ended early");
        },
        Some(()) = over.next() => {}
    }
}
