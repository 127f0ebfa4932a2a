//! The task that owns a shell: carries bytes both ways until it ends, then ends what it left behind.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use types::terminals::TerminalEnd;

use super::stage::{Errands, Stage};
use crate::process::pty::Pty;
use crate::process::{Identity, RUN_MARK, table};
use crate::shim::ending::end_all;

/// Read in one go, before whoever waits for it is told.
const BATCH: usize = 64 * 1024;

/// What the kernel hands out at once, and some.
const READ: usize = 8 * 1024;

/// Between TERM and KILL, for what a shell started and left behind.
const GRACE: Duration = Duration::from_secs(2);

/// A shell whose terminal is gone has so long to end by itself.
const LAST_WORDS: Duration = Duration::from_millis(500);

pub(super) struct Keeper {
    pub(super) stage: Arc<Stage>,
    pub(super) pty: Pty,
    /// Marks everything that was started in it.
    pub(super) uuid: String,
    /// Why it is to end, once it is.
    pub(super) wish: watch::Receiver<Option<TerminalEnd>>,
    /// A terminal nobody looks at ends after so long without a sign of life.
    pub(super) idle: Duration,
}

impl Keeper {
    /// Keeps the shell until its end; nothing it started is left then.
    pub(super) async fn keep(mut self) -> TerminalEnd {
        let wished = self.carry().await;
        let code = match wished {
            Some(_) => None,
            None => self.code().await,
        };
        let end = wished.unwrap_or(TerminalEnd::Exited(code.unwrap_or_default()));
        let leader = self.pty.leader().clone();
        let mut child = self.pty.hang_up();
        if let Err(error) = sweep(&self.uuid, Some(leader)).await {
            tracing::warn!(terminal.id = %self.uuid, %error, "a terminal left something behind");
        }
        // Takes it off the kernel's table; unless even KILL did not end it, this waits for nothing.
        drop(tokio::task::spawn_blocking(move || child.wait()));
        self.stage.end(end);
        end
    }

    /// Until the shell has ended (none), or has to.
    async fn carry(&mut self) -> Option<TerminalEnd> {
        let mut buffer = vec![0; BATCH];
        loop {
            let errands = self.stage.errands();
            if self.run(&errands, &mut buffer) {
                return None;
            }
            let idle_at = self.stage.idle_at(self.idle);
            tokio::select! {
                // In this order: what people do goes before what programs print.
                biased;
                wish = self.wish.wait_for(Option::is_some) => {
                    return wish.map_or(Some(TerminalEnd::PanelEnded), |wish| *wish);
                }
                () = self.stage.wake.notified() => {}
                () = self.pty.ready(errands.to_read, errands.to_write) => {}
                () = until(errands.again_at) => {}
                () = until(idle_at) => if self.stage.idle_at(self.idle).is_some_and(|at| at <= Instant::now()) {
                    return Some(TerminalEnd::Idle);
                },
            }
        }
    }

    /// Does what is to be done now; says whether the shell has gone.
    fn run(&self, errands: &Errands, buffer: &mut [u8]) -> bool {
        if let Some(size) = errands.resize {
            self.pty.resize(size);
        }
        if errands.interrupt {
            self.pty.interrupt();
        }
        if errands.to_write {
            self.stage.write_input(|bytes| self.pty.write(bytes));
        }
        errands.to_read && self.read(buffer)
    }

    fn read(&self, buffer: &mut [u8]) -> bool {
        let (mut filled, mut gone) = (0, false);
        while filled + READ <= buffer.len() {
            match self.pty.read(&mut buffer[filled..filled + READ]) {
                None => break,
                Some(0) => {
                    gone = true;
                    break;
                }
                Some(bytes) => filled += bytes,
            }
        }
        if filled > 0 {
            self.stage.printed(&buffer[..filled]);
        }
        gone
    }

    /// The code of a shell whose terminal is gone: it ends at about the same time.
    async fn code(&mut self) -> Option<u32> {
        let ending = async {
            loop {
                if let Some(code) = self.pty.exit_code() {
                    return code;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LAST_WORDS, ending).await.ok()
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Ends everything that carries a mark, or belongs to the session of the shell; an error names what cannot be ended.
pub(super) async fn sweep(uuid: &str, leader: Option<Identity>) -> io::Result<()> {
    let uuid = uuid.to_owned();
    let leader = leader.map(|leader| (leader.pid, leader.start_time));
    end_all(GRACE, move || table::strays(RUN_MARK, &uuid, leader)).await
}
