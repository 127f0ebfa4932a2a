//! Instances: the list, one of them, and what is done with it.

use std::collections::HashMap;

use app::ApiError;
use app::lite::{Leaf, Typed, delete, edit, instance, list, new, start as start_question, takeover};
use axum::http::StatusCode;
use types::instances::{DeleteMode, Instance, InstanceChange, InstanceId};

use super::asked::{Asked, back};
use super::{Answer, Fields, Part, led};

/// Where an instance's own page is.
fn home(id: InstanceId) -> String {
    format!("/lite/instances/{id}")
}

/// What every instance is called.
pub(super) fn names(instances: &[Instance]) -> HashMap<InstanceId, String> {
    instances
        .iter()
        .map(|instance| (instance.id, instance.name.clone()))
        .collect()
}

pub(super) async fn list(asked: Asked) -> Answer {
    let engine = &asked.panel.engine;
    let all = engine.instances.list().await?;
    let leaf = Leaf::of(all.len(), list::ROWS, asked.number("page").unwrap_or(1));
    let names = names(&all);
    let rows = all.into_iter().skip(leaf.first).take(leaf.length);
    let list = list::List {
        rows: rows.map(|row| asked.origin.link(row)).collect(),
        names,
        leaf,
        readings: engine.telemetry.readings(),
        blueprints: engine.blueprints.list().await?,
    };
    Ok(asked.show(|frame| list::page(frame, &list)))
}

pub(super) async fn new(asked: Asked) -> Answer {
    new_with(&asked, StatusCode::OK, &Typed::new()).await
}

async fn new_with(asked: &Asked, status: StatusCode, typed: &Typed) -> Answer {
    let engine = &asked.panel.engine;
    let blueprints = engine.blueprints.list().await?;
    let ports = engine.instances.available_ports().await?;
    Ok(asked.answer(status, |frame| new::page(frame, &blueprints, &ports, typed)))
}

pub(super) async fn create(asked: Asked, Fields(typed): Fields) -> Answer {
    match asked.panel.engine.instances.create(new::wanted(&typed)).await {
        Ok(instance) => Ok(led(&format!("{}?done=created", home(instance.id)))),
        Err(error) => {
            let error = ApiError::from(error);
            new_with(&asked.with_problem(&error), error.kind.status(), &typed).await
        }
    }
}

pub(super) async fn one(asked: Asked, Part(id): Part<InstanceId>) -> Answer {
    one_with(&asked, StatusCode::OK, id).await
}

async fn one_with(asked: &Asked, status: StatusCode, id: InstanceId) -> Answer {
    let engine = &asked.panel.engine;
    let instance = asked.origin.link(engine.instances.get(id).await?);
    let parent = match instance.parent_instance_id {
        Some(parent) => engine.instances.get(parent).await.ok().map(|parent| parent.name),
        None => None,
    };
    let readings = engine.telemetry.readings();
    Ok(asked.answer(status, |frame| {
        instance::page(frame, &instance, parent.as_deref(), &readings)
    }))
}

/// After a button: back to the page it stood on, or the instance's own page with the reason why not.
async fn done<T>(asked: Asked, id: InstanceId, typed: &Typed, outcome: engine::Result<T>) -> Answer {
    match outcome {
        Ok(_) => Ok(led(&back(typed.get("from"), home(id)))),
        Err(error) => {
            let error = ApiError::from(error);
            one_with(&asked.with_problem(&error).at(home(id)), error.kind.status(), id).await
        }
    }
}

/// Starts, as was answered where there would not be enough GPU memory; asks first where nothing was.
pub(super) async fn start(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let engine = &asked.panel.engine;
    let number = |name: &str| typed.get(name).and_then(|number| number.parse().ok());
    if let Some(rival) = number("rival") {
        let waiting = engine.instances.start_after(id, InstanceId(rival)).await;
        return done(asked, id, &typed, waiting).await;
    }
    if let Some(gpu) = typed.get("gpu").and_then(|gpu| gpu.parse().ok()) {
        let started = engine.instances.start_on(id, gpu).await;
        return done(asked, id, &typed, started).await;
    }
    if !typed.contains_key("anyway")
        && engine.instances.get(id).await?.status.can_start()
        && engine.telemetry.room(id).await.is_err()
    {
        return Ok(led(&format!("{}/start", home(id))));
    }
    let started = engine.instances.start(id).await;
    done(asked, id, &typed, started).await
}

/// Asks before a start that would not find enough GPU memory; with enough there is nothing to ask.
pub(super) async fn ask_start(asked: Asked, Part(id): Part<InstanceId>) -> Answer {
    let engine = &asked.panel.engine;
    let (instance, fit) = (engine.instances.get(id).await?, engine.telemetry.fit(id).await?);
    if fit.warning.is_empty() {
        return Ok(led(&home(id)));
    }
    Ok(asked.show(|frame| start_question::page(frame, &instance, &fit)))
}

