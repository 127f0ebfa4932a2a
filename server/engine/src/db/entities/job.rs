//! Table `jobs`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) instance_id: Option<i64>,
    pub(crate) state: String,
    pub(crate) message: String,
    pub(crate) started_at: i64,
    pub(crate) ended_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
