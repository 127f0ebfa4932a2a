//! Idle connections to the apps, of this thread: nothing is locked, and nothing is woken elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;

use crate::site::Upload;

/// Idle connections kept per run of an app; more are closed. As many as work at the same time come back.
const IDLE_MAX: usize = 128;

/// Below the shortest common keep-alive of apps (uvicorn: 5 s), so that few are found closed.
const IDLE_TIME: Duration = Duration::from_secs(4);

/// How long a connection that was just given back may take to be ready again.
const READY_TIME: Duration = Duration::from_millis(20);

pub(super) type Sender = SendRequest<Upload>;

#[derive(Default)]
struct Pool {
    /// By run. The last given back is taken first, so that the others can be let go of.
    idle: HashMap<u64, Vec<(Sender, Instant)>>,
    swept: bool,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// A connection that works.
pub(super) async fn take(run: u64) -> Option<Sender> {
    loop {
        let (mut sender, since) = POOL.with_borrow_mut(|pool| pool.idle.get_mut(&run)?.pop())?;
        if sender.is_closed() || since.elapsed() > IDLE_TIME {
            continue;
        }
        if sender.is_ready() {
            return Some(sender);
        }
        // The end of the last answer was seen before the connection itself noticed it.
        if let Ok(Ok(())) = tokio::time::timeout(READY_TIME, sender.ready()).await {
            return Some(sender);
        }
    }
}

/// Keeps a connection whose answer was read to its end.
pub(super) fn give_back(run: u64, sender: Sender) {
    if sender.is_closed() {
        return;
    }
    let begin_sweeping = POOL.with_borrow_mut(|pool| {
        let idle = pool.idle.entry(run).or_default();
        if idle.len() < IDLE_MAX {
            idle.push((sender, Instant::now()));
        }
        !std::mem::replace(&mut pool.swept, true)
    });
    if begin_sweeping {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(sweep())),
            Err(_) => POOL.with_borrow_mut(|pool| pool.swept = false),
        }
    }
}

/// Closes what nobody took in time, until nothing is left.
async fn sweep() {
    loop {
        tokio::time::sleep(IDLE_TIME).await;
        let over = POOL.with_borrow_mut(|pool| {
            pool.idle.retain(|_, idle| {
                idle.retain(|(sender, since)| !sender.is_closed() && since.elapsed() <= IDLE_TIME);
                !idle.is_empty()
            });
            pool.swept = !pool.idle.is_empty();
            !pool.swept
        });
        if over {
            return;
        }
    }
}
