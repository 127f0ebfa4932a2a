//! The rows of the table as signals: one per row, so that a change of one disturbs no other.

use leptos::prelude::*;
use types::events::Event;
use types::instances::{Instance, InstanceId};

/// One row; equal rows share their signal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Key in lists.
    pub id: InstanceId,
    /// What the server last said.
    pub instance: RwSignal<Instance>,
}

/// All rows in table order.
#[derive(Clone, Copy)]
pub struct Rows(RwSignal<Vec<Row>>);

impl Rows {
    /// Rows from a first list.
    pub fn new(instances: Vec<Instance>) -> Self {
        Self(RwSignal::new(instances.into_iter().map(Row::new).collect()))
    }

    /// The rows; tracked.
    pub fn get(self) -> Vec<Row> {
        self.0.get()
    }

    /// The rows; not tracked.
    pub fn get_untracked(self) -> Vec<Row> {
        self.0.get_untracked()
    }

    /// Whether there are none; tracked.
    pub fn is_empty(self) -> bool {
        self.0.with(Vec::is_empty)
    }

    /// Takes over the answer to a request, unless the socket has already said something newer.
    pub fn answer(self, instance: Instance) {
        let stale = self.0.with_untracked(|rows| {
            rows.iter().find(|row| row.id == instance.id).is_some_and(|row| {
                row.instance
                    .with_untracked(|present| !is_later(&instance, present))
            })
        });
        if !stale {
            self.apply(Event::Instance(Box::new(instance)));
        }
    }

    /// One row; tracks the list, not the row.
    pub fn find(self, id: InstanceId) -> Option<Row> {
        self.0.with(|rows| rows.iter().copied().find(|row| row.id == id))
    }

    /// Takes over a whole list; rows that stay keep their signals, and unchanged ones notify nobody.
    pub fn replace(self, instances: Vec<Instance>) {
        let before = self.0.get_untracked();
        let after: Vec<Row> = instances
            .into_iter()
            .map(|instance| match before.iter().find(|row| row.id == instance.id) {
                Some(row) => {
                    row.set(instance);
                    *row
                }
                None => Row::new(instance),
            })
            .collect();
        if after != before {
            self.0.set(after);
        }
    }

    /// Takes over one event; says whether the whole list has to be fetched again.
    pub fn apply(self, event: Event) -> bool {
        match event {
            Event::Instance(instance) => match self.0.with_untracked(|rows| position(rows, instance.id)) {
                Some(index) => self.0.with_untracked(|rows| rows[index]).set(*instance),
                None => self.0.update(|rows| rows.push(Row::new(*instance))),
            },
            Event::InstanceRemoved(id) => self.0.update(|rows| rows.retain(|row| row.id != id)),
            Event::InstancesReordered(order) => self.0.update(|rows| {
                rows.sort_by_key(|row| order.iter().position(|id| *id == row.id).unwrap_or(usize::MAX));
            }),
            Event::Job(_) => {}
            Event::Resync => return true,
        }
        false
    }
}

impl Row {
    fn new(instance: Instance) -> Self {
        Self {
            id: instance.id,
            instance: RwSignal::new(instance),
        }
    }

    fn set(self, instance: Instance) {
        if self.instance.with_untracked(|present| *present != instance) {
            self.instance.set(instance);
        }
    }
}

/// Both counters only grow: the configuration's version and the moment of the last change of status.
fn is_later(new: &Instance, present: &Instance) -> bool {
    new.row_version >= present.row_version && new.status_since >= present.status_since
}

fn position(rows: &[Row], id: InstanceId) -> Option<usize> {
    rows.iter().position(|row| row.id == id)
}
