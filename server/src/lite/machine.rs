//! What is measured.

use app::lite::machine;
use engine::telemetry::HistoryQuery;

use super::Answer;
use super::asked::Asked;
use super::instances::names;

/// A step of the last hour, milliseconds.
const STEP: i64 = 60_000;

pub(super) async fn show(asked: Asked) -> Answer {
    let engine = &asked.panel.engine;
    let query = HistoryQuery {
        step: STEP,
        subjects: machine::SUBJECTS.map(str::to_owned).into(),
        metrics: machine::METRICS.map(str::to_owned).into(),
        ..HistoryQuery::default()
    };
    let machine = machine::Machine {
        readings: engine.telemetry.readings(),
        history: engine.telemetry.history(query).await?,
        names: names(&engine.instances.list().await?),
    };
    Ok(asked.show(|frame| machine::page(frame, &machine)))
}