pub(super) async fn stop(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let stopped = asked.panel.engine.instances.stop(id).await;
    done(asked, id, &typed, stopped).await
}

pub(super) async fn restart(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let restarted = asked.panel.engine.instances.restart(id).await;
    done(asked, id, &typed, restarted).await
}

pub(super) async fn activate(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    match asked.panel.engine.instances.activate(id, false).await {
        Ok(activation) if activation.conflict => Ok(led(&format!("{}/takeover", home(id)))),
        outcome => done(asked, id, &typed, outcome).await,
    }
}

pub(super) async fn deactivate(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let outcome = asked.panel.engine.instances.deactivate(id).await;
    done(asked, id, &typed, outcome).await
}

/// Asks before a port is taken from another instance; without one there is nothing to ask.
pub(super) async fn ask_takeover(asked: Asked, Part(id): Part<InstanceId>) -> Answer {
    let instances = &asked.panel.engine.instances;
    let instance = instances.get(id).await?;
    let has_it =
        |other: &Instance| other.id != id && other.forward_up && other.public_port == instance.public_port;
    let Some(holder) = instances.list().await?.into_iter().find(has_it) else {
        return Ok(led(&home(id)));
    };
    let other = instances
        .available_ports()
        .await?
        .into_iter()
        .find(|port| Some(*port) != instance.public_port);
    Ok(asked.show(|frame| takeover::page(frame, &instance, &holder.name, other)))
}

pub(super) async fn take_over(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let outcome = asked.panel.engine.instances.activate(id, true).await;
    done(asked, id, &typed, outcome).await
}

/// Gives an instance another public port, and makes that one lead to it.
pub(super) async fn use_port(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let instances = &asked.panel.engine.instances;
    let change = InstanceChange {
        // What is no number is no port of the range.
        public_port: Some(Some(
            typed.get("port").and_then(|port| port.parse().ok()).unwrap_or(0),
        )),
        ..InstanceChange::default()
    };
    let outcome = match instances.update(id, change, false).await {
        Ok(_) => instances.activate(id, false).await,
        Err(error) => Err(error),
    };
    done(asked, id, &typed, outcome).await
}

pub(super) async fn edit(asked: Asked, Part(id): Part<InstanceId>) -> Answer {
    edit_with(&asked, StatusCode::OK, id, None).await
}

async fn edit_with(asked: &Asked, status: StatusCode, id: InstanceId, typed: Option<Typed>) -> Answer {
    let engine = &asked.panel.engine;
    let edit = edit::Edit {
        instance: engine.instances.get(id).await?,
        blueprints: engine.blueprints.list().await?,
        ports: engine.instances.available_ports().await?,
        desktops: engine.desktops.availability().await?,
        typed,
    };
    Ok(asked.answer(status, |frame| edit::page(frame, &edit)))
}

pub(super) async fn save(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let (change, restart) = edit::wanted(&typed);
    match asked.panel.engine.instances.update(id, change, restart).await {
        Ok(_) => Ok(led(&format!("{}?done=saved", home(id)))),
        Err(error) => {
            let error = ApiError::from(error);
            edit_with(&asked.with_problem(&error), error.kind.status(), id, Some(typed)).await
        }
    }
}

pub(super) async fn ask_delete(asked: Asked, Part(id): Part<InstanceId>) -> Answer {
    delete_with(&asked, StatusCode::OK, id, &Typed::new()).await
}

async fn delete_with(asked: &Asked, status: StatusCode, id: InstanceId, typed: &Typed) -> Answer {
    let instances = &asked.panel.engine.instances;
    let (instance, preview) = (instances.get(id).await?, instances.delete_preview(id).await?);
    Ok(asked.answer(status, |frame| delete::page(frame, &instance, &preview, typed)))
}

pub(super) async fn delete(asked: Asked, Part(id): Part<InstanceId>, Fields(typed): Fields) -> Answer {
    let mode = delete::mode(&typed);
    let confirm = typed
        .get("confirm")
        .filter(|confirm| !confirm.is_empty())
        .cloned();
    match asked.panel.engine.instances.delete(id, mode, confirm).await {
        Ok(_) => Ok(led(deleted(mode))),
        Err(error) => {
            let error = ApiError::from(error);
            delete_with(&asked.with_problem(&error), error.kind.status(), id, &typed).await
        }
    }
}

fn deleted(mode: DeleteMode) -> &'static str {
    match mode {
        DeleteMode::Trash => "/lite?done=trashed",
        DeleteMode::Permanent => "/lite?done=removing",
    }
}
