//! Idle connections to the apps, and what is known about each app's present run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use hyper::client::conn::http1::SendRequest;
use types::blueprints::Subpath;
use types::instances::{Instance, InstanceId};

/// Idle connections kept per app; more are closed. A browser opens six.
const IDLE_MAX: usize = 8;

/// Below the shortest common keep-alive of apps (uvicorn: 5 s), so that few are found closed.
const IDLE_TIME: Duration = Duration::from_secs(4);

/// How long a connection that was just given back may take to be ready again.
const READY_TIME: Duration = Duration::from_millis(20);

pub(super) type Sender = SendRequest<Body>;

/// Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Pool(Arc<Mutex<HashMap<InstanceId, App>>>);

#[derive(Default)]
struct App {
    run: u32,
    idle: Vec<(Sender, Instant)>,
    subpath: Option<Subpath>,
}

impl Pool {
    fn apps(&self) -> MutexGuard<'_, HashMap<InstanceId, App>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How this run of the app wants to be asked, if that is known.
    pub(super) fn subpath(&self, instance: &Instance) -> Option<Subpath> {
        let apps = self.apps();
        apps.get(&instance.id)
            .filter(|app| app.run == instance.run)?
            .subpath
    }

    pub(super) fn keep_subpath(&self, instance: &Instance, subpath: Subpath) {
        self.of_run(instance.id, instance.run, |app| app.subpath = Some(subpath));
    }

    /// A connection that works, the most recently used first; connections of an earlier run are closed.
    pub(super) async fn take(&self, id: InstanceId, run: u32) -> Option<Sender> {
        loop {
            let (mut sender, since) = self.of_run(id, run, |app| app.idle.pop())?;
            if since.elapsed() > IDLE_TIME || sender.is_closed() {
                continue;
            }
            // The end of the last answer was seen before the connection itself noticed it.
            if let Ok(Ok(())) = tokio::time::timeout(READY_TIME, sender.ready()).await {
                return Some(sender);
            }
        }
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn give_back(&self, id: InstanceId, run: u32, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut apps = self.apps();
        let Some(app) = apps.get_mut(&id).filter(|app| app.run == run) else {
            return;
        };
        app.idle.retain(|(_, since)| since.elapsed() <= IDLE_TIME);
        if app.idle.len() < IDLE_MAX {
            app.idle.push((sender, Instant::now()));
        }
    }

    fn of_run<T>(&self, id: InstanceId, run: u32, work: impl FnOnce(&mut App) -> T) -> T {
        let mut apps = self.apps();
        let app = apps.entry(id).or_default();
        if app.run != run {
            *app = App {
                run,
                ..App::default()
            };
        }
        work(app)
    }
}
