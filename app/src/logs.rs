//! Logs: what the apps print, live and afterwards.

mod ansi;
pub(crate) mod html;
mod layout;
pub(crate) mod level;
pub(crate) mod lines;
pub mod model;
pub mod page;
pub(crate) mod progress;
pub mod runs;
mod search;
pub mod toolbar;
pub mod view;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::instances::{Instance, InstanceId};
use types::logs::{LogChunk, Run};

pub use page::LogsPage;
pub(crate) use page::{EmptyLog, Reload, live_row, live_runs};

pub(crate) use model::Log;
pub(crate) use runs::{address, title};
pub(crate) use toolbar::{LogButtons, LogSearch};
pub(crate) use view::{LogLines, LogProgress};

use crate::ApiError;
use crate::request::FormOrJson;

/// What a log view is rendered from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenedLog {
    /// The server's clock, Unix milliseconds.
    pub(crate) now: i64,
    /// Every instance, to choose from.
    pub(crate) choices: Vec<(InstanceId, String)>,
    /// Whose log this is; none = there is no instance.
    pub(crate) instance: Option<Instance>,
    /// Its runs, newest first.
    pub(crate) runs: Vec<Run>,
    /// The end of the log; none = it never ran.
    pub(crate) chunk: Option<LogChunk>,
}

/// Bytes of the log a page is rendered with.
#[cfg(feature = "ssr")]
const TAIL_BYTES: u64 = 64 << 10;

/// The end of a log: of `run` or the newest one, of `id` or the instance people most likely mean.
#[cfg(feature = "ssr")]
pub(crate) async fn open_log(id: Option<InstanceId>, run: Option<u32>) -> Result<OpenedLog, ApiError> {
    let instances = expect_context::<engine::Engine>().instances;
    let all = instances.list().await?;
    let likely = || {
        let active = all.iter().find(|instance| instance.status.is_active());
        active
            .or_else(|| all.iter().find(|instance| instance.run > 0))
            .or(all.first())
            .cloned()
    };
    let instance = match id {
        Some(id) => Some(instances.get(id).await?),
        None => likely(),
    };
    let mut runs = Vec::new();
    let mut chunk = None;
    if let Some(instance) = instance.as_ref().filter(|instance| instance.run > 0) {
        runs = instances.runs(instance.id).await?;
        let position = engine::instances::LogPosition::Tail(TAIL_BYTES);
        chunk = Some(instances.log(instance.id, run, position).await?);
    }
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instance = instance.map(|instance| origin.link(instance));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(OpenedLog {
        now: now.map_or(0, |passed| i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)),
        choices: all
            .into_iter()
            .map(|instance| (instance.id, instance.name))
            .collect(),
        instance,
        runs,
        chunk,
    })
}

/// A piece of a run's log from a byte on; 1 MiB at most.
#[server(prefix = "/fn", endpoint = "read_log", protocol = FormOrJson)]
pub(crate) async fn read_log(id: InstanceId, run: u32, offset: u64) -> Result<LogChunk, ApiError> {
    let position = engine::instances::LogPosition::Offset(offset);
    Ok(expect_context::<engine::Engine>()
        .instances
        .log(id, Some(run), position)
        .await?)
}

/// The runs of an instance, newest first.
#[server(prefix = "/fn", endpoint = "list_runs", protocol = FormOrJson)]
pub(crate) async fn list_runs(id: InstanceId) -> Result<Vec<Run>, ApiError> {
    Ok(expect_context::<engine::Engine>().instances.runs(id).await?)
}
