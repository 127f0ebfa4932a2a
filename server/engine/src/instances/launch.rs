//! Beginning a run: files, row, process.

use std::path::PathBuf;
use std::time::Duration;

use types::blueprints::{Blueprint, BlueprintOrigin, Desktop, Readiness, Subpath};
use types::instances::{Exit, ExitKind, ExitSource, Instance, InstanceId};

use super::environment::{self, Surroundings};
use super::{Inner, fields};
use crate::blueprints::metadata;
use crate::db::runs::{self, NewRun};
use crate::desktops::{self, App, Plan};
use crate::runner::{GpuHolding, Handle, RunKey, RunSpec};
use crate::{Error, Result, blocking, clock, process};

/// A run that exists.
#[derive(Clone, Debug)]
pub(super) struct ActiveRun {
    /// Its row in the database.
    pub(super) row: i64,
    pub(super) number: u32,
    pub(super) handle: Handle,
    pub(super) port: u16,
    pub(super) blueprint: Blueprint,
    pub(super) started_at: i64,
    /// It was ready once.
    pub(super) ready: bool,
    /// What its processes held when they were last looked at, less what came back since.
    pub(super) gpu_memory: Vec<GpuHolding>,
}

impl ActiveRun {
    /// Between TERM and KILL.
    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(self.blueprint.stop_grace_s.into())
    }
}

/// Where the log and the record of one run lie.
pub(super) fn run_dir(inner: &Inner, row: &Instance, number: u32) -> PathBuf {
    logs_dir(inner, row).join(number.to_string())
}

fn logs_dir(inner: &Inner, row: &Instance) -> PathBuf {
    inner.dir.instance(&row.dir).join("logs")
}

/// The directory with the script: the parent's for a satellite.
pub(super) fn conf_dir(inner: &Inner, row: &Instance) -> Result<PathBuf> {
    let dir = match row.parent_instance_id {
        Some(parent) => inner.rows.get(parent)?.dir,
        None => row.dir.clone(),
    };
    Ok(inner.dir.instance(&dir))
}

/// What the instance's own script says about itself.
pub(super) async fn blueprint(inner: &Inner, row: &Instance) -> Result<Blueprint> {
    let path = conf_dir(inner, row)?.join("launch.sh");
    let filename = row.base_blueprint.clone();
    blocking(move || {
        let script = std::fs::read(&path).map_err(Error::file(&path))?;
        Ok(metadata::parse(&filename, BlueprintOrigin::Custom, &script))
    })
    .await
}

/// What holds for a script that cannot be read any more.
pub(super) fn plain_blueprint(row: &Instance) -> Blueprint {
    metadata::parse(&row.base_blueprint, BlueprintOrigin::Custom, b"")
}

/// Starts a run of an instance; when it fails, nothing is left running and the run is closed with the reason.
pub(super) async fn launch(inner: &Inner, id: InstanceId) -> Result<ActiveRun> {
    let row = inner.rows.get(id)?;
    let blueprint = blueprint(inner, &row).await?;
    let port = free_port(inner, id).await?;
    let number = next_number(inner, &row).await?;
    let spec = prepare(inner, &row, &blueprint, number, port).await?;
    let started_at = clock::now_ms();
    let new = NewRun {
        instance: id,
        number,
        uuid: spec.key.uuid.clone(),
        generation: i64::from(number),
        node: inner.supervisor.runner().fingerprint().node,
        state: "starting".to_owned(),
        started_at,
        internal_port: Some(port),
    };
    let run = runs::insert(inner.db.write(), new).await?;
    inner.rows.change(id, |row| {
        row.run = number;
        row.internal_port = Some(port);
        row.started_at = Some(started_at);
        Ok(())
    })?;
    match inner.supervisor.runner().start(&spec).await {
        Ok(handle) => {
            // It runs: that its address was not stored must not leave it without a keeper. The runner knows it too.
            if let Err(error) = runs::set_handle(inner.db.write(), run, &handle.0).await {
                tracing::error!(instance.id = %id, %error, "the address of a run was not stored");
            }
            Ok(ActiveRun {
                row: run,
                number,
                handle,
                port,
                blueprint,
                started_at,
                ready: false,
                gpu_memory: Vec::new(),
            })
        }
        Err(source) => {
            let exit = Exit {
                kind: ExitKind::Code(127),
                source: ExitSource::Engine,
                at: clock::now_ms(),
            };
            let reason = format!("could not be started: {source}");
            if let Err(error) = runs::end(inner.db.write(), run, "error", exit, &reason, 0).await {
                tracing::error!(instance.id = %id, %error, "the end of a run was not stored");
            }
            Err(Error::Spawn {
                name: row.name,
                source,
            })
        }
    }
}

