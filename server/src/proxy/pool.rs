//! Idle connections to the apps, of this thread: nothing is locked, and nothing is woken elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::line::{Line, Room};

/// Idle connections of one kind that are kept; more are closed. As many as work at the same time come back.
const IDLE_MAX: usize = 128;

/// Below the shortest common keep-alive of apps (uvicorn: 5 s), so that few are found closed.
const IDLE_TIME: Duration = Duration::from_secs(4);

/// The run an idle connection leads to, whether to its desktop, and what it has room for.
pub(super) type Kind = (u64, bool, Room);

#[derive(Default)]
struct Pool {
    /// The last given back is taken first, so that the others can be let go of.
    idle: HashMap<Kind, Vec<(Line, Instant)>>,
    swept: bool,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// A connection that works.
pub(super) async fn take(kind: Kind) -> Option<Line> {
    loop {
        let (mut line, since) = POOL.with_borrow_mut(|pool| pool.idle.get_mut(&kind)?.pop())?;
        if since.elapsed() <= IDLE_TIME && line.is_ready().await {
            return Some(line);
        }
    }
}

/// Keeps a connection whose answer was read to its end.
pub(super) fn give_back(kind: Kind, line: Line) {
    if line.is_closed() {
        return;
    }
    let begin_sweeping = POOL.with_borrow_mut(|pool| {
        let idle = pool.idle.entry(kind).or_default();
        if idle.len() < IDLE_MAX {
            idle.push((line, Instant::now()));
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
                idle.retain(|(line, since)| !line.is_closed() && since.elapsed() <= IDLE_TIME);
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
