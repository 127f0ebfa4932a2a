//! Long work.

use std::time::Duration;

use app::lite::jobs;
use engine::instances::LogPosition;
use types::jobs::{Job, JobId, JobState};

use super::asked::{Asked, back};
use super::{Answer, Fields, Part, led};

/// What is under way first, then the newest of the others.
pub(super) async fn list(asked: Asked) -> Answer {
    let mut jobs: Vec<Job> = asked.panel.engine.jobs.list();
    jobs.sort_by_key(|job| job.state != JobState::Running);
    jobs.truncate(jobs::LISTED);
    Ok(asked.show(|frame| jobs::page(frame, &jobs)))
}

pub(super) async fn one(asked: Asked, Part(id): Part<JobId>) -> Answer {
    let jobs = &asked.panel.engine.jobs;
    let job = jobs.get(id)?;
    let tail = LogPosition::Tail(jobs::TAIL_BYTES);
    // Not every job prints something, and what one printed is not kept for ever.
    let printed = jobs.log(id, tail, Duration::ZERO).await.map(|log| log.content);
    Ok(asked.show(|frame| jobs::output(frame, &job, &printed.unwrap_or_default())))
}

pub(super) async fn cancel(asked: Asked, Part(id): Part<JobId>, Fields(typed): Fields) -> Answer {
    asked.panel.engine.jobs.cancel(id)?;
    Ok(led(&back(typed.get("from"), "/lite/jobs".to_owned())))
}
