//! Table `runs`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "runs")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) instance_id: i64,
    pub(crate) number: i32,
    pub(crate) uuid: String,
    pub(crate) generation: i64,
    pub(crate) node: String,
    pub(crate) handle: Option<String>,
    pub(crate) state: String,
    pub(crate) started_at: i64,
    pub(crate) ready_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) exit: Option<String>,
    pub(crate) reason: String,
    pub(crate) internal_port: Option<i32>,
    pub(crate) log_bytes: i64,
}

impl ActiveModelBehavior for ActiveModel {}
