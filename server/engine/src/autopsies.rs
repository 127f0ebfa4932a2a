//! What was found out about the ways to reach instances, and about their blueprints.

use types::autopsy::{AccessHint, Autopsy, KnownAccess};
use types::instances::InstanceId;

use crate::db::{Database, autopsies};
use crate::instances::Instances;
use crate::{Result, clock};

/// Handle to the reports.
#[derive(Clone)]
pub struct Autopsies {
    db: Database,
    instances: Instances,
}

impl Autopsies {
    pub(crate) fn new(db: Database, instances: Instances) -> Self {
        Self { db, instances }
    }

    /// Dates a report and keeps it: with its instance, and as a hint with its blueprint.
    pub async fn keep(&self, mut report: Autopsy) -> Result<Autopsy> {
        report.made_at = clock::now_ms();
        // Deleted while it was looked at: then there is nothing to keep it with.
        self.instances.get(report.instance).await?;
        let together = self.db.begin().await?;
        autopsies::put(&together, &report).await?;
        autopsies::put_hint(&together, &report.hint()).await?;
        together.commit().await?;
        Ok(report)
    }

    /// What is known about an instance's ways.
    pub async fn known(&self, id: InstanceId) -> Result<KnownAccess> {
        let instance = self.instances.get(id).await?;
        Ok(KnownAccess {
            report: autopsies::get(self.db.read(), id).await?,
            hint: autopsies::hint(self.db.read(), &instance.base_blueprint).await?,
        })
    }

    /// What is known about blueprints, by file name.
    pub async fn hints(&self) -> Result<Vec<AccessHint>> {
        Ok(autopsies::hints(self.db.read()).await?)
    }
}
