//! The order of the table.

use std::collections::HashSet;

use types::instances::InstanceId;

use super::Instances;
use crate::{Result, db};

impl Instances {
    /// Puts the rows in this order; rows not named keep their order after the named ones.
    pub async fn reorder(&self, order: Vec<InstanceId>) -> Result<()> {
        let inner = &self.inner;
        let _changes = inner.changes.lock().await;
        let rows = inner.rows.list();
        let mut named = HashSet::new();
        let mut next = Vec::with_capacity(rows.len());
        for id in order {
            inner.rows.get(id)?;
            if named.insert(id) {
                next.push(id);
            }
        }
        next.extend(rows.iter().map(|row| row.id).filter(|id| !named.contains(id)));

        // The row's version stays: moving a row does not make somebody's half-typed edit of it stale.
        let transaction = inner.db.begin().await?;
        for (place, id) in (0..).zip(&next) {
            db::instances::set_sort_order(&transaction, *id, place).await?;
        }
        transaction.commit().await?;
        inner.rows.reorder(next);
        Ok(())
    }
}
