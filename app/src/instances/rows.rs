//! The rows of the table as signals: one per row, so that a change of one disturbs no other.

use std::cmp::Ordering;

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
pub struct Rows(RwSignal<Vec<Row>>, Awaited);

/// The order this tab asked for last, until the socket says it; empty where there is none. What the socket says before
/// it is older than what is shown.
type Awaited = StoredValue<Vec<InstanceId>>;

impl Rows {
    /// Rows from a first list.
    pub fn new(instances: Vec<Instance>) -> Self {
        let rows = instances.into_iter().map(Row::new).collect();
        Self(RwSignal::new(rows), StoredValue::new(Vec::new()))
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

    /// Takes over the answer to a request, unless the socket has already said something newer. `connected`: what the
    /// two counters do not tell, such as whether a port is open, comes by the socket in its order, and counts.
    pub fn answer(self, instance: Instance, connected: bool) {
        let stale = |present: &Instance| match age(&instance).partial_cmp(&age(present)) {
            Some(Ordering::Greater) => false,
            Some(Ordering::Equal) => connected,
            Some(Ordering::Less) | None => true,
        };
        let known = untrack(|| self.find(instance.id));
        if !known.is_some_and(|row| row.instance.with_untracked(stale)) {
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
        self.await_order(Vec::new());
    }

    /// Shows the rows in this order; those it does not name come last.
    pub fn reorder(self, order: &[InstanceId]) {
        self.0.update(|rows| {
            // The standard library's sorting is larger than the rest of this file.
            let named = order
                .iter()
                .filter_map(|id| rows.iter().find(|row| row.id == *id));
            let others = rows.iter().filter(|row| !order.contains(&row.id));
            *rows = named.chain(others).copied().collect();
        });
    }

    /// Believes no other order of the socket's before this one; an empty one: each.
    pub fn await_order(self, order: Vec<InstanceId>) {
        self.1.set_value(order);
    }

    /// Takes over one event; says whether the whole list has to be fetched again.
    pub fn apply(self, event: Event) -> bool {
        match event {
            Event::Instance(instance) => match self.0.with_untracked(|rows| position(rows, instance.id)) {
                Some(index) => self.0.with_untracked(|rows| rows[index]).set(*instance),
                None => self.0.update(|rows| rows.push(Row::new(*instance))),
            },
            Event::InstanceRemoved(id) => self.0.update(|rows| rows.retain(|row| row.id != id)),
            Event::InstancesReordered(order) => {
                let awaited = |awaited: &Vec<InstanceId>| {
                    let those = order.iter().filter(|id| awaited.contains(id));
                    those.eq(awaited)
                };
                if self.1.with_value(awaited) {
                    self.await_order(Vec::new());
                    self.reorder(&order);
                }
            }
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

/// Two counters that only grow; a row is later than another when one of them is, and none is earlier.
#[derive(PartialEq)]
struct Age {
    row_version: i64,
    status_since: i64,
}

fn age(instance: &Instance) -> Age {
    Age {
        row_version: instance.row_version,
        status_since: instance.status_since,
    }
}

impl PartialOrd for Age {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let version = self.row_version.cmp(&other.row_version);
        let since = self.status_since.cmp(&other.status_since);
        match (version, since) {
            (one, other) if one == other => Some(one),
            (one, Ordering::Equal) | (Ordering::Equal, one) => Some(one),
            _ => None,
        }
    }
}

fn position(rows: &[Row], id: InstanceId) -> Option<usize> {
    rows.iter().position(|row| row.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instances::draft::tests::instance;

    /// The row as it is after an answer with this version and moment came.
    fn after(row_version: i64, status_since: i64, connected: bool) -> Instance {
        let owner = Owner::new();
        owner.with(|| {
            let mut present = instance();
            (present.row_version, present.status_since) = (7, 7);
            let rows = Rows::new(vec![present]);
            let mut answer = instance();
            (answer.row_version, answer.status_since, answer.forward_up) = (row_version, status_since, true);
            rows.answer(answer, connected);
            untrack(|| rows.get()[0].instance.get())
        })
    }

    #[test]
    fn an_answer_counts_unless_the_socket_said_something_newer() {
        for (version, since) in [(8, 7), (7, 8), (8, 8)] {
            assert!(after(version, since, true).forward_up, "{version}, {since}");
        }
        for (version, since) in [(6, 7), (7, 6), (8, 6), (6, 8)] {
            assert!(!after(version, since, false).forward_up, "{version}, {since}");
        }
    }

    #[test]
    fn of_two_that_look_as_old_the_socket_is_believed_while_there_is_one() {
        assert!(!after(7, 7, true).forward_up);
        assert!(after(7, 7, false).forward_up);
    }

    #[test]
    fn what_the_socket_says_of_an_earlier_order_undoes_no_later_move() {
        let [one, two, three] = [1, 2, 3].map(InstanceId);
        Owner::new().with(|| {
            let row = |id| types::instances::Instance { id, ..instance() };
            let rows = Rows::new([one, two, three].map(row).to_vec());
            let order = || -> Vec<InstanceId> { rows.get_untracked().iter().map(|row| row.id).collect() };
            let heard = |order: [InstanceId; 3]| rows.apply(Event::InstancesReordered(order.to_vec()));

            rows.reorder(&[three, two, one]);
            rows.await_order(order());
            heard([one, three, two]);
            assert_eq!(order(), [three, two, one]);
            // A row that is new to this tab does not hide that the order is the awaited one.
            rows.apply(Event::InstancesReordered(vec![three, InstanceId(4), two, one]));
            heard([two, one, three]);
            assert_eq!(order(), [two, one, three]);
        });
    }
}
