//! Readings of the machine, taken once for all viewers.
//!
//! # How it works
//! One sampler task reads every second while somebody watches and every five seconds otherwise, and publishes
//! to a `watch`: a slow viewer skips readings instead of holding anybody up.

mod machine;

use std::sync::Arc;
use std::time::Duration;

use machine::Machine;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use types::telemetry::Sample;

use crate::blocking;

const WATCHED: Duration = Duration::from_secs(1);
const UNWATCHED: Duration = Duration::from_secs(5);

/// Handle to the sampler.
#[derive(Clone)]
pub struct Telemetry {
    shared: Arc<Shared>,
}

struct Shared {
    latest: watch::Sender<Sample>,
    /// Somebody began to watch.
    watched: Notify,
    shutdown: CancellationToken,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Telemetry {
    /// Starts the sampler.
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Shared {
            latest: watch::Sender::new(Sample::default()),
            watched: Notify::new(),
            shutdown: CancellationToken::new(),
            task: std::sync::Mutex::default(),
        });
        let task = tokio::spawn(sample(Arc::clone(&shared)));
        if let Ok(mut slot) = shared.task.lock() {
            *slot = Some(task);
        }
        Self { shared }
    }

    /// The last reading.
    pub fn latest(&self) -> Sample {
        self.shared.latest.borrow().clone()
    }

    /// Every reading from now on; the sampler goes faster (1 s instead of 5 s) while somebody watches.
    pub fn watch(&self) -> watch::Receiver<Sample> {
        let receiver = self.shared.latest.subscribe();
        self.shared.watched.notify_one();
        receiver
    }

    /// Ends the sampler.
    pub(crate) async fn shutdown(&self) {
        self.shared.shutdown.cancel();
        let task = self.shared.task.lock().ok().and_then(|mut slot| slot.take());
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the sampler failed");
        }
    }
}

/// The sampler.
async fn sample(shared: Arc<Shared>) {
    // The load of the processors is a difference: the first reading alone says nothing.
    let mut pause = machine::LEAST_INTERVAL;
    let mut machine = match blocking(|| Ok(Machine::new())).await {
        Ok(Ok(machine)) => machine,
        Ok(Err(error)) => {
            tracing::error!(%error, "this machine cannot be read; the monitoring stays empty");
            return;
        }
        Err(_) => return,
    };
    loop {
        tokio::select! {
            () = shared.shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            // Nobody watched until now: the last reading is up to 5 s old, so read soon.
            () = shared.watched.notified(), if pause > WATCHED => {
                pause = machine::LEAST_INTERVAL;
                continue;
            }
        }
        let read = blocking(move || {
            let sample = machine.read();
            Ok((machine, sample))
        });
        let Ok((back, sample)) = read.await else { return };
        machine = back;
        shared.latest.send_replace(sample);
        pause = if shared.latest.receiver_count() > 0 {
            WATCHED
        } else {
            UNWATCHED
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readings_are_plausible_and_come_fast_while_watched() {
        let telemetry = Telemetry::start();
        let mut watch = telemetry.watch();
        let began = std::time::Instant::now();
        for _ in 0..2 {
            tokio::time::timeout(Duration::from_secs(30), watch.changed())
                .await
                .unwrap()
                .unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(20));
        let sample = telemetry.latest();
        assert!(sample.at > 0 && sample.cores > 0);
        assert!((0.0..=100.0).contains(&sample.cpu_percent), "{sample:?}");
        assert!(
            sample.ram_used > 0 && sample.ram_used <= sample.ram_total,
            "{sample:?}"
        );
        telemetry.shutdown().await;
    }
}
