//! Table `api_tokens`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_tokens")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) hash: String,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
