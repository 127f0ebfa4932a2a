//! The open ports, and where each leads.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use types::instances::{InstanceId, PublicAccess};

/// A public port that is open.
pub struct Door {
    /// Its number.
    pub port: u16,
    /// Listening sockets, one per address; they do not block.
    pub sockets: Vec<TcpListener>,
    /// Whose it is; a new value after a takeover.
    pub tenancy: watch::Receiver<Tenancy>,
    /// The port is to be closed.
    pub closed: CancellationToken,
    /// Dropped after the sockets: the port is closed for certain.
    pub held: Held,
}

/// See [`Door::held`].
pub struct Held(#[expect(dead_code, reason = "it counts until it is dropped")] TaskTrackerToken);

/// The time in which a door leads to one instance.
#[derive(Clone, Debug)]
pub struct Tenancy {
    /// Where it leads.
    pub instance: InstanceId,
    /// For whom.
    pub access: PublicAccess,
    /// The tenancy ended a while ago: what is left of its connections is cut.
    pub cut: CancellationToken,
}

impl Tenancy {
    pub(super) fn new(instance: InstanceId, access: PublicAccess) -> Self {
        Self {
            instance,
            access,
            cut: CancellationToken::new(),
        }
    }
}

/// An open port as this side keeps it.
pub(super) struct Open {
    tenancy: watch::Sender<Tenancy>,
    closed: CancellationToken,
    held: TaskTracker,
}

impl Open {
    /// Asks for the sockets to be closed; returns the last tenancy.
    pub(super) fn close(&self) -> Tenancy {
        self.closed.cancel();
        self.held.close();
        self.tenancy.borrow().clone()
    }

    /// Waits until nobody listens on it any more.
    pub(super) async fn gone(&self) {
        self.held.wait().await;
    }
}

/// Every open port.
pub(in crate::instances) struct Forwards {
    open: Mutex<HashMap<u16, Open>>,
    /// Unbounded, but there are never more doors than ports.
    doors: mpsc::UnboundedSender<Door>,
    untaken: Mutex<Option<mpsc::UnboundedReceiver<Door>>>,
    tasks: TaskTracker,
}

impl Default for Forwards {
    fn default() -> Self {
        let (doors, untaken) = mpsc::unbounded_channel();
        Self {
            open: Mutex::default(),
            doors,
            untaken: Mutex::new(Some(untaken)),
            tasks: TaskTracker::new(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Forwards {
    /// What works on the ports; it ends with the keepers.
    pub(in crate::instances) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    pub(super) fn take_doors(&self) -> Option<mpsc::UnboundedReceiver<Door>> {
        lock(&self.untaken).take()
    }

    /// Where an open port leads.
    pub(in crate::instances) fn tenant(&self, port: u16) -> Option<InstanceId> {
        lock(&self.open)
            .get(&port)
            .map(|open| open.tenancy.borrow().instance)
    }

    /// The ports that lead to an instance: none or one, and for a moment two.
    pub(super) fn leading_to(&self, id: InstanceId) -> Vec<(u16, PublicAccess)> {
        lock(&self.open)
            .iter()
            .map(|(port, open)| (*port, open.tenancy.borrow().clone()))
            .filter(|(_, tenancy)| tenancy.instance == id)
            .map(|(port, tenancy)| (port, tenancy.access))
            .collect()
    }

    pub(super) fn keep(&self, port: u16, sockets: Vec<TcpListener>, tenancy: Tenancy) {
        let (sender, receiver) = watch::channel(tenancy);
        let open = Open {
            tenancy: sender,
            closed: CancellationToken::new(),
            held: TaskTracker::new(),
        };
        let door = Door {
            port,
            sockets,
            tenancy: receiver,
            closed: open.closed.clone(),
            held: Held(open.held.token()),
        };
        lock(&self.open).insert(port, open);
        // Nobody takes doors any more when the panel ends; then the port closes, which is right.
        let _ = self.doors.send(door);
    }

    /// Gives an open port to another tenant; returns the old tenancy.
    pub(super) fn hand_over(&self, port: u16, to: Tenancy) -> Option<Tenancy> {
        let open = lock(&self.open);
        open.get(&port).map(|open| open.tenancy.send_replace(to))
    }

    pub(super) fn take(&self, port: u16) -> Option<Open> {
        lock(&self.open).remove(&port)
    }
}
