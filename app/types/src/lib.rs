//! What server and browser say to each other: ids, states, rows, events and the validation both sides share.

pub mod accounts;
pub mod autopsy;
pub mod blueprints;
pub mod events;
pub mod forwards;
pub mod hosts;
pub mod instances;
pub mod jobs;
pub mod links;
pub mod logs;
pub mod names;
pub mod ports;
pub mod telemetry;
