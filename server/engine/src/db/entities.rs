//! The tables as SeaORM sees them. They never leave `db`.

pub(crate) mod access_hint;
pub(crate) mod api_token;
pub(crate) mod autopsy;
pub(crate) mod instance;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod setting;
