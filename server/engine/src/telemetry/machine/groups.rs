//! The limits of the control groups the panel lives in, of both versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const ROOT: &str = "/sys/fs/cgroup";

/// Control groups from our own up to the root. A limit counts wherever it is set.
pub(super) struct Groups {
    memory: Vec<PathBuf>,
    cpu: Vec<PathBuf>,
    /// Version 1 counts processor time in a place of its own.
    accounting: Option<PathBuf>,
}

impl Groups {
    pub(super) fn of_this_process() -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self::found(Path::new(ROOT), &own)
    }

    /// `own` is what `/proc/self/cgroup` says: `0::/path` for version 2, `4:memory:/path` for version 1.
    fn found(root: &Path, own: &str) -> Self {
        let first = |controller: &str| {
            own.lines().find_map(|line| {
                let mut parts = line.splitn(3, ':').skip(1);
                let (controllers, path) = (parts.next()?, parts.next()?);
                controllers
                    .split(',')
                    .any(|name| name == controller)
                    .then_some(path)
            })
        };
        // The empty name is version 2, which has everything in one place.
        let above = |controller: &str| match (first(controller), first("")) {
            (Some(path), _) => upwards(&root.join(controller), path),
            (None, Some(path)) => upwards(root, path),
            (None, None) => Vec::new(),
        };
        let accounting = first("cpuacct").map(|path| inside(&root.join("cpuacct"), path));
        Self {
            memory: above("memory"),
            cpu: above("cpu"),
            accounting,
        }
    }

    /// Used and limit of memory, by the narrowest limit; none without one. Files that the kernel could drop at once
    /// are not in use.
    pub(super) fn memory(&self) -> Option<(u64, u64)> {
        let limited = self.memory.iter().filter_map(|group| {
            let limit = number(group, "memory.max").or_else(|| number(group, "memory.limit_in_bytes"))?;
            let used = number(group, "memory.current").or_else(|| number(group, "memory.usage_in_bytes"))?;
            let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
            let idle = line(&stat, "total_inactive_file ").or_else(|| line(&stat, "inactive_file "));
            Some((used.saturating_sub(idle.unwrap_or(0)).min(limit), limit))
        });
        limited.min_by_key(|(_, limit)| *limit)
    }

    /// Cores that may be used, by the narrowest limit; none without one.
    #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
    pub(super) fn cpu_limit(&self) -> Option<f32> {
        let limits = self.cpu.iter().filter_map(|group| {
            let (quota, period) = match fs::read_to_string(group.join("cpu.max")) {
                Ok(text) => {
                    let (quota, period) = text.trim().split_once(' ')?;
                    (quota.parse::<u64>().ok()?, period.parse::<u64>().ok()?)
                }
                // `-1` is no number: no limit.
                Err(_) => (
                    number(group, "cpu.cfs_quota_us")?,
                    number(group, "cpu.cfs_period_us")?,
                ),
            };
            (period > 0).then(|| quota as f32 / period as f32)
        });
        limits.min_by(f32::total_cmp)
    }

    /// Processor time used by all in our group so far.
    pub(super) fn cpu_used(&self) -> Option<Duration> {
        if let Some(group) = &self.accounting {
            return number(group, "cpuacct.usage").map(Duration::from_nanos);
        }
        let stat = fs::read_to_string(self.cpu.first()?.join("cpu.stat")).ok()?;
        line(&stat, "usage_usec ").map(Duration::from_micros)
    }
}

/// A group; inside a container the path may be one that only the host knows.
fn inside(root: &Path, path: &str) -> PathBuf {
    let group = root.join(path.trim_start_matches('/'));
    if group.is_dir() { group } else { root.to_owned() }
}

fn upwards(root: &Path, path: &str) -> Vec<PathBuf> {
    inside(root, path)
        .ancestors()
        .take_while(|group| group.starts_with(root))
        .map(Path::to_owned)
        .collect()
}

fn number(group: &Path, file: &str) -> Option<u64> {
    fs::read_to_string(group.join(file)).ok()?.trim().parse().ok()
}

fn line(stat: &str, name: &str) -> Option<u64> {
    stat.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn the_limit_of_a_control_group_counts_wherever_it_is_set() {
        let temp = tempfile::tempdir().unwrap();
        write(
            temp.path(),
            &[
                ("slice/memory.max", "1000\n"),
                ("slice/memory.current", "700\n"),
                ("slice/memory.stat", "anon 300\ninactive_file 200\n"),
                ("slice/cpu.max", "max 100000\n"),
                ("slice/app/memory.max", "max\n"),
                ("slice/app/memory.current", "600\n"),
                ("slice/app/cpu.max", "150000 100000\n"),
                ("slice/app/cpu.stat", "usage_usec 2500000\nuser_usec 1\n"),
            ],
        );
        let groups = Groups::found(temp.path(), "0::/slice/app\n");
        assert_eq!(groups.memory(), Some((500, 1000)));
        assert_eq!(groups.cpu_limit(), Some(1.5));
        assert_eq!(groups.cpu_used(), Some(Duration::from_millis(2500)));
    }

    #[test]
    fn the_older_version_has_a_tree_for_each_controller() {
        let temp = tempfile::tempdir().unwrap();
        write(
            temp.path(),
            &[
                ("memory/docker/1f/memory.limit_in_bytes", "5000\n"),
                ("memory/docker/1f/memory.usage_in_bytes", "4000\n"),
                (
                    "memory/docker/1f/memory.stat",
                    "inactive_file 1\ntotal_inactive_file 1500\n",
                ),
                ("cpu/docker/1f/cpu.cfs_quota_us", "-1\n"),
                ("cpu/docker/1f/cpu.cfs_period_us", "100000\n"),
                ("cpu/docker/cpu.cfs_quota_us", "200000\n"),
                ("cpu/docker/cpu.cfs_period_us", "100000\n"),
                ("cpuacct/docker/1f/cpuacct.usage", "3000000000\n"),
            ],
        );
        let own = "5:cpu,cpuacct:/docker/1f\n4:memory:/docker/1f\n0::/\n";
        let groups = Groups::found(temp.path(), own);
        assert_eq!(groups.memory(), Some((2500, 5000)));
        assert_eq!(groups.cpu_limit(), Some(2.0));
        assert_eq!(groups.cpu_used(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_path_that_only_the_host_knows_means_the_root_of_what_is_seen() {
        let temp = tempfile::tempdir().unwrap();
        write(
            temp.path(),
            &[("memory.max", "900\n"), ("memory.current", "100\n")],
        );
        let groups = Groups::found(temp.path(), "0::/system.slice/docker-1f.scope\n");
        assert_eq!(groups.memory(), Some((100, 900)));
        assert_eq!(groups.cpu_limit(), None);
        assert_eq!(Groups::found(temp.path(), "").memory(), None);
    }
}
