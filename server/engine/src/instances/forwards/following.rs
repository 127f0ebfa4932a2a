//! The doors follow the instances: open when a started one wants its port, closed when it does not run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, interval};
use types::events::Event;
use types::instances::{Instance, InstanceId, PublicAccess, Status};

use super::Tenancy;
use crate::instances::Inner;
use crate::{Error, Result};

/// How often a port that could not be opened is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Opens what was wanted when the panel ended, and follows the bus from then on.
pub(in crate::instances) fn follow(inner: &Arc<Inner>) {
    let follower = Follower {
        bus: inner.events.subscribe(),
        inner: Arc::clone(inner),
        retry: retry(),
        blocked: HashMap::new(),
    };
    let shutdown = inner.supervisor.shutdown().clone();
    inner.forwards.tasks().spawn(async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = follower.run() => {}
        }
    });
}

fn retry() -> Interval {
    let mut retry = interval(RETRY);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    retry
}

struct Follower {
    bus: broadcast::Receiver<Event>,
    inner: Arc<Inner>,
    retry: Interval,
    /// Those whose port could not be opened.
    blocked: HashMap<InstanceId, Wanted>,
}

impl Follower {
    async fn run(mut self) {
        self.settle_all().await;
        loop {
            tokio::select! {
                event = self.bus.recv() => match event {
                    Ok(Event::Instance(row)) => self.settle(row.id).await,
                    Ok(Event::InstanceRemoved(id)) => self.settle(id).await,
                    Ok(Event::Resync) | Err(RecvError::Lagged(_)) => self.settle_all().await,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                },
                _ = self.retry.tick(), if !self.blocked.is_empty() => {
                    self.try_again().await;

                }
            }
        }
    }

    async fn settle_all(&mut self) {
        for row in self.inner.rows.list() {
            self.settle(row.id).await;
        }
    }

    /// Most events have nothing to do with ports; one whose port is blocked waits for its next try.
    async fn settle(&mut self, id: InstanceId) {
        let row = self.inner.rows.get(id).ok();
        let wanted = row.as_ref().and_then(wanted);
        let waits = wanted.is_some() && self.blocked.get(&id).copied() == wanted;
        if self.inner.is_settled(id, row.as_ref(), wanted) {
            self.blocked.remove(&id);
        } else if !waits {
            self.try_to_settle(id).await;
        }
    }

    async fn try_again(&mut self) {
        let blocked: Vec<InstanceId> = self.blocked.keys().copied().collect();
        for id in blocked {
            self.try_to_settle(id).await;
        }
    }

    async fn try_to_settle(&mut self, id: InstanceId) {
        match self.inner.settle(id).await {
            Ok(Settled::Yes) => drop(self.blocked.remove(&id)),
            Ok(Settled::Blocked(wanted)) => {
                if self.blocked.insert(id, wanted).is_none() {
                    self.retry.reset();
                }
            }
            Err(error) => tracing::error!(instance.id = %id, %error, "a public port was not put in order"),
        }
    }
}

/// Whether a port is as it should be.
enum Settled {
    Yes,
    /// Somebody outside has it, or the address is missing: worth another try.
    Blocked(Wanted),
}

/// A port, and for whom.
type Wanted = (u16, PublicAccess);

/// The port that should lead to an instance, and for whom.
fn wanted(row: &Instance) -> Option<Wanted> {
    let runs = row.status == Status::Started;
    let port = row.public_port.filter(|_| row.port_active && runs)?;
    Some((port, row.public_access))
}

impl Inner {
    fn is_settled(&self, id: InstanceId, row: Option<&Instance>, wanted: Option<Wanted>) -> bool {
        let leading = self.forwards.leading_to(id);
        let told = row.is_none_or(|row| {
            row.forward_up == wanted.is_some()
                && (row.forward_reason.is_empty() || row.status == Status::Started)
        });
        told && leading.as_slice() == wanted.as_slice()
    }

    /// Closes, opens and tells what the present row asks for.
    async fn settle(&self, id: InstanceId) -> Result<Settled> {
        let _changes = self.changes.lock().await;
        let row = self.rows.get(id).ok();
        let wanted = row.as_ref().and_then(wanted);
        for (port, access) in self.forwards.leading_to(id) {
            match (&row, wanted) {
                (Some(row), Some((other, new))) if other == port => {
                    if new != access {
                        // Who was let in without a login must not stay once one is asked for.
                        self.lead_to(port, row);
                    }
                }
                _ => self.close(port).await,
            }
        }
        match (row, wanted) {
            (Some(row), Some((port, _))) => self.settle_wanted(&row, port).await,
            (Some(row), None) => {
                let reason = if row.status == Status::Started {
                    row.forward_reason.as_str()
                } else {
                    ""
                };
                self.tell(id, row.port_active, false, reason);
                Ok(Settled::Yes)
            }
            (None, _) => Ok(Settled::Yes),
        }
    }

    async fn settle_wanted(&self, row: &Instance, port: u16) -> Result<Settled> {
        match self.forwards.tenant(port) {
            Some(own) if own == row.id => {
                self.tell(row.id, true, true, "");
                Ok(Settled::Yes)
            }
            Some(other) => self.stand_back(row, port, other).await,
            None => match self.open_again(port, row).await {
                Ok(()) => {
                    self.tell(row.id, true, true, "");
                    Ok(Settled::Yes)
                }
                Err(error) => {
                    self.tell(row.id, true, false, &error.to_string());
                    Ok(Settled::Blocked((port, row.public_access)))
                }
            },
        }
    }

    async fn open_again(&self, port: u16, row: &Instance) -> Result<()> {
        self.check_range(port)?;
        let sockets = self.listen(port).await?;
        self.forwards
            .keep(port, sockets, Tenancy::new(row.id, row.public_access));
        Ok(())
    }

    /// One that comes second turns inactive: of those that run, one at a time wants a port, so that the next
    /// panel finds the same one active.
    async fn stand_back(&self, row: &Instance, port: u16, other: InstanceId) -> Result<Settled> {
        let holder = self
            .rows
            .get(other)
            .map_or_else(|_| String::new(), |row| row.name);
        self.store_wishes(&[(row.id, false)]).await?;
        let taken = Error::PortTaken {
            port,
            holder: format!("“{holder}”"),
        };
        self.tell(row.id, false, false, &taken.to_string());
        Ok(Settled::Yes)
    }
}
