//! Asking a library that is loaded. What a GPU does not tell is none; what it cannot tell any more is its problem.

use std::collections::HashMap;

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use nvml_wrapper::{Device, EventSet, Nvml};
use types::telemetry::{GpuFault, GpuProcess, GpuReading, GpuReadings, GpuSlice};

use super::{FAULTS, silent, words};
use crate::clock;

/// Questions about what seldom changes are asked at every so many readings.
const SELDOM: u32 = 30;

/// The library and what is remembered of the GPUs.
pub(super) struct Driver<'nvml> {
    nvml: &'nvml Nvml,
    version: Option<String>,
    known: HashMap<u32, Known<'nvml>>,
    readings: u32,
}

/// What is remembered of a GPU.
struct Known<'nvml> {
    last: GpuReading,
    is_cut_up: bool,
    events: Option<EventSet<'nvml>>,
    /// Shares of processes were told until then, as the driver counts time.
    shares_until: u64,
}

impl<'nvml> Driver<'nvml> {
    pub(super) fn new(nvml: &'nvml Nvml) -> Self {
        Self {
            nvml,
            version: nvml.sys_driver_version().ok(),
            known: HashMap::new(),
            readings: 0,
        }
    }

    /// Every GPU now. An error means that the library is of no use any more.
    pub(super) fn read(&mut self, faults: &mut Vec<GpuFault>) -> Result<GpuReadings, NvmlError> {
        let count = self.nvml.device_count()?;
        let mut gpus: Vec<GpuReading> = Vec::new();
        for index in 0..count {
            let device = self.nvml.device_by_index(index);
            match device.and_then(|device| self.read_one(index, &device)) {
                Ok(gpu) => gpus.push(gpu),
                Err(NvmlError::Uninitialized | NvmlError::DriverNotLoaded) => {
                    return Err(NvmlError::Uninitialized);
                }
                Err(error) => gpus.push(self.failed(index, &error)),
            }
        }
        // What was there and is not counted any more.
        let gone = self.known.iter().filter(|(index, _)| **index >= count);
        gpus.extend(gone.map(|(_, known)| silent(&known.last, words::GONE)));
        gpus.sort_unstable_by_key(|gpu| gpu.index);
        self.listen(faults);
        self.readings = self.readings.wrapping_add(1);
        Ok(GpuReadings {
            note: if gpus.is_empty() {
                words::NO_GPU.to_owned()
            } else {
                String::new()
            },
            driver: self.version.clone(),
            gpus,
            faults: faults.clone(),
        })
    }

    fn failed(&self, index: u32, error: &NvmlError) -> GpuReading {
        let unknown = GpuReading {
            index,
            ..GpuReading::default()
        };
        let known = self.known.get(&index).map_or(&unknown, |known| &known.last);
        silent(known, &words::problem(error))
    }

    fn read_one(&mut self, index: u32, device: &Device<'nvml>) -> Result<GpuReading, NvmlError> {
        let is_seldom = self.readings.is_multiple_of(SELDOM) || !self.known.contains_key(&index);
        let uuid = device.uuid()?;
        // Another one has its number now: a GPU was unplugged, or came back.
        let known = self.known.entry(index).and_modify(|known| {
            if known.last.uuid != uuid {
                *known = Known::new();
            }
        });
        let known = known.or_insert_with(Known::new);
        if known.last.uuid != uuid {
            known.last.uuid = uuid;
            known.last.index = index;
            known.last.name = device.name()?;
            known.events = events(self.nvml, device);
        }
        if is_seldom {
            known.is_cut_up = device.mig_mode().is_ok_and(|mode| mode.current == 1);
            known.last.power_limit = told(device.enforced_power_limit())?.map(watts);
        }
        let mut gpu = GpuReading {
            index,
            uuid: known.last.uuid.clone(),
            name: known.last.name.clone(),
            power_limit: known.last.power_limit,
            ..GpuReading::default()
        };
        measure(device, &mut gpu)?;
        if known.is_cut_up {
            gpu.slices = slices(device);
        }
        gpu.processes = processes(device, known)?;
        known.last.memory_total = gpu.memory_total;
        Ok(gpu)
    }

    /// What GPUs reported since the last reading.
    fn listen(&self, faults: &mut Vec<GpuFault>) {
        for known in self.known.values() {
            // Each event is told once; a GPU that reports without end is heard at the next reading again.
            for _ in 0..8 {
                let Some(Ok(event)) = known.events.as_ref().map(|events| events.wait(0)) else {
                    break;
                };
                let xid = match event.event_data {
                    Some(XidError::Value(number)) => Some(number),
                    _ => None,
                };
                let fault = GpuFault {
                    at: clock::now_ms(),
                    uuid: known.last.uuid.clone(),
                    xid,
                    message: words::fault(&known.last.name, known.last.index, xid),
                };
                tracing::warn!(gpu.uuid = %fault.uuid, xid, "{}", fault.message);
                faults.push(fault);
            }
        }
        let surplus = faults.len().saturating_sub(FAULTS);
        faults.drain(..surplus);
    }
}

