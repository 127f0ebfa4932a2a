//! How often the kernel ended a process because memory ran out.

use std::fs;

/// Kills for want of memory so far in our control group, or on the machine where no group says.
pub(crate) fn kills() -> u64 {
    own_group().or_else(|| number("/proc/vmstat")).unwrap_or(0)
}

fn own_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        if controllers.is_empty() {
            number(&format!("/sys/fs/cgroup{path}/memory.events"))
        } else if controllers.split(',').any(|name| name == "memory") {
            number(&format!("/sys/fs/cgroup/memory{path}/memory.oom_control"))
        } else {
            None
        }
    })
}

fn number(path: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}
