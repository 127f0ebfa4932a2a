//! Saving changes: looked at as a whole first, saved second, and only then does anything restart.

use types::blueprints::Subpath;
use types::instances::{ChangePreview, Instance, InstanceChange, InstanceId, Status};
use types::names::InstanceName;

use super::create::write_script;
use super::differences::{NEEDS_RESTART, apply, changed, with_facts_of};
use super::launch::{self, conf_dir};
use super::satellites::SHARED;
use super::{Inner, Instances, fields};
use crate::{Error, Result, blocking, clock, db};

/// A change that passed every check.
struct Plan {
    next: Instance,
    changed: Vec<&'static str>,
    restarts: bool,
    /// New text of `launch.sh`.
    script: Option<Vec<u8>>,
}

impl Instances {
    /// What saving these changes would do; validates, changes nothing. Each change is looked at as if the
    /// ones before it were saved already.
    pub async fn preview(&self, changes: Vec<(InstanceId, InstanceChange)>) -> Result<Vec<ChangePreview>> {
        let mut rows = self.inner.rows.list();
        let mut previews = Vec::with_capacity(changes.len());
        for (id, change) in changes {
            let place = rows
                .iter()
                .position(|row| row.id == id)
                .ok_or(Error::UnknownInstance(id))?;
            let name = rows[place].name.clone();
            previews.push(match self.inner.plan(&rows, &rows[place], change).await {
                Ok(plan) => {
                    rows[place] = plan.next;
                    ChangePreview {
                        id,
                        name,
                        changed: plan.changed.iter().map(|&column| column.to_owned()).collect(),
                        restarts: plan.restarts,
                        problem: None,
                    }
                }
                Err(error) => ChangePreview {
                    id,
                    name,
                    changed: Vec::new(),
                    restarts: false,
                    problem: Some(error.to_string()),
                },
            });
        }
        Ok(previews)
    }

    /// Saves a change, and restarts the instance if it runs, `restart` is set and a changed value needs it.
    pub async fn update(&self, id: InstanceId, change: InstanceChange, restart: bool) -> Result<Instance> {
        let (saved, restarts) = self.inner.save(id, change).await?;
        if !(restart && restarts) {
            return Ok(saved);
        }
        match self.restart(id).await {
            // It ended in the meantime: nothing is left to restart.
            Err(Error::WrongStatus { .. } | Error::NotRunning(_)) => self.get(id).await,
            answer => answer,
        }
    }
}

impl Inner {
    async fn save(&self, id: InstanceId, change: InstanceChange) -> Result<(Instance, bool)> {
        let _changes = self.changes.lock().await;
        let present = self.rows.get(id)?;
        let mut plan = self.plan(&self.rows.list(), &present, change).await?;
        if plan.changed.is_empty() {
            return Ok((present, false));
        }
        plan.next.row_version = present.row_version + 1;
        plan.next.updated_at = clock::now_ms();

        let transaction = self.db.begin().await?;
        if !db::instances::update(&transaction, &plan.next, present.row_version).await? {
            return Err(stale(&present));
        }
        let shared = plan.changed.iter().any(|column| SHARED.contains(column));
        let satellites = if shared {
            self.satellites_beside(&plan.next)
        } else {
            Vec::new()
        };
        for satellite in &satellites {
            db::instances::update(&transaction, satellite, satellite.row_version - 1).await?;
        }
        let path = conf_dir(self, &present)?.join("launch.sh");
        let before = match plan.script.take() {
            None => None,
            Some(script) => {
                let path = path.clone();
                blocking(move || {
                    let before = std::fs::read(&path).ok();
                    write_script(&path, &script)?;
                    Ok(before)
                })
                .await?
            }
        };
        if let Err(error) = transaction.commit().await {
            if let Some(before) = before {
                blocking(move || write_script(&path, &before)).await?;
            }
            return Err(error.into());
        }
        for satellite in satellites {
            self.rows.change(satellite.id, |row| {
                *row = with_facts_of(satellite, row);
                Ok(())
            })?;
        }
        self.rows.change(id, |row| {
            *row = with_facts_of(plan.next, row);
            Ok((row.clone(), plan.restarts))
        })
    }

