//! What is measured while a page is open: each reading goes into what the server knew before.

use leptos::prelude::*;
use types::events::Telegram;
use types::telemetry::Readings;

use super::past::{Past, of_instances, of_machine};
use crate::json;
use crate::live::Live;

/// A reading may come a little early, milliseconds.
const EARLY_MS: i64 = 400;

/// What charts are drawn from; cheap to copy.
#[derive(Clone, Copy)]
pub struct Watch {
    /// The last reading that is shown.
    pub readings: RwSignal<Readings>,
    /// The machine, its disks and its GPUs.
    pub machine: RwSignal<Past>,
    /// The instances.
    pub instances: RwSignal<Past>,
    /// Seconds between two readings that are shown.
    pub pace: RwSignal<u32>,
    shown: StoredValue<i64>,
}

impl Watch {
    /// Begins with what the server knew.
    pub fn new(readings: Readings, machine: Past, instances: Past, pace: u32) -> Self {
        Self {
            shown: StoredValue::new(readings.machine.sample.at),
            readings: RwSignal::new(readings),
            machine: RwSignal::new(machine),
            instances: RwSignal::new(instances),
            pace: RwSignal::new(pace),
        }
    }

    /// Listens until the calling component goes. `missed` runs when the server knows more than what came: the tab was
    /// hidden, or the connection lost.
    pub fn listen(self, missed: Callback<()>) {
        crate::ui::effect(move || {
            let live = Live::get();
            live.hear(Callback::new(move |telegram: Vec<u8>| {
                if let Some(readings) = read(&telegram) {
                    self.take(readings, missed);
                }
            }));
            live.watch_readings();
        });
    }

    fn take(self, readings: Readings, missed: Callback<()>) {
        let at = readings.machine.sample.at;
        if self.machine.with_untracked(|past| past.missed(at)) {
            missed.run(());
        }
        self.machine
            .update_untracked(|past| past.add(at, of_machine(&readings)));
        self.instances
            .update_untracked(|past| past.add(at, of_instances(&readings)));
        let pause = i64::from(self.pace.get_untracked()) * 1000 - EARLY_MS;
        if at - self.shown.get_value() >= pause {
            self.shown.set_value(at);
            self.readings.set(readings);
            self.machine.notify();
            self.instances.notify();
        }
    }
}

/// Everything that is measured, if it is that what the telegram says.
pub fn read(telegram: &[u8]) -> Option<Readings> {
    let text = std::str::from_utf8(telegram).ok()?;
    match json::read(text).ok()? {
        Telegram::Readings(readings) => Some(*readings),
        Telegram::Alert(_) => None,
    }
}
