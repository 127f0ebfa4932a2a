//! Table `alerts`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alerts")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) alert: String,
}

impl ActiveModelBehavior for ActiveModel {}
