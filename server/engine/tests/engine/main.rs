//! The engine with real processes, real signals and real ports.

mod bench;
mod configuration;
mod names;
mod opening;
mod runs;
