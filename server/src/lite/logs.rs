//! What the apps print.

use app::lite::log;
use engine::instances::LogPosition;
use types::instances::InstanceId;

use super::asked::Asked;
use super::{Answer, Part};

/// Every instance, to choose from.
pub(super) async fn choose(asked: Asked) -> Answer {
    let all = asked.panel.engine.instances.list().await?;
    Ok(asked.show(|frame| log::choose(frame, &all)))
}

/// The end of a run's log; of the newest one where the address names none.
pub(super) async fn one(asked: Asked, Part(id): Part<InstanceId>) -> Answer {
    let instances = &asked.panel.engine.instances;
    let instance = instances.get(id).await?;
    let runs = instances.runs(id).await?;
    let chunk = if runs.is_empty() {
        None
    } else {
        let tail = LogPosition::Tail(log::TAIL_BYTES);
        Some(instances.log(id, asked.number("run"), tail).await?)
    };
    Ok(asked.show(|frame| log::page(frame, &instance, &runs, chunk.as_ref())))
}
