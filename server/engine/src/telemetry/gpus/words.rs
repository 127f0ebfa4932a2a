//! What the driver says, in words for people.

use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::error::NvmlError;

/// A driver without a GPU.
pub(super) const NO_GPU: &str = "The NVIDIA driver sees no GPU.";
/// It was there a moment ago.
pub(super) const GONE: &str = "This GPU is not there any more: it was unplugged or switched off.";

/// Why there is no library to ask.
pub(super) fn without_driver(error: &NvmlError) -> String {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => {
            "There is no NVIDIA driver here, so nothing is said about GPUs.".to_owned()
        }
        NvmlError::DriverNotLoaded => {
            "The NVIDIA driver is installed but not loaded; load it (modprobe nvidia) or restart the machine."
                .to_owned()
        }
        NvmlError::LibRmVersionMismatch => {
            "The NVIDIA driver was exchanged while it was in use; restart the machine.".to_owned()
        }
        NvmlError::NoPermission => {
            "AiKore's user may not ask the NVIDIA driver; give it access to /dev/nvidia*.".to_owned()
        }
        NvmlError::Uninitialized => {
            "The NVIDIA driver was restarted; it is asked again in a moment.".to_owned()
        }
        NvmlError::FailedToLoadSymbol(_) => {
            "The NVIDIA driver is too old to be asked; install a newer one.".to_owned()
        }
        other => format!("The NVIDIA driver cannot be asked ({other})."),
    }
}

/// Why one GPU tells nothing.
pub(super) fn problem(error: &NvmlError) -> String {
    match error {
        NvmlError::GpuLost => {
            "This GPU has fallen off the bus: it was unplugged, or its power or its slot failed. Restart the machine."
                .to_owned()
        }
        NvmlError::ResetRequired => "This GPU needs a reset (nvidia-smi --gpu-reset).".to_owned(),
        NvmlError::NoPermission => "AiKore's user may not ask this GPU.".to_owned(),
        NvmlError::NotFound => GONE.to_owned(),
        other => format!("This GPU cannot be asked ({other})."),
    }
}

/// Why clocks are lower than they could be. Doing nothing and being told to are no reasons.
pub(super) fn throttled(reasons: ThrottleReasons) -> Vec<String> {
    [
        (ThrottleReasons::SW_POWER_CAP, "power limit"),
        (ThrottleReasons::HW_SLOWDOWN, "hardware slowdown"),
        (ThrottleReasons::SW_THERMAL_SLOWDOWN, "temperature"),
        (ThrottleReasons::HW_THERMAL_SLOWDOWN, "temperature (hardware)"),
        (ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, "power supply"),
    ]
    .into_iter()
    .filter(|(reason, _)| reasons.contains(*reason))
    .map(|(_, words)| words.to_owned())
    .collect()
}

/// What a GPU reported. The meanings are those of NVIDIA's "Xid errors" document that people meet most.
pub(super) fn fault(name: &str, index: u32, xid: Option<u64>) -> String {
    let Some(xid) = xid else {
        return format!("GPU {index} ({name}) reported an error of an unknown kind.");
    };
    let meaning = match xid {
        13 | 31 => "a program on it did something illegal; that program is at fault, or the memory is",
        43 => "a program on it stopped working; other programs are not affected",
        45 => "a program's work was ended, after an earlier error or because the program was",
        48 | 63 | 64 | 94 | 95 => "its memory made an error",
        61 | 62 => "its own firmware stopped",
        74 => "its link to another GPU failed",
        79 => "it has fallen off the bus; check its power and its slot, and restart the machine",
        119 | 120 => "its own processor does not answer; restart the machine",
        _ => "NVIDIA's list of Xid errors says what it means",
    };
    format!("GPU {index} ({name}) reported Xid {xid}: {meaning}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_as_a_sentence() {
        for error in [
            NvmlError::LibraryNotFound,
            NvmlError::DriverNotLoaded,
            NvmlError::LibRmVersionMismatch,
            NvmlError::NoPermission,
            NvmlError::Uninitialized,
            NvmlError::Unknown,
        ] {
            let told = without_driver(&error);
            assert!(told.ends_with('.'), "{told}");
            assert!(problem(&error).ends_with('.'));
        }
        assert!(fault("RTX", 1, Some(79)).contains("GPU 1 (RTX) reported Xid 79: it has fallen"));
        assert!(fault("RTX", 0, None).contains("unknown kind"));
    }

    #[test]
    fn an_idle_gpu_is_not_throttled() {
        assert!(throttled(ThrottleReasons::GPU_IDLE).is_empty());
        let both = ThrottleReasons::SW_POWER_CAP | ThrottleReasons::HW_THERMAL_SLOWDOWN;
        assert_eq!(throttled(both), ["power limit", "temperature (hardware)"]);
    }
}
