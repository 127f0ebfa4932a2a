//! The engine with real processes, real signals and real ports.

mod runs;
