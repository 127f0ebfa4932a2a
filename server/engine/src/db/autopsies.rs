//! Queries on the tables `autopsies` and `access_hints`.
//!
//! What was written by another version and cannot be read any more counts as nothing: the next look replaces it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryOrder};
use serde::Serialize;
use types::autopsy::{AccessHint, Autopsy};
use types::instances::InstanceId;

use super::entities::{access_hint, autopsy};

/// Keeps a report instead of the instance's last one.
pub(crate) async fn put(db: &impl ConnectionTrait, report: &Autopsy) -> Result<(), DbErr> {
    let row = autopsy::ActiveModel {
        instance_id: Set(report.instance.0),
        report: Set(text(report)?),
    };
    let over = OnConflict::column(autopsy::Column::InstanceId)
        .update_column(autopsy::Column::Report)
        .to_owned();
    autopsy::Entity::insert(row)
        .on_conflict(over)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Keeps a hint instead of the blueprint's last one.
pub(crate) async fn put_hint(db: &impl ConnectionTrait, hint: &AccessHint) -> Result<(), DbErr> {
    let row = access_hint::ActiveModel {
        blueprint: Set(hint.blueprint.clone()),
        hint: Set(text(hint)?),
    };
    let over = OnConflict::column(access_hint::Column::Blueprint)
        .update_column(access_hint::Column::Hint)
        .to_owned();
    access_hint::Entity::insert(row)
        .on_conflict(over)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The last report on an instance.
pub(crate) async fn get(db: &impl ConnectionTrait, id: InstanceId) -> Result<Option<Autopsy>, DbErr> {
    let row = autopsy::Entity::find_by_id(id.0).one(db).await?;
    Ok(row.and_then(|row| serde_json::from_str(&row.report).ok()))
}

/// The hint of a blueprint.
pub(crate) async fn hint(db: &impl ConnectionTrait, blueprint: &str) -> Result<Option<AccessHint>, DbErr> {
    let row = access_hint::Entity::find_by_id(blueprint.to_owned())
        .one(db)
        .await?;
    Ok(row.and_then(|row| serde_json::from_str(&row.hint).ok()))
}

/// Every hint, by blueprint.
pub(crate) async fn hints(db: &impl ConnectionTrait) -> Result<Vec<AccessHint>, DbErr> {
    let rows = access_hint::Entity::find()
        .order_by_asc(access_hint::COLUMN.blueprint)
        .all(db)
        .await?;
    let readable = rows
        .iter()
        .filter_map(|row| serde_json::from_str(&row.hint).ok())
        .collect();
    Ok(readable)
}

fn text(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Type(error.to_string()))
}
