//! When the panel starts: every run that an earlier panel began is found again, none is started twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use types::instances::{Exit, ExitKind, ExitSource, Instance, InstanceId, Status};

use super::launch::{self, ActiveRun};
use super::supervisor::Command;
use super::transitions::Change;
use super::{Inner, reasons};
use crate::db::runs::{self, RunRow};
use crate::runner::Handle;
use crate::{Result, clock};

/// For runs that no row knows.
const GRACE: Duration = Duration::from_secs(10);

/// Takes over what runs; then starts, one after the other, what is to be started with the panel.
pub(super) async fn adopt(inner: &Arc<Inner>) -> Result<()> {
    let runner = inner.supervisor.runner();
    let found = runner.recover().await.unwrap_or_else(|error| {
        tracing::error!(%error, "the runs of an earlier panel could not be read");
        Vec::new()
    });
    let mut found: HashMap<String, Handle> = found
        .into_iter()
        .map(|(key, handle)| (key.uuid, handle))
        .collect();
    for run in runs::newest(inner.db.read()).await? {
        let handle = found.remove(&run.uuid);
        if run.run.ended_at.is_none() {
            resume(inner, run, handle).await?;
        } else {
            if let Some(handle) = handle {
                // Its end is stored; only the pointer to it was left.
                let _ = runner.forget(&handle).await;
            }
            remember(inner, &run);
            if run.state == "again" {
                inner.begin_again(run.instance);
            }
        }
    }
    if runs::end_superseded(inner.db.write(), lost_now(), reasons::NOT_STORED).await? > 0 {
        tracing::warn!("the end of some earlier runs had not been stored");
    }
    for (uuid, handle) in found {
        end_unknown(inner, uuid, handle);
    }
    autostart(inner);
    Ok(())
}

/// What the last run left to be told.
fn remember(inner: &Inner, run: &RunRow) {
    let _ = inner.rows.change(run.instance, |row| {
        row.run = run.run.number;
        row.exit_code = exit_code(run.run.exit);
        if run.state == "error" {
            row.status = Status::Error;
            row.status_reason.clone_from(&run.run.reason);
        }
        Ok(())
    });
    if let Some(ended_at) = run.run.ended_at {
        let _ = inner.rows.change(run.instance, |row| {
            row.status_since = ended_at;
            Ok(())
        });
    }
}

fn lost_now() -> Exit {
    Exit {
        kind: ExitKind::Lost,
        source: ExitSource::Engine,
        at: clock::now_ms(),
    }
}

fn exit_code(exit: Option<Exit>) -> Option<i32> {
    match exit?.kind {
        ExitKind::Code(code) => Some(code),
        _ => None,
    }
}

/// A run that had not ended when the earlier panel did.
async fn resume(inner: &Arc<Inner>, run: RunRow, found: Option<Handle>) -> Result<()> {
    let Ok(row) = inner.rows.get(run.instance) else {
        return Ok(());
    };
    let Some(handle) = found.or_else(|| run.handle.clone().map(Handle)) else {
        return never_began(inner, &run).await;
    };
    let (status, wish) = match run.state.as_str() {
        "started" => (Status::Started, None),
        "stalled" => (Status::Stalled, None),
        "stopping" => (Status::Stopping, Some(Command::Stop)),
        "restarting" => (Status::Stopping, Some(Command::Restart)),
        _ => (Status::Starting, None),
    };
    show(inner, &run, status);
    let active = ActiveRun {
        row: run.id,
        number: run.run.number,
        handle,
        port: run.internal_port.unwrap_or_default(),
        blueprint: launch::blueprint(inner, &row)
            .await
            .unwrap_or_else(|_| launch::plain_blueprint(&row)),
        started_at: run.run.started_at,
        ready: run.ready_at.is_some(),
        gpu_memory: Vec::new(),
    };
    inner.supervisor.keep(inner, run.instance, Some((active, wish)));
    Ok(())
}

fn show(inner: &Inner, run: &RunRow, status: Status) {
    let _ = inner.rows.change(run.instance, |row: &mut Instance| {
        row.status = status;
        row.run = run.run.number;
        row.started_at = Some(run.run.started_at);
        row.internal_port = run.internal_port;
        Ok(())
    });
}

/// The earlier panel ended between writing the row and starting anything.
async fn never_began(inner: &Inner, run: &RunRow) -> Result<()> {
    runs::end(
        inner.db.write(),
        run.id,
        "error",
        lost_now(),
        reasons::NEVER_BEGAN,
        0,
    )
    .await?;
    let _ = inner.rows.change(run.instance, |row| {
        row.run = run.run.number;
        row.status = Status::Error;
        reasons::NEVER_BEGAN.clone_into(&mut row.status_reason);
        Ok(())
    });
    Ok(())
}

/// A run that no row knows (its instance was deleted, or the database is an older copy): nobody could ever stop it.
fn end_unknown(inner: &Arc<Inner>, uuid: String, handle: Handle) {
    let runner = Arc::clone(inner.supervisor.runner());
    inner.supervisor.tasks().spawn(async move {
        tracing::warn!(run.uuid = %uuid, "ending a run that belongs to no instance");
        if runner.stop(&handle, GRACE).await.is_ok() {
            let _ = runner.wait(&handle).await;
            let _ = runner.forget(&handle).await;
        }
    });
}

/// Starts in table order, each when the one before is ready or has failed to be. One that an earlier panel was
/// starting has its place in the order too.
fn autostart(inner: &Arc<Inner>) {
    let queue: Vec<InstanceId> = inner
        .rows
        .list()
        .into_iter()
        .filter(|row| row.autostart)
        .filter(|row| {
            row.status == Status::Starting
                || inner.apply(row.id, Change::Queue, |row| row.status_reason.clear())
        })
        .map(|row| row.id)
        .collect();
    if queue.is_empty() {
        return;
    }
    let inner = Arc::clone(inner);
    let (tasks, shutdown) = (
        inner.supervisor.tasks().clone(),
        inner.supervisor.shutdown().clone(),
    );
    tasks.spawn(async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = start_in_order(&inner, queue) => {}
        }
    });
}

async fn start_in_order(inner: &Arc<Inner>, queue: Vec<InstanceId>) {
    for id in queue {
        // Subscribed before the start, so that no change is missed.
        let mut events = inner.events.subscribe();
        inner.take_turn(id);
        while inner.rows.get(id).is_ok_and(|row| row.status == Status::Starting) {
            let _ = events.recv().await;
        }
    }
}
