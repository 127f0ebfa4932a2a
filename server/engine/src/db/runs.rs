//! Queries on the table `runs`.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use types::instances::{Exit, InstanceId};
use types::logs::Run;

use super::entities::run::{ActiveModel, COLUMN, Column, Entity, Model};

/// A run with what only the engine needs to know.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunRow {
    /// Number of the row.
    pub(crate) id: i64,
    /// Whose.
    pub(crate) instance: InstanceId,
    /// Together with `generation`: the run's identity.
    pub(crate) uuid: String,
    /// Higher for each attempt to run the same thing.
    pub(crate) generation: i64,
    /// The machine.
    pub(crate) node: String,
    /// Opaque to all but the runner.
    pub(crate) handle: Option<serde_json::Value>,
    /// The supervisor's word.
    pub(crate) state: String,
    /// When it became ready, Unix milliseconds.
    pub(crate) ready_at: Option<i64>,
    /// Where the app listens.
    pub(crate) internal_port: Option<u16>,
    /// What people see of it.
    pub(crate) run: Run,
}

impl RunRow {
    /// Whether it ended because a person wanted that.
    pub(crate) fn ended_as_wanted(&self) -> bool {
        self.state == "stopped" || self.run.reason == crate::instances::STOPPED
    }
}

/// What is known when a run begins.
#[derive(Clone, Debug)]
pub(crate) struct NewRun {
    /// Whose.
    pub(crate) instance: InstanceId,
    /// Counts the instance's runs.
    pub(crate) number: u32,
    /// Identity.
    pub(crate) uuid: String,
    /// Attempt.
    pub(crate) generation: i64,
    /// Machine.
    pub(crate) node: String,
    /// The supervisor's word.
    pub(crate) state: String,
    /// Unix milliseconds.
    pub(crate) started_at: i64,
    /// Where the app will listen.
    pub(crate) internal_port: Option<u16>,
}

/// Adds a run; returns the number of its row.
pub(crate) async fn insert(db: &impl ConnectionTrait, new: NewRun) -> Result<i64, DbErr> {
    let row = ActiveModel {
        instance_id: Set(new.instance.0),
        number: Set(i32::try_from(new.number).unwrap_or(i32::MAX)),
        uuid: Set(new.uuid),
        generation: Set(new.generation),
        node: Set(new.node),
        state: Set(new.state),
        started_at: Set(new.started_at),
        internal_port: Set(new.internal_port.map(i32::from)),
        reason: Set(String::new()),
        log_bytes: Set(0),
        ..Default::default()
    };
    Ok(row.insert(db).await?.id)
}

/// Runs of an instance, newest first.
pub(crate) async fn list(db: &impl ConnectionTrait, instance: InstanceId) -> Result<Vec<RunRow>, DbErr> {
    let rows = Entity::find()
        .filter(COLUMN.instance_id.eq(instance.0))
        .order_by_desc(COLUMN.number)
        .all(db)
        .await?;
    rows.into_iter().map(RunRow::try_from).collect()
}

/// The newest run of every instance that ever ran.
pub(crate) async fn newest(db: &impl ConnectionTrait) -> Result<Vec<RunRow>, DbErr> {
    let rows = Entity::find().order_by_asc(COLUMN.number).all(db).await?;
    let newest: std::collections::BTreeMap<i64, Model> =
        rows.into_iter().map(|row| (row.instance_id, row)).collect();
    newest.into_values().map(RunRow::try_from).collect()
}

/// Runs that began or ended between two moments, oldest first; not more than a chart has room for.
pub(crate) async fn between(db: &impl ConnectionTrait, from: i64, to: i64) -> Result<Vec<RunRow>, DbErr> {
    const MOST: u64 = 1000;
    let began = COLUMN.started_at.between(from, to);
    let ended = COLUMN.ended_at.between(from, to);
    let mut rows = Entity::find()
        .filter(began.or(ended))
        .order_by_desc(COLUMN.id)
        .limit(MOST)
        .all(db)
        .await?;
    rows.reverse();
    rows.into_iter().map(RunRow::try_from).collect()
}

/// Keeps what the runner needs to find the run again.
pub(crate) async fn set_handle(
    db: &impl ConnectionTrait,
    id: i64,
    handle: &serde_json::Value,
) -> Result<(), DbErr> {
    set(db, id, Column::Handle, handle.to_string()).await
}

