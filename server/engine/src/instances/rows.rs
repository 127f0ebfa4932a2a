//! The rows as everybody sees them: configuration and run-time facts together, in memory.
//!
//! Reading never touches the database. Whoever changes a row (the configuration verbs after their commit, the
//! supervisor for the facts of a run) does it here, under one lock, and the lock is also what gives the events
//! their order: a tab can never be told an older state after a newer one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use types::events::Event;
use types::instances::{Instance, InstanceId};

use crate::events::Events;
use crate::{Error, Result, clock};

/// Every instance by its number.
pub(crate) struct Rows {
    events: Events,
    rows: Mutex<HashMap<InstanceId, Instance>>,
}

impl Rows {
    /// Begins with what the database holds.
    pub(crate) fn new(events: Events, rows: Vec<Instance>) -> Self {
        let rows = rows.into_iter().map(|row| (row.id, row)).collect();
        Self {
            events,
            rows: Mutex::new(rows),
        }
    }

    /// In table order.
    pub(crate) fn list(&self) -> Vec<Instance> {
        let mut rows: Vec<Instance> = self.lock().values().cloned().collect();
        rows.sort_unstable_by_key(|row| (row.sort_order, row.id));
        rows
    }

    /// One row.
    pub(crate) fn get(&self, id: InstanceId) -> Result<Instance> {
        self.lock().get(&id).cloned().ok_or(Error::UnknownInstance(id))
    }

    /// The first row that fits.
    pub(crate) fn find(&self, fits: impl Fn(&Instance) -> bool) -> Option<Instance> {
        self.lock().values().find(|row| fits(row)).cloned()
    }

    /// Changes a row and tells everybody, unless nothing changed or `change` fails: then nothing happened.
    /// Looking and changing is one step, so this is also the compare-and-set of the statuses.
    pub(crate) fn change<T>(
        &self,
        id: InstanceId,
        change: impl FnOnce(&mut Instance) -> Result<T>,
    ) -> Result<T> {
        let mut rows = self.lock();
        let present = rows.get_mut(&id).ok_or(Error::UnknownInstance(id))?;
        let mut next = present.clone();
        let answer = change(&mut next)?;
        if next.status != present.status {
            next.status_since = clock::now_ms();
        }
        if next != *present {
            present.clone_from(&next);
            self.events.publish(Event::Instance(Box::new(next)));
        }
        Ok(answer)
    }

    /// Adds a row.
    pub(crate) fn insert(&self, row: Instance) {
        let mut rows = self.lock();
        rows.insert(row.id, row.clone());
        self.events.publish(Event::Instance(Box::new(row)));
    }

    /// Takes a row away.
    pub(crate) fn remove(&self, id: InstanceId) {
        let mut rows = self.lock();
        if rows.remove(&id).is_some() {
            self.events.publish(Event::InstanceRemoved(id));
        }
    }

    /// Gives every row its place in the table.
    pub(crate) fn reorder(&self, order: Vec<InstanceId>) {
        let mut rows = self.lock();
        for (place, id) in (0..).zip(&order) {
            if let Some(row) = rows.get_mut(id) {
                row.sort_order = place;
            }
        }
        self.events.publish(Event::InstancesReordered(order));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, Instance>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
