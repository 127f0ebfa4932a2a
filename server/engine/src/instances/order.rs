//! The order of the table.

use std::collections::HashSet;

use types::instances::{Instance, InstanceId};
use types::order::{self, Place};

use super::{Inner, Instances};
use crate::{Result, db};

impl Instances {
    /// Puts the rows in this order; rows not named keep their order after the named ones, and satellites stand
    /// under their parent whatever is asked.
    pub async fn reorder(&self, order: Vec<InstanceId>) -> Result<()> {
        let inner = &self.inner;
        let _changes = inner.changes.lock().await;
        let mut named = HashSet::new();
        let mut next = Vec::new();
        for id in order {
            let row = inner.rows.get(id)?;
            if named.insert(id) {
                next.push(place(&row));
            }
        }
        let rows = inner.rows.list();
        next.extend(rows.iter().filter(|row| !named.contains(&row.id)).map(place));
        inner.put_in_order(order::families(&next)).await
    }
}

impl Inner {
    /// Puts a row that has just come after another one and its satellites. The caller holds `changes`.
    pub(super) async fn put_after(&self, id: InstanceId, before: InstanceId) -> Result<()> {
        let rows = self.rows.list();
        let mut next: Vec<Place> = rows.iter().filter(|row| row.id != id).map(place).collect();
        let in_family = |row: &Place| row.0 == before || row.1 == Some(before);
        let at = next.iter().rposition(in_family).map_or(next.len(), |at| at + 1);
        next.insert(at, place(&self.rows.get(id)?));
        self.put_in_order(order::families(&next)).await
    }

    async fn put_in_order(&self, order: Vec<InstanceId>) -> Result<()> {
        // The row's version stays: moving a row does not make somebody's half-typed edit of it stale.
        let transaction = self.db.begin().await?;
        for (place, id) in (0..).zip(&order) {
            db::instances::set_sort_order(&transaction, *id, place).await?;
        }
        transaction.commit().await?;
        self.rows.reorder(order);
        Ok(())
    }
}

fn place(row: &Instance) -> Place {
    (row.id, row.parent_instance_id)
}
