//! The panel over HTTP: who gets in, what the API answers, what reaches the apps.
// Says so to clippy too: what fails in a test's helper fails the test.
#![cfg(test)]
#![recursion_limit = "512"]

mod access;
mod accounts;
mod api;
mod assets;
mod autopsy;
mod crashes;
mod forms;
mod forwards;
mod matrix;
mod names;
mod origins;
mod program;
mod proxy;
mod running;
mod socket;
mod support;
