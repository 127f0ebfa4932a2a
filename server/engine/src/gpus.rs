//! Which processes hold memory of NVIDIA GPUs, as far as the driver's library (NVML) says.
//!
//! The library is looked for once, when somebody asks for the first time; without it nobody can tell, and
//! nothing is said about GPU memory anywhere. The same holds in a container with process numbers of its own:
//! NVML's numbers are the host's there and match none of ours.
//!
//! Tested on NVML's data shapes and with a stand-in for the library. Nothing here was run on a GPU so far.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use nvml_wrapper::Nvml;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;

use crate::process::table::Stat;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// NVML, where it is there.
#[derive(Default)]
pub(crate) struct Gpus {
    /// Loaded instead of what the system finds.
    library: Option<PathBuf>,
    nvml: OnceLock<Option<Nvml>>,
    /// A driver that hangs holds up one asker, not one more thread each time somebody asks.
    turn: Mutex<()>,
}

/// What NVML lists: a process on a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    gpu: u32,
    pid: u32,
    /// None where the driver does not count by process.
    bytes: Option<u64>,
}

/// Memory of a GPU that a process of a run holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuHolding {
    gpu: u32,
    pid: u32,
    start_time: u64,
    name: String,
    bytes: Option<u64>,
}

impl GpuHolding {
    #[cfg(test)]
    pub(crate) fn sample(name: &str, pid: u32, gpu: u32, bytes: u64) -> Self {
        Self {
            gpu,
            pid,
            start_time: 1,
            name: name.to_owned(),
            bytes: Some(bytes),
        }
    }

    /// The process, named as survivors are.
    pub(crate) fn process(&self) -> String {
        format!("{} ({})", self.name, self.pid)
    }

    /// How much of which GPU.
    pub(crate) fn amount(&self) -> String {
        let gpu = self.gpu;
        match self.bytes {
            Some(bytes) if bytes >= GIB => {
                // One decimal place without a detour through floating point.
                let tenths = (bytes * 10 + GIB / 2) / GIB;
                format!("{}.{} GiB of GPU {gpu}", tenths / 10, tenths % 10)
            }
            Some(bytes) => format!("{} MiB of GPU {gpu}", bytes.div_ceil(MIB)),
            None => format!("memory of GPU {gpu}"),
        }
    }
}

/// `python3 (4711) holds 11.2 GiB of GPU 0`.
impl fmt::Display for GpuHolding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds {}", self.process(), self.amount())
    }
}

impl Gpus {
    /// `library` is loaded instead of the one the system finds.
    pub(crate) fn new(library: Option<PathBuf>) -> Self {
        Self {
            library,
            ..Self::default()
        }
    }

    /// Every process on every GPU; none when nobody can tell. Blocks: loading the library and a busy driver
    /// take their time.
    pub(crate) fn listed(&self) -> Option<Vec<Listed>> {
        let _turn = self.turn.try_lock().ok()?;
        let load = || load(self.library.as_deref());
        let nvml = self.nvml.get_or_init(load).as_ref()?;
        match listed(nvml) {
            Ok(listed) => Some(listed),
            Err(error) => {
                tracing::debug!(%error, "the GPUs' processes could not be listed");
                None
            }
        }
    }
}

fn load(library: Option<&Path>) -> Option<Nvml> {
    let mut builder = Nvml::builder();
    if let Some(library) = library {
        builder.lib_path(library.as_os_str());
    }
    match builder.init() {
        Ok(nvml) => Some(nvml),
        Err(error) => {
            tracing::debug!(%error, "no NVIDIA driver: nothing is said about GPU memory");
            None
        }
    }
}

fn listed(nvml: &Nvml) -> Result<Vec<Listed>, NvmlError> {
    let mut all = Vec::new();
    for gpu in 0..nvml.device_count()? {
        let device = nvml.device_by_index(gpu)?;
        // A process that computes and draws is in both lists, with the same sum in each.
        let mut processes = device.running_compute_processes()?;
        // Not every device can draw.
        processes.extend(device.running_graphics_processes().unwrap_or_default());
        all.extend(sums(gpu, &processes));
    }
    Ok(all)
}

/// One entry per process: the largest sum that is told.
fn sums(gpu: u32, processes: &[ProcessInfo]) -> Vec<Listed> {
    let mut found: Vec<Listed> = Vec::new();
    for process in processes {
        let bytes = match process.used_gpu_memory {
            UsedGpuMemory::Used(bytes) => Some(bytes),
            UsedGpuMemory::Unavailable => None,
        };
        match found.iter_mut().find(|one| one.pid == process.pid) {
            Some(one) => one.bytes = one.bytes.max(bytes),
            None => found.push(Listed {
                gpu,
                pid: process.pid,
                bytes,
            }),
        }
    }
    found
}

