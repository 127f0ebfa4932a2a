//! The panel over HTTP: configuration, router, authentication, sockets, reverse proxy, REST.
//!
//! Every request passes `guard.rs` first, which lets nothing through that is not known to be allowed.

// The type of a rendered page is as deep as its markup.
#![recursion_limit = "512"]

mod addresses;
pub mod assets;
mod autopsy;
pub mod cli;
pub mod config;
mod credentials;
mod error;
mod form_tokens;
mod forwards;
mod guard;
mod headers;
mod homes;
mod interval;
mod language;
mod list_cache;
mod lite;
mod logging;
mod login;
mod metrics;
mod origin;
mod pages;
mod passes;
mod proxy;
mod relay;
pub mod router;
mod routes;
mod scripts;
mod sender;
pub mod serve;
pub mod site;
mod socket;
pub mod state;
mod terminals;
mod theme;
pub mod tls;
mod webhooks;

pub use router::router;
pub use routes::description;
pub use site::{Site, SiteOptions};
pub use state::Panel;
pub use webhooks::follow as follow_alerts;
