//! Queries on the table `desktop_shares`.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
};
use types::desktops::Share;
use types::instances::InstanceId;

use super::entities::desktop_share::{ActiveModel, COLUMN, Entity, Model};

/// Adds a link and drops those that are over.
pub(crate) async fn add(
    db: &impl ConnectionTrait,
    instance: InstanceId,
    hash: &str,
    now: i64,
    expires_at: i64,
) -> Result<Share, DbErr> {
    Entity::delete_many()
        .filter(COLUMN.expires_at.lte(now))
        .exec(db)
        .await?;
    let row = ActiveModel {
        instance_id: Set(instance.0),
        hash: Set(hash.to_owned()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    row.insert(db).await.map(Share::from)
}

/// The links to a desktop that are still good, newest first.
pub(crate) async fn of_instance(
    db: &impl ConnectionTrait,
    instance: InstanceId,
    now: i64,
) -> Result<Vec<Share>, DbErr> {
    let rows = Entity::find()
        .filter(COLUMN.instance_id.eq(instance.0))
        .filter(COLUMN.expires_at.gt(now))
        .order_by_desc(COLUMN.id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Share::from).collect())
}

/// The link with this hash, and whose desktop it shows.
pub(crate) async fn by_hash(
    db: &impl ConnectionTrait,
    hash: &str,
) -> Result<Option<(Share, InstanceId)>, DbErr> {
    let row = Entity::find().filter(COLUMN.hash.eq(hash)).one(db).await?;
    Ok(row.map(|row| {
        let instance = InstanceId(row.instance_id);
        (Share::from(row), instance)
    }))
}

/// Ends a link to a desktop; false when there was none.
pub(crate) async fn remove(db: &impl ConnectionTrait, instance: InstanceId, id: i64) -> Result<bool, DbErr> {
    let removing = Entity::delete_by_id(id).filter(COLUMN.instance_id.eq(instance.0));
    Ok(removing.exec(db).await?.rows_affected == 1)
}

impl From<Model> for Share {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}
