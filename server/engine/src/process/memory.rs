//! Whether the kernel ended a process because memory ran out: it counts such kills, and tells nobody whom.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const PROC: &str = "/proc";
const GROUPS: &str = "/sys/fs/cgroup";

/// The kernel's count, looked at now and then, so that an old kill is not taken for the reason of a young end.
pub(crate) struct Kills {
    /// At the look before the last one: between a kill and the news of it, a look may fall.
    before: u64,
    last: u64,
    looked: Instant,
}

impl Kills {
    /// Begins to count.
    pub(crate) fn watch() -> Self {
        let now = kills();
        Self {
            before: now,
            last: now,
            looked: Instant::now(),
        }
    }

    /// Looks again when the last look is older than `pace`.
    pub(crate) fn look(&mut self, pace: Duration) {
        if self.looked.elapsed() >= pace {
            self.take(kills());
        }
    }

    fn take(&mut self, count: u64) {
        self.before = std::mem::replace(&mut self.last, count);
        self.looked = Instant::now();
    }

    /// Whether somebody was killed for want of memory a short time ago.
    pub(crate) fn are_recent(&self) -> bool {
        kills() > self.before
    }
}

/// Kills for want of memory so far in our control group, or on the machine where no group says.
fn kills() -> u64 {
    let own = fs::read_to_string(Path::new(PROC).join("self/cgroup")).unwrap_or_default();
    in_group(Path::new(GROUPS), &own)
        .or_else(|| number(&Path::new(PROC).join("vmstat")))
        .unwrap_or(0)
}

/// `own` is what `/proc/self/cgroup` says: `0::/path` for version 2, `4:memory:/path` for version 1.
fn in_group(groups: &Path, own: &str) -> Option<u64> {
    own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        if controllers.is_empty() {
            number(&groups.join(path).join("memory.events"))
        } else if controllers.split(',').any(|name| name == "memory") {
            number(&groups.join("memory").join(path).join("memory.oom_control"))
        } else {
            None
        }
    })
}

fn number(path: &Path) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_count_is_read_in_both_versions_of_control_groups() {
        let temp = tempfile::tempdir().unwrap();
        let events = "low 0\nhigh 12\nmax 340\noom 5\noom_kill 3\noom_group_kill 0\n";
        write(temp.path(), "system.slice/aikore.service/memory.events", events);
        let own = "0::/system.slice/aikore.service\n";
        assert_eq!(in_group(temp.path(), own), Some(3));

        let control = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n";
        write(temp.path(), "memory/docker/1f/memory.oom_control", control);
        let own = "9:name=systemd:/docker/1f\n5:cpu,cpuacct:/docker/1f\n4:memory:/docker/1f\n0::/\n";
        assert_eq!(in_group(temp.path(), own), Some(2));

        // The root group has no such file: the machine's count is asked instead.
        assert_eq!(in_group(temp.path(), "0::/\n"), None);
        write(temp.path(), "vmstat", "nr_free_pages 5\noom_kill 7\n");
        assert_eq!(number(&temp.path().join("vmstat")), Some(7));
    }

    #[test]
    fn only_the_last_two_looks_count() {
        let mut kills = Kills::watch();
        kills.take(u64::MAX);
        assert!(kills.last > kills.before, "the kill may be news still");
        kills.take(u64::MAX);
        assert!(!kills.are_recent(), "it was somebody else's end");
    }
}
