//! One reading of the machine. Inside a container with a memory limit, memory means the container's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sysinfo::{CpuRefreshKind, MINIMUM_CPU_UPDATE_INTERVAL, MemoryRefreshKind, RefreshKind, System};
use types::telemetry::Sample;

use crate::clock;

/// Readings closer together than this say nothing about the processors.
pub(super) const LEAST_INTERVAL: Duration =
    MINIMUM_CPU_UPDATE_INTERVAL.saturating_add(Duration::from_millis(50));
const CGROUPS: &str = "/sys/fs/cgroup";

/// What is kept from one reading to the next.
pub(super) struct Machine {
    system: System,
    /// Control groups from our own up to the root.
    groups: Vec<PathBuf>,
}

impl Machine {
    /// Takes the first reading of the processors, which only serves the second one.
    pub(super) fn new() -> Result<Self, sysinfo::Error> {
        let kinds = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::everything());
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Ok(Self {
            system: System::new_with_specifics(kinds)?,
            groups: groups(Path::new(CGROUPS), &own),
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "a load average for a screen")]
    pub(super) fn read(&mut self) -> Sample {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let (ram_used, ram_total) = self.memory();
        Sample {
            at: clock::now_ms(),
            cpu_percent: self.system.global_cpu_usage().clamp(0.0, 100.0),
            cores: u32::try_from(self.system.cpus().len()).unwrap_or_default(),
            load_1m: System::load_average().map_or(0.0, |load| load.one as f32),
            ram_used,
            ram_total,
            swap_used: self.system.used_swap(),
        }
    }

    /// Used and total, by the narrowest limit.
    fn memory(&self) -> (u64, u64) {
        let machine = (self.system.used_memory(), self.system.total_memory());
        let limited = self.groups.iter().filter_map(|group| group_memory(group));
        limited
            .filter(|(_, limit)| *limit < machine.1)
            .min_by_key(|(_, limit)| *limit)
            .unwrap_or(machine)
    }
}

/// Directories of our control group and those above it (version 2: the line `0::/path`).
fn groups(root: &Path, own: &str) -> Vec<PathBuf> {
    let path = own
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .unwrap_or("/");
    let own = root.join(path.trim_start_matches('/'));
    own.ancestors()
        .take_while(|group| group.starts_with(root))
        .map(Path::to_owned)
        .collect()
}

/// Used and limit of a control group that has one. Files the kernel could drop at once are not in use.
fn group_memory(group: &Path) -> Option<(u64, u64)> {
    let number = |file: &str| {
        fs::read_to_string(group.join(file))
            .ok()?
            .trim()
            .parse::<u64>()
            .ok()
    };
    let limit = number("memory.max")?; // `max` is no number: no limit
    let current = number("memory.current")?;
    let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let idle: u64 = stat
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse().ok())
        .unwrap_or_default();
    Some((current.saturating_sub(idle).min(limit), limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_control_group_counts_wherever_it_is_set() {
        let temp = tempfile::tempdir().unwrap();
        let inner = temp.path().join("slice/app");
        fs::create_dir_all(&inner).unwrap();
        for (file, text) in [
            ("slice/memory.max", "1000\n"),
            ("slice/memory.current", "700\n"),
            ("slice/memory.stat", "anon 300\ninactive_file 200\n"),
            ("slice/app/memory.max", "max\n"),
            ("slice/app/memory.current", "600\n"),
        ] {
            fs::write(temp.path().join(file), text).unwrap();
        }
        let groups = groups(temp.path(), "0::/slice/app\n");
        assert_eq!(groups, [inner, temp.path().join("slice"), temp.path().to_owned()]);
        let limits: Vec<_> = groups.iter().filter_map(|group| group_memory(group)).collect();
        assert_eq!(limits, [(500, 1000)]);
    }
}
