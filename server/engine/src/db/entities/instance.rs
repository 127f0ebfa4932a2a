//! Table `instances`.
#![expect(clippy::struct_excessive_bools, reason = "they are columns")]

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "instances")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) dir: String,
    pub(crate) parent_instance_id: Option<i64>,
    pub(crate) base_blueprint: String,
    pub(crate) gpu_ids: Option<String>,
    pub(crate) autostart: bool,
    pub(crate) persistent_mode: bool,
    pub(crate) desktop: String,
    pub(crate) public_port: Option<i32>,
    pub(crate) port_active: bool,
    pub(crate) access_pattern: String,
    pub(crate) public_access: String,
    pub(crate) hostname: String,
    pub(crate) use_custom_hostname: bool,
    pub(crate) output_path: Option<String>,
    pub(crate) python_version: Option<String>,
    pub(crate) cuda_version: Option<String>,
    pub(crate) torch_version: Option<String>,
    pub(crate) env_vars: String,
    pub(crate) launch_args: String,
    pub(crate) restart_policy: String,
    pub(crate) sort_order: i32,
    pub(crate) row_version: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
