//! The engine with real processes, real signals and real ports.
#![cfg(test)] // so that the lints know what this is

mod bench;
mod configuration;
mod health;
mod instances;
mod names;
mod opening;
mod panel;
mod runs;
