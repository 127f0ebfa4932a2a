//! Who used a terminal, when and from where: a line of JSON for each, in a file that is only ever added to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use types::instances::InstanceId;
use types::terminals::{TerminalEnd, TerminalId};

use crate::clock;

/// Above this size the file is put aside, in the place of the one put aside before, bytes.
const SIZE_MAX: u64 = 4 << 20;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// What they proved: `session 3f2a…`, `token backup`, or that nobody is asked.
    pub who: String,
    /// The address they came from.
    pub from: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Happened {
    Opened,
    Looked,
    Closed,
    Ended,
}

#[derive(Serialize)]
struct Line<'a> {
    at: i64,
    happened: Happened,
    terminal: &'a TerminalId,
    /// None for one of the machine itself.
    instance: Option<InstanceId>,
    #[serde(flatten)]
    person: Option<&'a Person>,
    how: Option<TerminalEnd>,
}

/// The file.
#[derive(Clone)]
pub(super) struct Audit {
    path: Arc<PathBuf>,
    writing: Arc<Mutex<()>>,
}

impl Audit {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path: Arc::new(path),
            writing: Arc::default(),
        }
    }

    /// Somebody did something with a terminal.
    pub(super) fn note(
        &self,
        happened: Happened,
        terminal: &TerminalId,
        instance: Option<InstanceId>,
        person: &Person,
    ) {
        let instance_id = instance.map(|id| id.0);
        tracing::info!(terminal.id = %terminal, instance.id = instance_id, who = person.who, from = person.from,
            "terminal {}", happened.word());
        self.write(&Line {
            at: clock::now_ms(),
            happened,
            terminal,
            instance,
            person: Some(person),
            how: None,
        });
    }

    /// A terminal ended.
    pub(super) fn ended(&self, terminal: &TerminalId, instance: Option<InstanceId>, how: TerminalEnd) {
        tracing::info!(terminal.id = %terminal, ?how, "terminal ended");
        self.write(&Line {
            at: clock::now_ms(),
            happened: Happened::Ended,
            terminal,
            instance,
            person: None,
            how: Some(how),
        });
    }

    /// A few bytes into a file: not worth a thread of its own.
    fn write(&self, line: &Line<'_>) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = append(&self.path, line) {
            tracing::error!(path = %self.path.display(), %error, "a line about a terminal was not written");
        }
    }
}

impl Happened {
    fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Looked => "looked at",
            Self::Closed => "closed",
            Self::Ended => "ended",
        }
    }
}

fn append(path: &Path, line: &Line<'_>) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|file| file.len() > SIZE_MAX) {
        fs::rename(path, path.with_extension("old"))?;
    }
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    File::options()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(&text)
}
