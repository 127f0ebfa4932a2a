//! What server and browser say to each other: ids, states, rows, events and the validation both sides share.

pub mod accounts;
pub mod alerts;
pub mod autopsy;
pub mod blueprints;
pub mod copies;
pub mod crashes;
pub mod desktops;
pub mod environments;
pub mod events;
pub mod forwards;
pub mod gpus;
pub mod hosts;
pub mod instances;
pub mod jobs;
pub mod links;
pub mod logs;
pub mod names;
pub mod order;
pub mod ports;
pub mod requirements;
pub mod scripts;
pub mod telemetry;
pub mod terminals;
pub mod trash;
pub mod wheels;
