//! One reading of the machine. Inside a container with limits, memory and processors mean the container's.

mod groups;
mod network;

use std::time::{Duration, Instant};

use sysinfo::{CpuRefreshKind, MINIMUM_CPU_UPDATE_INTERVAL, MemoryRefreshKind, RefreshKind, System};
use types::telemetry::{MachineReading, Sample};

use self::groups::Groups;
use self::network::Network;
use crate::clock;

/// Readings closer together than this say nothing about the processors.
pub(super) const LEAST_INTERVAL: Duration =
    MINIMUM_CPU_UPDATE_INTERVAL.saturating_add(Duration::from_millis(50));

/// What is kept from one reading to the next.
pub(super) struct Machine {
    system: System,
    groups: Groups,
    network: Network,
    /// Processor time of the container, and when that was.
    used: Option<(Duration, Instant)>,
}

impl Machine {
    /// Takes the first reading of the processors, which only serves the second one.
    pub(super) fn new() -> Result<Self, sysinfo::Error> {
        let kinds = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::everything());
        let groups = Groups::of_this_process();
        Ok(Self {
            system: System::new_with_specifics(kinds)?,
            used: groups.cpu_used().map(|used| (used, Instant::now())),
            groups,
            network: Network::new(),
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "load averages for a screen")]
    pub(super) fn read(&mut self) -> MachineReading {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let limited = self.limited_memory();
        let machine = (self.system.used_memory(), self.system.total_memory());
        let (ram_used, ram_total) = limited.unwrap_or(machine);
        let cpu_limit = self.groups.cpu_limit();
        let cpu_percent = match cpu_limit {
            Some(limit) => self.share_of(limit),
            None => None,
        };
        let load = System::load_average().unwrap_or(sysinfo::LoadAvg {
            one: 0.0,
            five: 0.0,
            fifteen: 0.0,
        });
        let (received_per_s, sent_per_s) = self.network.read();
        MachineReading {
            sample: Sample {
                at: clock::now_ms(),
                cpu_percent: cpu_percent
                    .unwrap_or_else(|| self.system.global_cpu_usage())
                    .clamp(0.0, 100.0),
                cores: u32::try_from(self.system.cpus().len()).unwrap_or_default(),
                load_1m: load.one as f32,
                ram_used,
                ram_total,
                swap_used: self.system.used_swap(),
            },
            per_core: self
                .system
                .cpus()
                .iter()
                .map(|cpu| cpu.usage().clamp(0.0, 100.0))
                .collect(),
            cpu_limit,
            memory_limit: limited.map(|(_, limit)| limit),
            load_5m: load.five as f32,
            load_15m: load.fifteen as f32,
            swap_total: self.system.total_swap(),
            received_per_s,
            sent_per_s,
        }
    }

    /// Used and limit, where the container may use less than the machine has.
    fn limited_memory(&self) -> Option<(u64, u64)> {
        let total = self.system.total_memory();
        self.groups.memory().filter(|(_, limit)| *limit < total)
    }

    /// How much of the processors it may use the container used since the last reading, 0 to 100.
    fn share_of(&mut self, limit: f32) -> Option<f32> {
        let now = (self.groups.cpu_used()?, Instant::now());
        let before = self.used.replace(now)?;
        let passed = now.1.duration_since(before.1).as_secs_f32();
        let used = now.0.saturating_sub(before.0).as_secs_f32();
        (passed > 0.0).then(|| used / (passed * limit) * 100.0)
    }
}
