//! Queries on the table `instances`. Run-time facts are not in it: rows come out as stopped.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    QueryOrder,
};
use types::blueprints::Subpath;
use types::instances::{Health, Instance, InstanceId, Status};

use super::entities::instance::{ActiveModel, COLUMN, Column, Entity, Model};
use super::words::{value, word};

/// Every instance in table order.
pub(crate) async fn list(db: &impl ConnectionTrait) -> Result<Vec<Instance>, DbErr> {
    let rows = Entity::find()
        .order_by_asc(COLUMN.sort_order)
        .order_by_asc(COLUMN.id)
        .all(db)
        .await?;
    rows.into_iter().map(instance).collect()
}

/// Adds a row; its number comes from the database, all else from `new`.
pub(crate) async fn insert(db: &impl ConnectionTrait, new: &Instance) -> Result<Instance, DbErr> {
    instance(active(new)?.insert(db).await?)
}

/// Adds a row under the number it had before, or under a new one. Returns the number.
pub(crate) async fn restore(
    db: &impl ConnectionTrait,
    number: Option<InstanceId>,
    row: &Instance,
) -> Result<InstanceId, DbErr> {
    let mut active = active(row)?;
    if let Some(number) = number {
        active.id = Set(number.0);
    }
    Ok(InstanceId(active.insert(db).await?.id))
}

/// Writes every column, if the row still has the version `from`; false when it has not.
pub(crate) async fn update(db: &impl ConnectionTrait, row: &Instance, from: i64) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .set(active(row)?)
        .filter(COLUMN.id.eq(row.id.0))
        .filter(COLUMN.row_version.eq(from))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Puts a row at a place in the table.
pub(crate) async fn set_sort_order(
    db: &impl ConnectionTrait,
    id: InstanceId,
    place: i32,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::SortOrder, Expr::value(place))
        .filter(COLUMN.id.eq(id.0))
        .exec(db)
        .await?;
    Ok(())
}

/// Stores whether the public port is wanted. It is no edit of the configuration, so the version stays.
pub(crate) async fn set_port_active(
    db: &impl ConnectionTrait,
    id: InstanceId,
    wanted: bool,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::PortActive, Expr::value(wanted))
        .filter(COLUMN.id.eq(id.0))
        .exec(db)
        .await?;
    Ok(())
}

/// Removes a row and its runs.
pub(crate) async fn delete(db: &impl ConnectionTrait, id: InstanceId) -> Result<(), DbErr> {
    Entity::delete_by_id(id.0).exec(db).await?;
    Ok(())
}

/// All columns but the number.
fn active(row: &Instance) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        id: ActiveValue::NotSet,
        name: Set(row.name.clone()),
        slug: Set(row.slug.clone()),
        dir: Set(row.dir.clone()),
        parent_instance_id: Set(row.parent_instance_id.map(|id| id.0)),
        base_blueprint: Set(row.base_blueprint.clone()),
        gpu_ids: Set(row.gpu_ids.clone()),
        autostart: Set(row.autostart),
        persistent_mode: Set(row.persistent_mode),
        desktop: Set(serde_json::to_string(&row.desktop).map_err(|error| DbErr::Custom(error.to_string()))?),
        public_port: Set(row.public_port.map(i32::from)),
        port_active: Set(row.port_active),
        access_pattern: Set(word(row.access_pattern)?),
        public_access: Set(word(row.public_access)?),
        hostname: Set(row.hostname.clone()),
        use_custom_hostname: Set(row.use_custom_hostname),
        output_path: Set(row.output_path.clone()),
        python_version: Set(row.python_version.clone()),
        cuda_version: Set(row.cuda_version.clone()),
        torch_version: Set(row.torch_version.clone()),
        env_vars: Set(row.env_vars.clone()),
        launch_args: Set(row.launch_args.clone()),
        restart_policy: Set(word(row.restart_policy)?),
        sort_order: Set(row.sort_order),
        row_version: Set(row.row_version),
        created_at: Set(row.created_at),
        updated_at: Set(row.updated_at),
    })
}

/// A row as a stopped instance.
fn instance(row: Model) -> Result<Instance, DbErr> {
    Ok(Instance {
        id: InstanceId(row.id),
        name: row.name,
        slug: row.slug,
        dir: row.dir,
        parent_instance_id: row.parent_instance_id.map(InstanceId),
        blueprint_name: row.base_blueprint.clone(),
        subpath: Subpath::default(),
        base_blueprint: row.base_blueprint,
        gpu_ids: row.gpu_ids,
        autostart: row.autostart,
        persistent_mode: row.persistent_mode,
        // What an older or newer panel wrote differently has its default.
        desktop: serde_json::from_str(&row.desktop).unwrap_or_default(),
        public_port: row.public_port.and_then(|port| u16::try_from(port).ok()),
        port_active: row.port_active,
        access_pattern: value(row.access_pattern)?,
        public_access: value(row.public_access)?,
        hostname: row.hostname,
        use_custom_hostname: row.use_custom_hostname,
        output_path: row.output_path,
        python_version: row.python_version,
        cuda_version: row.cuda_version,
        torch_version: row.torch_version,
        env_vars: row.env_vars,
        launch_args: row.launch_args,
        restart_policy: value(row.restart_policy)?,
        sort_order: row.sort_order,
        row_version: row.row_version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        status: Status::Stopped,
        status_reason: String::new(),
        status_since: row.created_at,
        pid: None,
        exit_code: None,
        started_at: None,
        internal_port: None,
        desktop_display: None,
        desktop_port: None,
        health: Health::Unknown,
        restarts: 0,
        run: 0,
        forward_up: false,
        forward_reason: String::new(),
        open_url: String::new(),
    })
}
