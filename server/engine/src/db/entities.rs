//! The tables as SeaORM sees them. They never leave `db`.

pub(crate) mod access_hint;
pub(crate) mod alert;
pub(crate) mod alert_rule;
pub(crate) mod api_token;
pub(crate) mod autopsy;
pub(crate) mod desktop_share;
pub(crate) mod instance;
pub(crate) mod job;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod setting;
pub(crate) mod webhook;