impl Known<'_> {
    fn new() -> Self {
        Self {
            last: GpuReading::default(),
            is_cut_up: false,
            events: None,
            shares_until: 0,
        }
    }
}

/// Something a GPU may not tell; an error when it tells nothing any more.
fn told<T>(answer: Result<T, NvmlError>) -> Result<Option<T>, NvmlError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(
            error @ (NvmlError::GpuLost
            | NvmlError::ResetRequired
            | NvmlError::Uninitialized
            | NvmlError::DriverNotLoaded),
        ) => Err(error),
        Err(_) => Ok(None),
    }
}

fn measure(device: &Device<'_>, gpu: &mut GpuReading) -> Result<(), NvmlError> {
    let memory = told(device.memory_info())?;
    gpu.memory_total = memory.as_ref().map(|memory| memory.total);
    gpu.memory_used = memory.map(|memory| memory.used);
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    let percent = |share: u32| share.min(100) as f32;
    gpu.percent = told(device.utilization_rates())?.map(|rates| percent(rates.gpu));
    gpu.temperature = told(device.temperature(TemperatureSensor::Gpu))?;
    gpu.power = told(device.power_usage())?.map(watts);
    gpu.clock = told(device.clock_info(Clock::SM))?;
    gpu.memory_clock = told(device.clock_info(Clock::Memory))?;
    gpu.fan = told(device.fan_speed(0))?.map(|speed| speed.min(100));
    gpu.throttled = told(device.current_throttle_reasons())?
        .map(words::throttled)
        .unwrap_or_default();
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn watts(milliwatts: u32) -> f32 {
    milliwatts as f32 / 1000.0
}

fn slices(device: &Device<'_>) -> Vec<GpuSlice> {
    let most = device.mig_device_count().unwrap_or(0);
    (0..most)
        .filter_map(|index| {
            let slice = device.mig_device_by_index(index).ok()?;
            let memory = slice.memory_info().ok();
            Some(GpuSlice {
                uuid: slice.uuid().ok()?,
                name: slice.name().unwrap_or_default(),
                memory_total: memory.as_ref().map(|memory| memory.total),
                memory_used: memory.map(|memory| memory.used),
            })
        })
        .collect()
}

/// Who uses it, each process once with the largest sum that is told.
fn processes(device: &Device<'_>, known: &mut Known<'_>) -> Result<Vec<GpuProcess>, NvmlError> {
    let mut listed: Vec<ProcessInfo> = told(device.running_compute_processes())?.unwrap_or_default();
    listed.extend(told(device.running_graphics_processes())?.unwrap_or_default());
    let mut found: Vec<GpuProcess> = Vec::new();
    for process in listed {
        let memory = match process.used_gpu_memory {
            UsedGpuMemory::Used(bytes) => Some(bytes),
            UsedGpuMemory::Unavailable => None,
        };
        match found.iter_mut().find(|one| one.pid == process.pid) {
            Some(one) => one.memory = one.memory.max(memory),
            None => found.push(GpuProcess {
                pid: process.pid,
                memory,
                ..GpuProcess::default()
            }),
        }
    }
    if found.is_empty() {
        return Ok(found);
    }
    match device.process_utilization_stats(known.shares_until) {
        Ok(mut shares) => {
            shares.sort_unstable_by_key(|share| share.timestamp);
            for process in &mut found {
                let newest = shares.iter().rev().find(|share| share.pid == process.pid);
                #[expect(clippy::cast_precision_loss, reason = "a percentage")]
                let percent = newest.map_or(0.0, |share| share.sm_util.min(100) as f32);
                process.percent = Some(percent);
            }
            known.shares_until = shares.last().map_or(known.shares_until, |share| share.timestamp);
        }
        // Nothing new since the last reading: nobody did anything.
        Err(NvmlError::NotFound) => found.iter_mut().for_each(|process| process.percent = Some(0.0)),
        Err(_) => {}
    }
    Ok(found)
}

/// A set of its own for each GPU: registering one that reports nothing would spoil the set of the others.
fn events<'nvml>(nvml: &'nvml Nvml, device: &Device<'nvml>) -> Option<EventSet<'nvml>> {
    let wanted = EventTypes::CRITICAL_XID_ERROR;
    if !device.supported_event_types().ok()?.contains(wanted) {
        return None;
    }
    device.register_events(wanted, nvml.create_event_set().ok()?).ok()
}
