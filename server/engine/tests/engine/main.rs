//! The engine with real processes, real signals and real ports.
#![cfg(test)] // so that the lints know what this is

mod adoption;
mod autopsies;
mod bench;
mod clone;
mod create;
mod delete;
mod desktops;
mod environments;
mod handover;
mod health;
mod instances;
mod local;
mod names;
mod opening;
mod panel;
mod runs;
mod satellites;
mod scripts;
mod shim;
mod terminals;
mod trash;
mod update;
mod waiting;
