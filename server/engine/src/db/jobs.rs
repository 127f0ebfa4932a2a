//! Queries on the table `jobs`.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
};
use types::instances::InstanceId;
use types::jobs::{Job, JobId, JobState};

use super::entities::job::{ActiveModel, COLUMN, Column, Entity, Model};
use super::words::{value, word};

/// Adds a job that begins; the number of `job` is replaced by its own.
pub(crate) async fn insert(db: &impl ConnectionTrait, mut job: Job) -> Result<Job, DbErr> {
    let row = ActiveModel {
        kind: Set(job.kind.clone()),
        title: Set(job.title.clone()),
        instance_id: Set(job.instance.map(|id| id.0)),
        state: Set(word(job.state)?),
        message: Set(job.message.clone()),
        started_at: Set(job.started_at),
        ..Default::default()
    };
    job.id = JobId(row.insert(db).await?.id.cast_unsigned());
    Ok(job)
}

/// Every job that is remembered, newest first.
pub(crate) async fn list(db: &impl ConnectionTrait) -> Result<Vec<Job>, DbErr> {
    let rows = Entity::find().order_by_desc(COLUMN.id).all(db).await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Writes the end of a job down.
pub(crate) async fn end(db: &impl ConnectionTrait, job: &Job) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(word(job.state)?))
        .col_expr(Column::Message, Expr::value(job.message.clone()))
        .col_expr(Column::EndedAt, Expr::value(job.ended_at))
        .filter(COLUMN.id.eq(job.id.0.cast_signed()))
        .exec(db)
        .await?;
    Ok(())
}

/// Forgets jobs.
pub(crate) async fn delete(db: &impl ConnectionTrait, ids: &[JobId]) -> Result<(), DbErr> {
    let ids = ids.iter().map(|id| id.0.cast_signed());
    Entity::delete_many()
        .filter(COLUMN.id.is_in(ids))
        .exec(db)
        .await?;
    Ok(())
}

impl TryFrom<Model> for Job {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let state: JobState = value(row.state)?;
        Ok(Self {
            id: JobId(row.id.cast_unsigned()),
            kind: row.kind,
            title: row.title,
            instance: row.instance_id.map(InstanceId),
            progress: (state == JobState::Done).then_some(1.0),
            state,
            message: row.message,
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}