/// What a run holds: its living processes that are listed, and those it had `before` that are listed still
/// although they are gone. `start_time` is that of the process which has a number now: a number that went to
/// somebody else in the meantime is not the run's any more.
pub(crate) fn held(
    tree: &[Stat],
    before: &[GpuHolding],
    listed: &[Listed],
    start_time: impl Fn(u32) -> Option<u64>,
) -> Vec<GpuHolding> {
    listed
        .iter()
        .filter_map(|one| {
            let (name, started) = match tree.iter().find(|process| process.pid == one.pid) {
                Some(process) => (process.name.clone(), process.start_time),
                None => before
                    .iter()
                    .find(|earlier| earlier.pid == one.pid)
                    .filter(|earlier| start_time(one.pid).is_none_or(|now| now == earlier.start_time))
                    .map(|earlier| (earlier.name.clone(), earlier.start_time))?,
            };
            Some(GpuHolding {
                gpu: one.gpu,
                pid: one.pid,
                start_time: started,
                name,
                bytes: one.bytes,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(pid: u32, used_gpu_memory: UsedGpuMemory) -> ProcessInfo {
        ProcessInfo {
            pid,
            used_gpu_memory,
            gpu_instance_id: None,
            compute_instance_id: None,
        }
    }

    fn process(pid: u32, start_time: u64) -> Stat {
        Stat {
            pid,
            start_time,
            parent: 1,
            session: pid,
            state: 'S',
            cpu_ticks: 0,
            resident_pages: 0,
            name: "python3".to_owned(),
        }
    }

    fn on(gpu: u32, pid: u32, bytes: u64) -> Listed {
        Listed {
            gpu,
            pid,
            bytes: Some(bytes),
        }
    }

    #[test]
    fn a_process_that_computes_and_draws_counts_once() {
        let used = UsedGpuMemory::Used;
        let lists = [
            info(7, used(500)),
            info(8, UsedGpuMemory::Unavailable),
            info(7, used(500)),
        ];
        let expected = [
            on(1, 7, 500),
            Listed {
                gpu: 1,
                pid: 8,
                bytes: None,
            },
        ];
        assert_eq!(sums(1, &lists), expected);
        assert_eq!(
            sums(0, &[info(8, UsedGpuMemory::Unavailable), info(8, used(3))]),
            [on(0, 8, 3)]
        );
    }

    #[test]
    fn a_run_holds_what_its_processes_hold_on_every_gpu_and_nothing_of_others() {
        let tree = [process(10, 100), process(11, 101)];
        let listed = [on(0, 10, 5), on(1, 10, 6), on(0, 99, 7)];
        let holding = held(&tree, &[], &listed, |_| None);
        let found: Vec<_> = holding.iter().map(|one| (one.pid, one.gpu, one.bytes)).collect();
        assert_eq!(found, [(10, 0, Some(5)), (10, 1, Some(6))]);
    }

    #[test]
    fn memory_is_back_when_no_process_of_the_run_is_listed_any_more() {
        let before = held(&[process(10, 100)], &[], &[on(0, 10, 5)], |_| None);
        assert_eq!(held(&[], &before, &[on(0, 99, 7)], |_| None), []);
        let stuck = held(&[], &before, &[on(0, 10, 4)], |_| None);
        assert_eq!(
            (stuck.len(), stuck[0].bytes),
            (1, Some(4)),
            "gone from the table, not from the GPU"
        );
        let alive = held(&[], &before, &[on(0, 10, 4)], |_| Some(100));
        assert_eq!(alive.len(), 1);
        assert_eq!(
            held(&[], &before, &[on(0, 10, 4)], |_| Some(900)),
            [],
            "somebody else's number"
        );
    }

    #[test]
    fn amounts_are_told_in_units_people_use() {
        let told = |bytes| {
            let listed = Listed {
                gpu: 2,
                pid: 10,
                bytes,
            };
            held(&[process(10, 1)], &[], &[listed], |_| None)[0].to_string()
        };
        assert_eq!(told(Some(12_058_624_000)), "python3 (10) holds 11.2 GiB of GPU 2");
        assert_eq!(told(Some(100)), "python3 (10) holds 1 MiB of GPU 2");
        assert_eq!(told(Some(540 * MIB)), "python3 (10) holds 540 MiB of GPU 2");
        assert_eq!(told(None), "python3 (10) holds memory of GPU 2");
    }

    #[test]
    fn a_machine_without_the_library_has_no_answer_and_no_error() {
        let gpus = Gpus::default();
        if gpus.listed().is_some() {
            eprintln!("skipped: this machine has NVML");
            return;
        }
        assert_eq!(gpus.listed(), None);
    }

    #[test]
    fn a_driver_that_hangs_holds_up_one_asker_only() {
        let gpus = Gpus::default();
        let _hanging = gpus.turn.lock().unwrap();
        assert_eq!(gpus.listed(), None);
    }
}