/// A port that is free now, not promised to another instance and not one of the public ones.
async fn free_port(inner: &Inner, id: InstanceId) -> Result<u16> {
    let public = inner.config.port_range;
    let promised: Vec<u16> = inner
        .rows
        .list()
        .into_iter()
        .filter(|row| row.id != id)
        .filter_map(|row| row.internal_port)
        .collect();
    blocking(move || free_port_beside(|port| public.contains(port) || promised.contains(&port))).await
}

fn free_port_beside(taken: impl Fn(u16) -> bool) -> Result<u16> {
    process::ports::free(taken).ok_or(Error::NoFreeInternalPort(process::ports::INTERNAL))
}

/// Higher than every run known to the database or seen on the disk: a log is never written over.
async fn next_number(inner: &Inner, row: &Instance) -> Result<u32> {
    let (known, logs) = (row.run, logs_dir(inner, row));
    blocking(move || {
        let seen = std::fs::read_dir(&logs)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .max();
        Ok(known.max(seen.unwrap_or(0)) + 1)
    })
    .await
}

async fn prepare(
    inner: &Inner,
    row: &Instance,
    blueprint: &Blueprint,
    number: u32,
    port: u16,
) -> Result<RunSpec> {
    let conf_dir = conf_dir(inner, row)?;
    let run_dir = run_dir(inner, row, number);
    let (dir, support, row) = (
        inner.dir.clone(),
        inner.blueprints.support_dir().to_owned(),
        row.clone(),
    );
    let (gpus, wanted) = (row.gpu_ids.clone(), row.clone());
    let base_path = inner.config.base_path.clone();
    let cwd = conf_dir.clone();
    let own_dir = inner.dir.instance(&row.dir);
    let (env, output_dir) = blocking(move || {
        let output_dir = fields::contained_output(&dir, &row)?;
        std::fs::create_dir_all(&output_dir).map_err(Error::file(&output_dir))?;
        environment::write_files(&own_dir, &row)?;
        let env = environment::environment(&Surroundings {
            dir: &dir,
            support: &support,
            row: &row,
            conf_dir: &conf_dir,
            own_dir: &own_dir,
            output_dir: &output_dir,
            port,
            base_path: &base_path,
        })?;
        Ok((env, output_dir))
    })
    .await?;
    let argv = vec!["bash".to_owned(), "launch.sh".to_owned()];
    let desktop = wanted.persistent_mode.then(|| Plan {
        argv: argv.clone(),
        app: app(&wanted, blueprint, port, &inner.config.base_path),
        gl: blueprint.desktop_gl,
        title: wanted.name.clone(),
        settings: wanted.desktop.clone(),
        home: inner.dir.instance(&wanted.dir).join(desktops::HOME),
        files: output_dir,
        root: inner.dir.run().join(desktops::RUN),
        users: inner.config.desktop_uids.map(|uids| desktops::Users {
            uids,
            dir: inner.desktop_tools(),
            instance: inner.dir.instance(&wanted.dir),
        }),
        tools: inner.desktop_tools(),
        data_dir: inner.dir.root().to_owned(),
        grace_ms: 1000 * u64::from(blueprint.stop_grace_s),
    });
    Ok(RunSpec {
        key: RunKey {
            uuid: uuid::Uuid::new_v4().to_string(),
            generation: u64::from(number),
        },
        argv,
        env,
        cwd,
        gpus,
        run_dir,
        grace: Duration::from_secs(blueprint.stop_grace_s.into()),
        log_file_bytes: inner.config.log_file_bytes,
        log_files_kept: inner.config.log_files_kept,
        desktop,
    })
}

/// What there is to be shown on a desktop.
fn app(row: &Instance, blueprint: &Blueprint, port: u16, base_path: &str) -> App {
    if blueprint.desktop == Some(Desktop::Required) {
        return App::Window;
    }
    let path = match blueprint.subpath {
        Subpath::Keep => format!("{base_path}{}", row.proxy_path()),
        Subpath::Strip | Subpath::No => "/".to_owned(),
    };
    App::Page {
        port,
        path,
        health_path: (blueprint.ready == Readiness::Http).then(|| blueprint.health_path.clone()),
    }
}

/// Removes what is kept of runs older than the newest so many.
pub(super) async fn prune(inner: &Inner, id: InstanceId) -> Result<()> {
    let row = inner.rows.get(id)?;
    let kept = inner.config.runs_kept.max(1) as usize;
    for old in runs::list(inner.db.read(), id).await?.into_iter().skip(kept) {
        let dir = run_dir(inner, &row, old.run.number);
        blocking(move || match std::fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file(&dir)(error)),
            _ => Ok(()),
        })
        .await?;
        runs::delete(inner.db.write(), old.id).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_free_port_is_told_by_the_range_that_is_full() {
        let error = free_port_beside(|_| true).unwrap_err();
        assert!(error.to_string().contains("21000-31999"), "{error}");
        assert!(free_port_beside(|_| false).is_ok());
    }
}
