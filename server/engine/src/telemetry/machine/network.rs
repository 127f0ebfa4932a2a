//! What goes over the network, all interfaces together.

use std::fs;
use std::time::Instant;

/// Counters of the last reading.
pub(super) struct Network {
    before: Option<(u64, u64, Instant)>,
}

impl Network {
    pub(super) fn new() -> Self {
        Self { before: totals() }
    }

    /// Bytes per second received and sent since the last reading.
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    pub(super) fn read(&mut self) -> (f64, f64) {
        let now = totals();
        let before = std::mem::replace(&mut self.before, now);
        let (Some(now), Some(before)) = (now, before) else {
            return (0.0, 0.0);
        };
        let passed = now.2.duration_since(before.2).as_secs_f64().max(0.001);
        // An interface that went away takes its counts with it.
        let speed = |now: u64, before: u64| now.saturating_sub(before) as f64 / passed;
        (speed(now.0, before.0), speed(now.1, before.1))
    }
}

fn totals() -> Option<(u64, u64, Instant)> {
    let text = fs::read_to_string("/proc/self/net/dev").ok()?;
    let (received, sent) = sums(&text);
    Some((received, sent, Instant::now()))
}

/// The machine's own traffic with itself does not count, nor that of bridges and the ends of virtual cables in
/// containers: it passes a real interface, too, if it leaves the machine.
fn sums(text: &str) -> (u64, u64) {
    let inner = ["veth", "docker", "br-", "virbr", "cni", "flannel"];
    text.lines()
        .skip(2)
        .filter_map(|line| {
            let (name, counters) = line.split_once(':')?;
            let name = name.trim();
            if name == "lo" || inner.iter().any(|begin| name.starts_with(begin)) {
                return None;
            }
            let mut counters = counters.split_whitespace();
            Some((
                counters.next()?.parse::<u64>().ok()?,
                counters.nth(7)?.parse::<u64>().ok()?,
            ))
        })
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 999999 10 0 0 0 0 0 0 999999 10 0 0 0 0 0 0
  eth0: 1000 8 0 0 0 0 0 0 300 5 0 0 0 0 0 0
vethab1: 5000 8 0 0 0 0 0 0 6000 5 0 0 0 0 0 0
 wlan0:7 8 0 0 0 0 0 0 4 5 0 0 0 0 0 0
";

    #[test]
    fn only_what_leaves_the_machine_counts() {
        assert_eq!(sums(TEXT), (1007, 304));
        assert_eq!(sums(""), (0, 0));
    }

    #[test]
    fn speeds_are_never_negative() {
        let mut network = Network {
            before: Some((u64::MAX, u64::MAX, Instant::now())),
        };
        assert_eq!(network.read(), (0.0, 0.0));
    }
}
