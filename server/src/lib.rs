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
mod forwards;
mod guard;
mod headers;
mod homes;
mod list_cache;
mod logging;
mod login;
mod origin;
mod pages;
mod passes;
mod proxy;
pub mod relay;
pub mod router;
mod routes;
pub mod serve;
pub mod site;
mod socket;
pub mod state;
mod theme;
pub mod tls;

pub use router::router;
pub use routes::description;
pub use site::{Site, SiteOptions};
pub use state::Panel;