/// Writes the supervisor's word down, unless the run has ended in the meantime.
pub(crate) async fn set_state(db: &impl ConnectionTrait, id: i64, state: &str) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .filter(COLUMN.id.eq(id))
        .filter(COLUMN.ended_at.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Corrects the supervisor's word for a run that has ended.
pub(crate) async fn settle(db: &impl ConnectionTrait, id: i64, state: &str) -> Result<(), DbErr> {
    set(db, id, Column::State, state).await
}

/// Writes down that the run is ready.
pub(crate) async fn set_ready(db: &impl ConnectionTrait, id: i64, at: i64) -> Result<(), DbErr> {
    set(db, id, Column::ReadyAt, at).await
}

/// Closes a run.
pub(crate) async fn end(
    db: &impl ConnectionTrait,
    id: i64,
    state: &str,
    exit: Exit,
    reason: &str,
    log_bytes: u64,
) -> Result<(), DbErr> {
    let log_bytes = i64::try_from(log_bytes).unwrap_or(i64::MAX);
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::EndedAt, Expr::value(exit.at))
        .col_expr(Column::Exit, Expr::value(text(exit)?))
        .col_expr(Column::Reason, Expr::value(reason))
        .col_expr(Column::LogBytes, Expr::value(log_bytes))
        .filter(COLUMN.id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Closes runs that a later one of their instance proves to be over, although their end was never stored.
pub(crate) async fn end_superseded(
    db: &impl ConnectionTrait,
    exit: Exit,
    reason: &str,
) -> Result<u64, DbErr> {
    let later = "EXISTS (SELECT 1 FROM runs AS later \
                 WHERE later.instance_id = runs.instance_id AND later.number > runs.number)";
    let ended = Entity::update_many()
        .col_expr(Column::State, Expr::value("error"))
        .col_expr(Column::EndedAt, Expr::value(exit.at))
        .col_expr(Column::Exit, Expr::value(text(exit)?))
        .col_expr(Column::Reason, Expr::value(reason))
        .filter(COLUMN.ended_at.is_null())
        .filter(Expr::cust(later))
        .exec(db)
        .await?;
    Ok(ended.rows_affected)
}

fn text(exit: Exit) -> Result<String, DbErr> {
    serde_json::to_string(&exit).map_err(|error| DbErr::Type(error.to_string()))
}

/// Forgets a run whose log is gone.
pub(crate) async fn delete(db: &impl ConnectionTrait, id: i64) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(db).await?;
    Ok(())
}

async fn set(
    db: &impl ConnectionTrait,
    id: i64,
    column: Column,
    value: impl Into<sea_orm::Value>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(column, Expr::value(value))
        .filter(COLUMN.id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

impl TryFrom<Model> for RunRow {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let json = |error: serde_json::Error| DbErr::Type(error.to_string());
        Ok(Self {
            id: row.id,
            instance: InstanceId(row.instance_id),
            uuid: row.uuid,
            generation: row.generation,
            node: row.node,
            handle: row
                .handle
                .as_deref()
                .map(serde_json::from_str)
                .transpose()
                .map_err(json)?,
            state: row.state,
            ready_at: row.ready_at,
            internal_port: row.internal_port.and_then(|port| u16::try_from(port).ok()),
            run: Run {
                number: u32::try_from(row.number).unwrap_or_default(),
                started_at: row.started_at,
                ended_at: row.ended_at,
                exit: row
                    .exit
                    .as_deref()
                    .map(serde_json::from_str)
                    .transpose()
                    .map_err(json)?,
                reason: row.reason,
                log_bytes: u64::try_from(row.log_bytes).unwrap_or_default(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use types::instances::{ExitKind, ExitSource};

    use super::*;
    use crate::db::open;

    #[tokio::test]
    async fn a_run_is_not_open_beside_a_later_one() {
        let temp = tempfile::tempdir().unwrap();
        let db = open(&temp.path().join("aikore.db")).await.unwrap();
        let instance = "INSERT INTO instances (id, name, slug, dir, base_blueprint, sort_order, created_at, updated_at) \
                        VALUES (7, 'app', 'app', 'app', 'app.sh', 0, 0, 0)";
        db.write().execute_unprepared(instance).await.unwrap();
        for number in [1, 2] {
            let new = NewRun {
                instance: InstanceId(7),
                number,
                uuid: number.to_string(),
                generation: number.into(),
                node: "here".to_owned(),
                state: "started".to_owned(),
                started_at: 1,
                internal_port: None,
            };
            insert(db.write(), new).await.unwrap();
        }
        let exit = Exit {
            kind: ExitKind::Lost,
            source: ExitSource::Engine,
            at: 5,
        };
        assert_eq!(end_superseded(db.write(), exit, "why").await.unwrap(), 1);
        let runs = list(db.read(), InstanceId(7)).await.unwrap();
        let ends: Vec<_> = runs
            .iter()
            .map(|row| (row.run.number, row.run.ended_at, row.run.exit))
            .collect();
        assert_eq!(ends, [(2, None, None), (1, Some(5), Some(exit))]);
        assert_eq!(end_superseded(db.write(), exit, "why").await.unwrap(), 0);
    }
}
