//! Public ports: which instance is reached on which, and the sockets that listen there.
//!
//! # How it works
//! An open port is a [`Door`]: its sockets, and a tenant that may change. When another instance takes the port
//! over, the sockets stay open and only the tenant changes: no connection can be refused or reset in between,
//! not even one that waits to be accepted. `SO_REUSEPORT`, where the old and the new one would listen side by
//! side, loses what is queued in the last moment, and would let a foreign program listen on our port unnoticed.
//!
//! `port_active` is the wish, stored with the row; the door follows it and the status of the instance
//! (`following`). The doors are opened and closed here; whoever [takes them](Instances::doors) accepts the
//! connections. Everything that opens, closes or hands over holds `Inner::changes`.

mod doors;
mod following;
mod sockets;

use std::net::TcpListener;
use std::time::Duration;

use tokio::sync::mpsc;
use types::forwards::Activation;
use types::instances::{Instance, InstanceId, Status};

use super::{Inner, Instances};
use crate::{Error, Result, blocking, db, process};

pub(super) use self::doors::Forwards;
pub use self::doors::{Door, Held, Tenancy};
pub(super) use self::following::follow;
pub(super) use self::sockets::nobody_listens;

/// How long whoever accepts may take to let go of the sockets of a closed door.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

impl Instances {
    /// Every port that is opened from now on, and those already open; for whoever accepts the connections. It
    /// can be had once.
    pub fn doors(&self) -> Option<mpsc::UnboundedReceiver<Door>> {
        self.inner.forwards.take_doors()
    }

    /// Makes the public port lead to this instance. Another instance that has it is named, or, with `force`,
    /// made inactive; its app goes on.
    pub async fn activate(&self, id: InstanceId, force: bool) -> Result<Activation> {
        let inner = &self.inner;
        let _changes = inner.changes.lock().await;
        let row = inner.rows.get(id)?;
        let port = inner.port_to_activate(&row)?;
        match inner.forwards.tenant(port) {
            Some(own) if own == id => {
                inner.store_wishes(&[(id, true)]).await?;
                inner.tell(id, true, true, "");
            }
            Some(other) => {
                let holder = inner.rows.get(other)?.name;
                if !force {
                    return Ok(Activation::conflict(port, holder));
                }
                inner.take_over(port, &row, other).await?;
            }
            None => inner.open_for(port, &row).await?,
        }
        let message = format!("Port {port} now leads to “{}”.", row.name);
        Ok(Activation::done(message, inner.rows.get(id)?))
    }

    /// Closes the public port; the app is not touched.
    pub async fn deactivate(&self, id: InstanceId) -> Result<Activation> {
        let inner = &self.inner;
        let _changes = inner.changes.lock().await;
        let row = inner.rows.get(id)?;
        inner.store_wishes(&[(id, false)]).await?;
        for (port, _) in inner.forwards.leading_to(id) {
            inner.close(port).await;
        }
        inner.tell(id, false, false, "");
        let message = match row.public_port {
            Some(port) => format!("Port {port} does not lead to “{}” any more.", row.name),
            None => format!("“{}” has no public port.", row.name),
        };
        Ok(Activation::done(message, inner.rows.get(id)?))
    }
}

/// What opens, closes and hands over; the caller holds `changes`.
impl Inner {
    fn port_to_activate(&self, row: &Instance) -> Result<u16> {
        let port = row
            .public_port
            .ok_or_else(|| Error::NoPublicPort(row.name.clone()))?;
        if row.status != Status::Started {
            return Err(Error::NotStarted {
                name: row.name.clone(),
                status: row.status,
            });
        }
        self.check_range(port)?;
        Ok(port)
    }

    /// Opens first: what cannot be opened is not wished for either.
    async fn open_for(&self, port: u16, row: &Instance) -> Result<()> {
        let sockets = self.listen(port).await?;
        self.store_wishes(&[(row.id, true)]).await?;
        self.forwards
            .keep(port, sockets, Tenancy::new(row.id, row.public_access));
        self.tell(row.id, true, true, "");
        Ok(())
    }

    async fn take_over(&self, port: u16, row: &Instance, from: InstanceId) -> Result<()> {
        self.store_wishes(&[(from, false), (row.id, true)]).await?;
        self.lead_to(port, row);
        self.tell(
            from,
            false,
            false,
            &format!("“{}” took port {port} over.", row.name),
        );
        self.tell(row.id, true, true, "");
        Ok(())
    }

    /// Begins a new tenancy of an open port; what is left of the old one is cut after a while.
    fn lead_to(&self, port: u16, row: &Instance) {
        let to = Tenancy::new(row.id, row.public_access);
        if let Some(old) = self.forwards.hand_over(port, to) {
            self.cut_later(old);
        }
    }

    /// Closes a port, and returns when nobody listens on it any more.
    async fn close(&self, port: u16) {
        let Some(open) = self.forwards.take(port) else {
            return;
        };
        self.cut_later(open.close());
        if tokio::time::timeout(CLOSE_LIMIT, open.gone()).await.is_err() {
            tracing::warn!(port, "a public port is not let go of");
        }
    }

    fn cut_later(&self, tenancy: Tenancy) {
        let (drain, shutdown) = (self.config.forward_drain, self.supervisor.shutdown().clone());
        self.forwards.tasks().spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(drain) => {}
                () = shutdown.cancelled() => {}
            }
            tenancy.cut.cancel();
        });
    }

    /// Listens on every public address; who holds the port already is named.
    async fn listen(&self, port: u16) -> Result<Vec<TcpListener>> {
        let addresses = self.config.bind_public.clone();
        blocking(move || {
            sockets::listen(&addresses, port).map_err(|source| match source.kind() {
                std::io::ErrorKind::AddrInUse => taken(port),
                _ => Error::PortNotOpened { port, source },
            })
        })
        .await
    }

    /// Stores who wants a port whenever it runs.
    async fn store_wishes(&self, wishes: &[(InstanceId, bool)]) -> Result<()> {
        let transaction = self.db.begin().await?;
        for (id, wanted) in wishes {
            db::instances::set_port_active(&transaction, *id, *wanted).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Shows whether a port is wanted, whether it leads to the instance, and why not.
    fn tell(&self, id: InstanceId, wanted: bool, up: bool, reason: &str) {
        // A row that is gone needs no news.
        let _ = self.rows.change(id, |row| {
            row.port_active = wanted;
            row.forward_up = up;
            reason.clone_into(&mut row.forward_reason);
            Ok(())
        });
    }
}

/// A port somebody else listens on.
pub(super) fn taken(port: u16) -> Error {
    let holder = process::ports::holder(port).ok().flatten();
    Error::PortTaken {
        port,
        holder: holder.unwrap_or_else(|| "another program".to_owned()),
    }
}
