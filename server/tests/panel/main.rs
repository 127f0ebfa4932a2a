//! The panel over HTTP: who gets in, what the API answers, what reaches the apps.
// Says so to clippy too: what fails in a test's helper fails the test.
#![cfg(test)]
#![recursion_limit = "512"]

mod access;
mod accounts;
mod alerts;
mod api;
mod assets;
mod autopsy;
mod blueprints;
mod crash_facts;
mod crashes;
mod desktops;
mod forms;
mod forwards;
mod gpus;
mod interrupted;
mod languages;
mod lifecycle;
mod lite;
mod matrix;
mod metrics;
mod monitoring;
mod names;
mod origins;
mod program;
mod proxy;
mod running;
mod scripts;
mod socket;
mod support;
mod telemetry;
mod terminals;
