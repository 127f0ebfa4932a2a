//! The engine with real processes, real signals and real ports.
#![cfg(test)] // so that the lints know what this is

mod adoption;
mod autopsies;
mod bench;
mod create;
mod delete;
mod health;
mod instances;
mod local;
mod names;
mod opening;
mod panel;
mod runs;
mod shim;
mod update;
mod waiting;