    /// What a change of `present` comes to beside `rows`; all that can be wrong with it is found here.
    async fn plan(&self, rows: &[Instance], present: &Instance, change: InstanceChange) -> Result<Plan> {
        if change
            .row_version
            .is_some_and(|version| version != present.row_version)
        {
            return Err(stale(present));
        }
        let mut next = present.clone();
        if let Some(name) = &change.name {
            let name = InstanceName::new(name)?;
            super::create::check_name_is_free(rows, &name, Some(present.id))?;
            if name.as_str() != present.name {
                next.slug = super::create::free_slug(rows, &name, Some(present.id));
                name.as_str().clone_into(&mut next.name);
            }
        }
        let wanted_blueprint = change.base_blueprint.clone();
        apply(&mut next, change)?;
        let script = match wanted_blueprint {
            Some(wanted) => self.take_blueprint(present, &mut next, &wanted).await?,
            None => None,
        };
        fields::check(&next)?;
        if next.output_path != present.output_path {
            fields::contained_output(&self.dir, &next)?;
        }
        if let Some(port) = next.public_port.filter(|port| Some(*port) != present.public_port) {
            self.check_port(port).await?;
        }
        let changed = changed(present, &next);
        self.check_shared(present, &changed)?;
        let restarts = matches!(
            present.status,
            Status::Starting | Status::Started | Status::Stalled
        ) && (changed.iter().any(|column| {
            // What is chosen for a desktop that is not there changes nothing.
            NEEDS_RESTART.contains(column) && (*column != "desktop" || present.persistent_mode)
        }) || (changed.contains(&"slug") && self.knows_its_prefix(present).await));
        Ok(Plan {
            next,
            changed,
            restarts,
            script,
        })
    }

    /// Refuses changes of what a family shares: by a satellite, and while one runs.
    fn check_shared(&self, present: &Instance, changed: &[&'static str]) -> Result<()> {
        let Some(field) = SHARED.iter().find(|column| changed.contains(column)) else {
            return Ok(());
        };
        if present.parent_instance_id.is_some() {
            return Err(Error::InvalidField {
                field,
                problem: "A satellite has the script and the environment of its parent; change it there."
                    .to_owned(),
            });
        }
        self.check_satellites_rest(present)
    }

    /// Gives `next` another blueprint. The instance's own `launch.sh` is the truth: it is replaced only while
    /// it still is what the old blueprint says, so that nobody's edits are lost.
    async fn take_blueprint(
        &self,
        present: &Instance,
        next: &mut Instance,
        wanted: &str,
    ) -> Result<Option<Vec<u8>>> {
        if wanted.strip_suffix(".sh").unwrap_or(wanted)
            == present
                .base_blueprint
                .strip_suffix(".sh")
                .unwrap_or(&present.base_blueprint)
        {
            return Ok(None); // also when the blueprint is gone from the catalogue
        }
        self.check_shared(present, &["base_blueprint"])?;
        let (blueprint, script) = self.blueprints.read(wanted).await?;
        next.base_blueprint = blueprint.filename;
        next.blueprint_name = blueprint.name;
        next.subpath = blueprint.subpath;
        let old = self.blueprints.script(&present.base_blueprint).await.ok();
        let path = conf_dir(self, present)?.join("launch.sh");
        let own = blocking(move || Ok(std::fs::read(path).ok())).await?;
        Ok((own.is_none() || own == old).then_some(script))
    }

    /// Whether the app was told its base path, which holds the slug.
    async fn knows_its_prefix(&self, row: &Instance) -> bool {
        match launch::blueprint(self, row).await {
            Ok(blueprint) => blueprint.subpath == Subpath::Keep,
            Err(_) => false,
        }
    }
}

fn stale(present: &Instance) -> Error {
    Error::StaleRow {
        name: present.name.clone(),
        row_version: present.row_version,
    }
}
