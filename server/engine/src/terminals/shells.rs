//! From the wish for a shell to its end: starts it, hands it to a keeper, and writes down what became of it.

use std::path::Path;
use std::sync::{Arc, Weak};

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, watch};
use types::events::Event;
use types::instances::InstanceId;
use types::terminals::{Terminal, TerminalEnd, TerminalId, TerminalPlace, TerminalSize};

use super::keeper::{self, Keeper};
use super::stage::Stage;
use super::{AFTERWARDS, Entry, Inner};
use crate::process::pty::{self, ShellCommand};
use crate::{Error, Result, blocking, clock};

impl Inner {
    pub(super) async fn start(
        &self,
        id: &TerminalId,
        place: TerminalPlace,
        size: TerminalSize,
    ) -> Result<pty::Pty> {
        let around = match place {
            TerminalPlace::Instance(instance) => self.instances.shell(instance).await?,
            TerminalPlace::Host => crate::instances::shell::of_host(),
        };
        let (uuid, bashrc) = (id.0.clone(), self.bashrc.to_string_lossy().into_owned());
        blocking(move || {
            let shell = ShellCommand {
                argv: &["bash", "--rcfile", &bashrc, "-i"],
                env: &around.env,
                cwd: existing(&around.cwd),
                uuid: &uuid,
                size,
            };
            pty::spawn_shell(&shell).map_err(|source| Error::Spawn {
                name: "A terminal".to_owned(),
                source,
            })
        })
        .await
    }

    pub(super) fn enter(
        self: &Arc<Self>,
        id: &TerminalId,
        place: TerminalPlace,
        pty: pty::Pty,
        size: TerminalSize,
        room: OwnedSemaphorePermit,
    ) -> Terminal {
        let stage = Arc::new(Stage::new(size));
        let mut open = self.open();
        // Whoever ends all of them comes before this and was seen, or after it and sees this one.
        let ending = self.shutdown.is_cancelled().then_some(TerminalEnd::PanelEnded);
        let (wish, wished) = watch::channel(ending);
        let keeper = Keeper {
            stage: Arc::clone(&stage),
            pty,
            uuid: id.0.clone(),
            wish: wished,
            idle: self.idle,
        };
        let taken = open
            .values()
            .filter(|entry| entry.place == place)
            .map(|entry| entry.number);
        let entry = Entry {
            place,
            number: taken.max().unwrap_or(0) + 1,
            opened_at: clock::now_ms(),
            stage,
            wish,
        };
        let terminal = entry.describe(id);
        open.insert(id.clone(), entry);
        self.keepers
            .spawn(keep(Arc::clone(self), keeper, id.clone(), place, room));
        terminal
    }

    /// Ends those of instances that are gone.
    fn end_deleted(&self, gone: impl Fn(InstanceId) -> bool) {
        for entry in self.open().values() {
            if entry.place.instance().is_some_and(&gone) {
                entry.wish.send_replace(Some(TerminalEnd::Deleted));
            }
        }
    }
}

/// A directory that a shell can begin in.
fn existing(path: &Path) -> &Path {
    if path.is_dir() { path } else { Path::new("/") }
}

async fn keep(
    inner: Arc<Inner>,
    keeper: Keeper,
    id: TerminalId,
    place: TerminalPlace,
    room: OwnedSemaphorePermit,
) {
    // Who waits for the end waits for what is written down about it, too.
    let told = keeper.wish.clone();
    let end = keeper.keep().await;
    drop(room);
    inner.records.remove(&id.0).await;
    inner.audit.ended(&id, place.instance(), end);
    drop(told);
    tokio::select! {
        () = tokio::time::sleep(AFTERWARDS) => {}
        () = inner.shutdown.cancelled() => {}
    }
    inner.open().remove(&id);
}

/// Ends what a killed panel's terminal left. The kernel hung up on it then; this is for what did not mind.
pub(super) async fn sweep(inner: Arc<Inner>, uuid: String) {
    match keeper::sweep(&uuid, None).await {
        Ok(()) => inner.records.remove(&uuid).await,
        Err(error) => {
            tracing::warn!(terminal.id = uuid, %error, "a terminal of an earlier panel is not ended yet");
        }
    }
}

/// Ends the terminals of instances that are deleted.
pub(super) async fn follow_deletions(inner: Weak<Inner>, mut events: broadcast::Receiver<Event>) {
    loop {
        let event = events.recv().await;
        let Some(inner) = inner.upgrade() else { return };
        match event {
            Ok(Event::InstanceRemoved(gone)) => inner.end_deleted(|id| id == gone),
            Ok(_) => {}
            Err(RecvError::Closed) => return,
            Err(RecvError::Lagged(_)) => {
                let Ok(rows) = inner.instances.list().await else {
                    continue;
                };
                inner.end_deleted(|id| rows.iter().all(|row| row.id != id));
            }
        }
    }
}
