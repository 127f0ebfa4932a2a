//! The numbers of an end for want of memory: what a log says of the GPU's, and what was measured.

use std::sync::LazyLock;

use regex::Regex;
use types::crashes::{CrashCause, CrashHolder};
use types::instances::Instance;
use types::telemetry::History;

/// Who holds less is nobody's culprit, bytes.
pub(super) const WORTH_TELLING: u64 = 256 << 20;

const GIB: f64 = 1_073_741_824.0;

/// What `PyTorch` says when the GPU's memory is used up, whichever version.
static ASKED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"Tried to allocate (\d+(?:\.\d+)? [KMGT]iB)").ok());
static GPU: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bGPU (\d+)").ok());
static FREE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:of which |; )(\d+(?:\.\d+)? (?:bytes|[KMGT]iB)) (?:is )?free").ok());

/// What a log says of the GPU's memory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GpuWords {
    asked: Option<String>,
    gpu: Option<String>,
    free: Option<String>,
}

impl GpuWords {
    pub(super) fn of(log: &str) -> Self {
        let Some(line) = log.lines().rev().find(|line| line.contains("Tried to allocate")) else {
            return Self::default();
        };
        let find = |pattern: &LazyLock<Option<Regex>>| {
            let found = pattern.as_ref()?.captures(line)?;
            Some(found.get(1)?.as_str().to_owned())
        };
        Self {
            asked: find(&ASKED),
            gpu: find(&GPU),
            free: find(&FREE),
        }
    }

    /// As a sentence; empty where the log says nothing.
    pub(super) fn tell(&self) -> String {
        let Some(asked) = &self.asked else {
            return String::new();
        };
        let of = match &self.gpu {
            // Its own count, from 0: of those it may use.
            Some(gpu) => format!("GPU {gpu} of those it sees"),
            None => "the GPU".to_owned(),
        };
        match &self.free {
            Some(free) => format!("It asked {of} for {asked}, and {free} was free."),
            None => format!("It asked {of} for {asked}."),
        }
    }
}

/// What an instance held when memory ran out: of a container's limit, or of the machine's.
pub(super) fn tell_used(own: Option<u64>, limit: Option<u64>, total: u64) -> String {
    let of = match limit {
        Some(limit) => format!("the {} that the control group may use", gibibytes(limit)),
        None if total > 0 => format!("the machine's {}", gibibytes(total)),
        None => return String::new(),
    };
    match own {
        Some(own) => format!("It held {} of {of} just before.", gibibytes(own)),
        None => format!("It ran out of {of}."),
    }
}

/// Adds who else held memory.
pub(super) fn tell_holder(text: &mut String, holder: &CrashHolder, cause: CrashCause) {
    let of = match cause {
        CrashCause::OutOfGpuMemory => "GPU memory",
        _ => "memory",
    };
    if !text.is_empty() {
        text.push(' ');
    }
    let told = format!("“{}” held {} of {of}.", holder.name, gibibytes(holder.memory));
    text.push_str(&told);
}

/// Whether two instances may use the same GPU. A number and a UUID may mean the same one.
pub(super) fn may_meet(one: &Instance, other: &Instance) -> bool {
    let ids = |row: &Instance| -> Option<Vec<String>> {
        let ids = row.gpu_ids.as_deref().filter(|ids| !ids.trim().is_empty())?;
        Some(ids.split(',').map(|id| id.trim().to_owned()).collect())
    };
    let (Some(own), Some(others)) = (ids(one), ids(other)) else {
        return true;
    };
    let are_numbers = |ids: &[String]| ids.iter().all(|id| id.parse::<u32>().is_ok());
    are_numbers(&own) != are_numbers(&others) || own.iter().any(|id| others.contains(id))
}

/// The last that was measured.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes, not below 0"
)]
pub(super) fn last_of(history: &History, subject: &str, metric: &str) -> Option<u64> {
    let series = history
        .series
        .iter()
        .find(|series| series.subject == subject && series.metric == metric)?;
    let last = series.mean.iter().rev().flatten().next()?;
    Some(*last as u64)
}

#[expect(clippy::cast_precision_loss, reason = "one digit after the point")]
fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / GIB)
}

#[cfg(test)]
mod tests {
    use types::instances::InstanceId;

    use super::*;

    #[test]
    fn every_version_of_the_words_is_understood() {
        for (log, told) in [
            (
                "Traceback\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total \
                 capacity of 23.69 GiB of which 1.07 GiB is free. Including non-PyTorch memory, this process has 16 GiB",
                "It asked GPU 0 of those it sees for 2.50 GiB, and 1.07 GiB was free.",
            ),
            (
                "RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 1; 23.69 GiB total capacity; \
                 22.10 GiB already allocated; 512.00 KiB free; 22.3 GiB reserved in total by PyTorch)",
                "It asked GPU 1 of those it sees for 20.00 MiB, and 512.00 KiB was free.",
            ),
            ("Tried to allocate 1 GiB", "It asked the GPU for 1 GiB."),
            ("CUDA error: out of memory", ""),
        ] {
            assert_eq!(GpuWords::of(log).tell(), told);
        }
    }

    #[test]
    fn a_limit_of_a_container_is_told_from_the_machines_memory() {
        let gib = 1 << 30;
        assert_eq!(
            tell_used(Some(7 * gib), Some(8 * gib), 8 * gib),
            "It held 7.0 GiB of the 8.0 GiB that the control group may use just before."
        );
        assert_eq!(
            tell_used(None, None, 64 * gib),
            "It ran out of the machine's 64.0 GiB."
        );
        assert_eq!(tell_used(Some(1), None, 0), "");
    }

    #[test]
    fn who_held_the_rest_is_named() {
        let holder = CrashHolder {
            instance: InstanceId(2),
            name: "Studio".to_owned(),
            memory: 6 << 30,
        };
        let mut text = String::new();
        tell_holder(&mut text, &holder, CrashCause::OutOfMemory);
        assert_eq!(text, "“Studio” held 6.0 GiB of memory.");
        tell_holder(&mut text, &holder, CrashCause::OutOfGpuMemory);
        assert!(
            text.ends_with("memory. “Studio” held 6.0 GiB of GPU memory."),
            "{text}"
        );
    }

    #[test]
    fn the_last_value_counts_that_was_measured() {
        let history = History {
            series: vec![types::telemetry::Series {
                subject: "instance:2".to_owned(),
                metric: "memory".to_owned(),
                mean: vec![Some(1.0), Some(5.0), None],
                peak: vec![],
            }],
            ..History::default()
        };
        assert_eq!(last_of(&history, "instance:2", "memory"), Some(5));
        assert_eq!(last_of(&history, "instance:3", "memory"), None);
    }
}
