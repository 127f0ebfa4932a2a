//! Proof that nothing is left of a run whose processes are gone: its port is closed, its GPU memory is back.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Keeper, RETRY};
use crate::instances::launch::ActiveRun;
use crate::instances::reasons;
use crate::instances::transitions::Change;
use crate::{blocking, process};

/// How long port and GPU memory may take to come back after the last process is gone. A port that is held
/// longer belongs to somebody else.
const PROOF_LIMIT: Duration = Duration::from_secs(10);

impl Keeper {
    /// Waits until port and GPU memory are back; says what is not after a while.
    pub(super) async fn until_all_is_back(&self, run: &ActiveRun) -> Option<String> {
        let deadline = Instant::now() + PROOF_LIMIT;
        match self.until_port_is_closed(run.port, deadline).await {
            Some(holder) => Some(format!(
                "Port {} is still held by {holder}, which does not belong to its processes.",
                run.port
            )),
            None => self.until_gpu_memory_is_back(run, deadline).await,
        }
    }

    /// Waits until nobody listens on the port; names who still does at the deadline.
    async fn until_port_is_closed(&self, port: u16, deadline: Instant) -> Option<String> {
        loop {
            let looked = blocking(move || Ok(process::ports::holder(port))).await;
            let holder = match looked {
                Ok(Ok(holder)) => holder?,
                // That nobody could look proves nothing.
                Ok(Err(error)) => format!("somebody who cannot be named ({error})"),
                Err(_) => return None,
            };
            if Instant::now() >= deadline {
                return Some(holder);
            }
            self.not_proven_yet(&format!("Port {port} is still held by {holder}."));
            sleep(RETRY).await;
        }
    }

    /// Waits until the driver lists none of the run's processes any more; names those it lists at the deadline.
    async fn until_gpu_memory_is_back(&self, run: &ActiveRun, deadline: Instant) -> Option<String> {
        if run.gpu_memory.is_empty() {
            return None;
        }
        loop {
            let runner = self.inner.supervisor.runner();
            let held = runner.gpu_memory(&run.handle, &run.gpu_memory).await;
            let problem = reasons::gpu_memory(held.as_deref())?;
            if Instant::now() >= deadline {
                return Some(problem);
            }
            self.not_proven_yet(&problem);
            sleep(RETRY).await;
        }
    }

    /// Shows why the end is not shown yet, also of an app that ended by itself.
    fn not_proven_yet(&self, problem: &str) {
        self.inner.apply(self.id, Change::Stop, |_| {});
        self.show(|row| problem.clone_into(&mut row.status_reason));
    }
}
