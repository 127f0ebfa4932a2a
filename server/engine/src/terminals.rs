//! Terminals: shells that people use in the browser, and that live on when they close it.
//!
//! # How it works
//! [`Terminals`] is a handle. Each shell belongs to a keeper task, which reads what it prints into a ring of 2 MiB
//! (`ring.rs`) on a stage shared with those who look (`stage.rs`). Each byte has a place, so whoever comes back says
//! how far it got and misses nothing. A viewer says what it has shown; while the slowest one is a window behind, the
//! shell is not read, and the kernel holds its programs back. Nobody looking means nobody is waited for. What is typed has
//! places, too, for each hand that types (`stage/typing.rs`): a byte that is sent again counts once.

pub(crate) mod audit;
mod keeper;
mod record;
mod ring;
mod shells;
mod stage;
mod viewer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::terminals::{Terminal, TerminalEnd, TerminalId, TerminalPlace, TerminalSize};

use crate::data_dir::DataDir;
use crate::events::Events;
use crate::instances::Instances;
use crate::{Error, Result};

pub use audit::Person;
use audit::{Audit, Happened};
use record::Records;
use stage::Stage;
pub use viewer::{Begin, Hands, Output, Viewer};

/// Terminals at one time. Each is a shell, and up to 2 MiB.
pub const MAX: usize = 100;

/// How long what an ended terminal printed can still be read.
const AFTERWARDS: Duration = Duration::from_mins(1);

/// What every shell begins with.
const BASHRC: &str = include_str!("terminals/bashrc");

/// Handle to the terminals.
#[derive(Clone)]
pub struct Terminals {
    inner: Arc<Inner>,
}

struct Inner {
    instances: Instances,
    audit: Audit,
    records: Records,
    bashrc: PathBuf,
    idle: Duration,
    host: bool,
    open: Mutex<HashMap<TerminalId, Entry>>,
    /// For so many more there is room.
    room: Arc<Semaphore>,
    keepers: TaskTracker,
    shutdown: CancellationToken,
}

struct Entry {
    place: TerminalPlace,
    number: u32,
    opened_at: i64,
    stage: Arc<Stage>,
    wish: watch::Sender<Option<TerminalEnd>>,
}

/// How terminals are to be.
pub(crate) struct Options {
    /// One that nobody looks at ends after so long without a sign of life.
    pub(crate) idle: Duration,
    /// Whether there may be some of the machine itself.
    pub(crate) host: bool,
}

impl Terminals {
    /// Ends what an earlier panel left, and is ready for new ones.
    pub(crate) async fn open(
        dir: &DataDir,
        options: Options,
        instances: Instances,
        events: &Events,
    ) -> Result<Self> {
        let bashrc = dir.run().join("terminal.bashrc");
        std::fs::write(&bashrc, BASHRC).map_err(Error::file(&bashrc))?;
        let terminals = Self {
            inner: Arc::new(Inner {
                instances,
                audit: Audit::new(dir.root().join("terminals.log")),
                records: Records::open(dir.run().join("terminals"))?,
                bashrc: std::path::absolute(&bashrc).map_err(Error::file(&bashrc))?,
                idle: options.idle,
                host: options.host,
                open: Mutex::default(),
                room: Arc::new(Semaphore::new(MAX)),
                keepers: TaskTracker::new(),
                shutdown: CancellationToken::new(),
            }),
        };
        for uuid in terminals.inner.records.left().await? {
            terminals
                .inner
                .keepers
                .spawn(shells::sweep(Arc::clone(&terminals.inner), uuid));
        }
        tokio::spawn(shells::follow_deletions(
            Arc::downgrade(&terminals.inner),
            events.subscribe(),
        ));
        Ok(terminals)
    }

    /// Whether there may be terminals of the machine itself.
    pub fn has_host(&self) -> bool {
        self.inner.host
    }

