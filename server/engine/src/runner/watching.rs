//! Watching one run through its shim.

use std::time::Duration;

use tokio::sync::watch;

use super::RunState;
use super::connection;
use super::leftovers::without_shim;
use super::local::LocalHandle;
use crate::shim::protocol::{Command, Phase, Push, State, Stream};

/// Between two attempts to reach a shim that is just coming up; doubles to [`RETRY_MAX`] for one that lives
/// but cannot be reached (its run directory was deleted).
const RETRY: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Publishes the state of a run until it is over or lost.
pub(super) async fn watch(handle: LocalHandle, state: watch::Sender<RunState>) {
    let mut pace = RETRY;
    loop {
        if let Err(error) = listen(&handle, &state).await {
            tracing::debug!(run.uuid = %handle.key.uuid, %error, "no connection to the shim");
        }
        if matches!(*state.borrow(), RunState::Over(_)) {
            return;
        }
        if let Some(end) = without_shim(&handle).await {
            state.send_replace(end);
            return;
        }
        if state.is_closed() {
            return;
        }
        tokio::time::sleep(pace).await;
        pace = (pace * 2).min(RETRY_MAX);
    }
}

/// Passes on what the shim says until it ends or nobody wants to know any more.
async fn listen(handle: &LocalHandle, state: &watch::Sender<RunState>) -> std::io::Result<()> {
    let (mut connection, _) = connection::open(&handle.run_dir, &handle.opening(Stream::Control)).await?;
    loop {
        let push = tokio::select! {
            push = connection.receive::<Push>() => push?,
            () = state.closed() => return Ok(()),
        };
        match push {
            Some(Push::State(now)) => {
                let now = translate(now);
                let over = matches!(now, RunState::Over(_));
                state.send_replace(now);
                if over {
                    return connection.send(&Command::Seen).await;
                }
            }
            Some(Push::Pong) => {}
            None => return Ok(()),
        }
    }
}

fn translate(state: State) -> RunState {
    match (state.phase, state.exit) {
        (Phase::Over, Some(exit)) => RunState::Over(exit),
        (Phase::Running, _) => RunState::Running { pid: state.app_pid },
        (_, exit) => RunState::Stopping {
            exit,
            survivors: state.survivors,
        },
    }
}
