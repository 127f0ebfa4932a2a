//! What every running instance uses, and whose the processes on the GPUs are.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use types::instances::InstanceId;
use types::telemetry::{GpuReadings, InstanceGpu, InstanceReading};

use crate::instances::LiveRun;
use crate::process;
use crate::runner::{Measure, Meter};

/// Between two looks at open ports, which take longer than the rest.
const PORTS: Duration = Duration::from_secs(10);
/// What every process that uses an NVIDIA GPU has open.
const GPU_DEVICES: &str = "/dev/nvidia";

/// What is kept from one reading to the next.
pub(super) struct Running {
    meter: Box<dyn Meter>,
    measured: Option<Instant>,
    ports: Option<Instant>,
    /// NVML's process numbers are the machine's: in a container with numbers of its own they may be a stranger's.
    numbers_are_ours: bool,
}

impl Running {
    pub(super) fn new(meter: Box<dyn Meter>) -> Self {
        Self {
            meter,
            measured: None,
            ports: None,
            numbers_are_ours: process::numbers_are_the_machines(),
        }
    }

    /// One reading for each run; names the processes on the GPUs.
    pub(super) fn read(
        &mut self,
        runs: &[LiveRun],
        sizes: Vec<Option<u64>>,
        gpus: &mut GpuReadings,
    ) -> Vec<InstanceReading> {
        let handles: Vec<_> = runs.iter().map(|run| run.handle.clone()).collect();
        let now = Instant::now();
        let passed = self
            .measured
            .replace(now)
            .map(|before| now.duration_since(before));
        let measures = self.meter.measure(&handles).unwrap_or_else(|error| {
            tracing::debug!(%error, "what runs could not be measured");
            Vec::new()
        });
        // They are shown with the next reading.
        if !runs.is_empty() && self.ports.is_none_or(|looked| looked.elapsed() >= PORTS) {
            self.ports = Some(now);
            if let Err(error) = self.meter.look_at_ports() {
                tracing::debug!(%error, "open ports could not be looked at");
            }
        }
        self.name_processes(runs, &measures, gpus);
        runs.iter()
            .zip(measures)
            .zip(sizes)
            .map(|((run, measure), size)| InstanceReading {
                id: run.id,
                run: run.number,
                cpu_percent: passed.map_or(0.0, |passed| percent(measure.cpu_ms, passed)),
                memory: measure.memory,
                processes: u32::try_from(measure.pids.len()).unwrap_or(u32::MAX),
                threads: measure.threads,
                ports: measure.ports,
                disk_bytes: size,
                gpus: shares(run.id, gpus),
            })
            .collect()
    }

    /// Says of each process on a GPU what it is called and whose it is.
    fn name_processes(&self, runs: &[LiveRun], measures: &[Measure], gpus: &mut GpuReadings) {
        let owners: HashMap<u32, InstanceId> = runs
            .iter()
            .zip(measures)
            .flat_map(|(run, measure)| measure.pids.iter().map(|pid| (*pid, run.id)))
            .collect();
        for process in gpus.gpus.iter_mut().flat_map(|gpu| &mut gpu.processes) {
            let is_it = |pid| self.numbers_are_ours || process::has_open(pid, GPU_DEVICES);
            if let Some(owner) = owners.get(&process.pid).filter(|_| is_it(process.pid)) {
                process.instance = Some(*owner);
                process.name = self.meter.name(process.pid).unwrap_or_default();
            } else if self.numbers_are_ours {
                process.name = process::name(process.pid).unwrap_or_default();
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage needs three digits")]
fn percent(cpu_ms: u64, passed: Duration) -> f32 {
    cpu_ms as f32 / (passed.as_secs_f32() * 1000.0).max(1.0) * 100.0
}

/// What an instance's processes use of each GPU.
fn shares(id: InstanceId, gpus: &GpuReadings) -> Vec<InstanceGpu> {
    let mut found = Vec::new();
    for gpu in &gpus.gpus {
        let own = gpu
            .processes
            .iter()
            .filter(|process| process.instance == Some(id));
        let sum = own.fold(None, |sum: Option<InstanceGpu>, process| {
            let mut sum = sum.unwrap_or_else(|| InstanceGpu {
                index: gpu.index,
                uuid: gpu.uuid.clone(),
                memory: None,
                percent: None,
            });
            sum.memory = added(sum.memory, process.memory, |a, b| a + b);
            sum.percent = added(sum.percent, process.percent, |a, b| (a + b).min(100.0));
            Some(sum)
        });
        found.extend(sum);
    }
    found
}

fn added<T>(a: Option<T>, b: Option<T>, add: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(add(a, b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use types::telemetry::{GpuProcess, GpuReading};

    use super::*;

    #[test]
    fn an_instance_uses_what_all_its_processes_use_on_every_gpu() {
        let process = |instance, memory, percent| GpuProcess {
            instance,
            memory,
            percent,
            ..GpuProcess::default()
        };
        let own = Some(InstanceId(7));
        let gpu = |index, processes| GpuReading {
            index,
            processes,
            ..GpuReading::default()
        };
        let gpus = GpuReadings {
            gpus: vec![
                gpu(
                    0,
                    vec![
                        process(own, Some(100), Some(30.0)),
                        process(own, Some(50), Some(90.0)),
                        process(None, Some(7), None),
                    ],
                ),
                gpu(1, vec![process(Some(InstanceId(8)), Some(5), None)]),
                gpu(2, vec![process(own, None, None)]),
            ],
            ..GpuReadings::default()
        };
        let shares = shares(InstanceId(7), &gpus);
        let told: Vec<_> = shares
            .iter()
            .map(|one| (one.index, one.memory, one.percent))
            .collect();
        assert_eq!(told, [(0, Some(150), Some(100.0)), (2, None, None)]);
    }

    #[test]
    fn a_second_of_work_in_a_second_is_one_core() {
        assert!((percent(1000, Duration::from_secs(1)) - 100.0).abs() < 0.01);
        assert!((percent(500, Duration::from_secs(5)) - 10.0).abs() < 0.01);
    }
}