    /// Those of one place, or all; oldest first.
    pub fn list(&self, place: Option<TerminalPlace>) -> Vec<Terminal> {
        let open = self.inner.open();
        let mut found: Vec<Terminal> = open
            .iter()
            .filter(|(_, entry)| place.is_none_or(|place| entry.place == place))
            .map(|(id, entry)| entry.describe(id))
            .collect();
        found.sort_by_key(|one| (one.opened_at, one.number));
        found
    }

    /// One terminal; also one that ended a moment ago.
    pub fn get(&self, id: &TerminalId) -> Result<Terminal> {
        let open = self.inner.open();
        let entry = open.get(id).ok_or_else(|| Error::UnknownTerminal(id.clone()))?;
        Ok(entry.describe(id))
    }

    /// Starts a shell.
    pub async fn create(
        &self,
        place: TerminalPlace,
        size: TerminalSize,
        person: &Person,
    ) -> Result<Terminal> {
        if place == TerminalPlace::Host && !self.inner.host {
            return Err(Error::NoHostTerminal);
        }
        if self.inner.shutdown.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        let room = Arc::clone(&self.inner.room).try_acquire_owned();
        let room = room.map_err(|_| Error::TooManyTerminals(MAX))?;
        let size = size.within_reason();
        let id = TerminalId(uuid::Uuid::new_v4().to_string());
        self.inner.records.add(&id.0).await?;
        let pty = match self.inner.start(&id, place, size).await {
            Ok(pty) => pty,
            Err(error) => {
                self.inner.records.remove(&id.0).await;
                return Err(error);
            }
        };
        let terminal = self.inner.enter(&id, place, pty, size, room);
        if let Some(instance) = place.instance()
            && let Err(error) = self.inner.instances.get(instance).await
        {
            // It was deleted meanwhile.
            self.end(&id, person).await?;
            return Err(error);
        }
        self.inner
            .audit
            .note(Happened::Opened, &id, place.instance(), person);
        Ok(terminal)
    }

    /// Looks at a terminal, from the first byte that was not seen yet where that is known. A hand that comes back
    /// under its name goes on typing where it was.
    pub fn look(
        &self,
        id: &TerminalId,
        seen: Option<u64>,
        hand: Option<u64>,
        person: &Person,
    ) -> Result<Viewer> {
        let open = self.inner.open();
        let entry = open.get(id).ok_or_else(|| Error::UnknownTerminal(id.clone()))?;
        let viewer = Viewer::new(Arc::clone(&entry.stage), seen, hand);
        let place = entry.place;
        drop(open);
        self.inner
            .audit
            .note(Happened::Looked, id, place.instance(), person);
        Ok(viewer)
    }

    /// Ends a terminal with all that was started in it; returns when nothing is left.
    pub async fn end(&self, id: &TerminalId, person: &Person) -> Result<()> {
        let (wish, place) = {
            let open = self.inner.open();
            let entry = open.get(id).ok_or_else(|| Error::UnknownTerminal(id.clone()))?;
            (entry.wish.clone(), entry.place)
        };
        self.inner
            .audit
            .note(Happened::Closed, id, place.instance(), person);
        wish.send_if_modified(|wish| {
            wish.is_none()
                .then(|| *wish = Some(TerminalEnd::Closed))
                .is_some()
        });
        wish.closed().await;
        // Whoever closed it has no use for its last words.
        self.inner.open().remove(id);
        Ok(())
    }

    /// Ends all of them.
    pub(crate) async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        for entry in self.inner.open().values() {
            entry.wish.send_replace(Some(TerminalEnd::PanelEnded));
        }
        self.inner.keepers.close();
        self.inner.keepers.wait().await;
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, HashMap<TerminalId, Entry>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn describe(&self, id: &TerminalId) -> Terminal {
        let summary = self.stage.summary();
        Terminal {
            id: id.clone(),
            instance: self.place.instance(),
            number: self.number,
            opened_at: self.opened_at,
            viewers: summary.viewers,
            printed: summary.printed,
            size: summary.size,
            ended: summary.ended,
        }
    }
}
