//! What can go wrong, by situation.

use std::path::PathBuf;

use types::instances::{InstanceId, Status};
use types::jobs::JobId;
use types::names::InvalidName;
use types::ports::PortRange;

/// Shorthand.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A situation that keeps the engine from doing what it was asked. `Display` is a full sentence for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such instance.
    #[error("There is no instance {0}.")]
    UnknownInstance(InstanceId),
    /// No such job.
    #[error("There is no job {}.", .0.0)]
    UnknownJob(JobId),
    /// No such blueprint.
    #[error("There is no blueprint “{0}”.")]
    UnknownBlueprint(String),
    /// No such run.
    #[error("There is no run {run} of instance {id}.")]
    UnknownRun {
        /// Whose.
        id: InstanceId,
        /// Which.
        run: u32,
    },
    /// No such API token.
    #[error("There is no token {0}.")]
    UnknownToken(i64),
    /// The name breaks the rules.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// Another field breaks the rules.
    #[error("{field}: {problem}")]
    InvalidField {
        /// Column name.
        field: &'static str,
        /// A sentence.
        problem: String,
    },
    /// The name is in use.
    #[error("There is already an instance called “{0}”.")]
    NameTaken(String),
    /// The port lies outside the range.
    #[error("Port {port} is outside {range}.")]
    PortOutOfRange {
        /// Asked for.
        port: u16,
        /// Allowed.
        range: PortRange,
    },
    /// Somebody outside AiKore holds the port.
    #[error("Port {port} is held by {holder}.")]
    PortTaken {
        /// Asked for.
        port: u16,
        /// Name and pid.
        holder: String,
    },
    /// The port cannot be listened on, and nobody else is why.
    #[error("Port {port} cannot be opened: {source}.")]
    PortNotOpened {
        /// Asked for.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// A public port is made active only for an app that is there.
    #[error("“{name}” is {}; a port is activated for a started instance only.", .status.as_str())]
    NotStarted {
        /// Instance.
        name: String,
        /// Present status.
        status: Status,
    },
    /// The instance has no public port.
    #[error("“{0}” has no public port.")]
    NoPublicPort(String),
    /// Every port that apps may listen on inside the machine is in use.
    #[error(
        "No port is left for the app: every one of {0}, where apps listen inside this machine, is in use."
    )]
    NoFreeInternalPort(PortRange),
    /// Somebody else changed the row.
    #[error("“{name}” was changed elsewhere since it was read.")]
    StaleRow {
        /// Instance.
        name: String,
        /// The present version.
        row_version: i64,
    },
    /// The verb does not fit the status.
    #[error("“{name}” is {}; {verb} does not apply.", .status.as_str())]
    WrongStatus {
        /// Instance.
        name: String,
        /// Present status.
        status: Status,
        /// `start`, `stop`, `delete`, ….
        verb: &'static str,
    },
    /// Satellites stand on it.
    #[error("“{name}” has satellites: {}.", .satellites.join(", "))]
    HasSatellites {
        /// Instance.
        name: String,
        /// Names.
        satellites: Vec<String>,
    },
    /// A permanent deletion needs the name typed.
    #[error("The name typed does not match “{0}”.")]
    NotConfirmed(String),
    /// The app does not run, so it cannot be reached.
    #[error("“{0}” does not run.")]
    NotRunning(String),
    /// Starting failed before anything ran.
    #[error("“{name}” could not be started: {source}")]
    Spawn {
        /// Instance.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A password is already set.
    #[error("A password is already set.")]
    AlreadySetUp,
    /// The setup link is wrong or used.
    #[error("This setup link is not valid any more.")]
    BadSetupToken,
    /// The password breaks the rules.
    #[error("The password needs at least {0} characters.")]
    PasswordTooShort(usize),
    /// Wrong password.
    #[error("The password is wrong.")]
    WrongPassword,
    /// Too many wrong passwords.
    #[error("Too many attempts; wait {seconds} s.")]
    TooManyAttempts {
        /// Until the next try.
        seconds: u64,
    },
    /// Another panel holds the data directory.
    #[error("{} is used by another AiKore: {holder}.", .path.display())]
    DataDirInUse {
        /// Directory.
        path: PathBuf,
        /// Pid and address.
        holder: String,
    },
    /// The database was written by a newer AiKore.
    #[error("{} was written by a newer AiKore; start that version, or restore the backup beside it.", .0.display())]
    DatabaseTooNew(PathBuf),
    /// The database is damaged.
    #[error("{} is damaged ({detail}); restore a backup from beside it.", .path.display())]
    DatabaseCorrupt {
        /// File.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// Another program holds the database.
    #[error("{} is locked by another program; close it, then start AiKore again.", .0.display())]
    DatabaseLocked(PathBuf),
    /// The database failed.
    #[error("The database failed: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// A file failed.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The engine is shutting down.
    #[error("AiKore is shutting down.")]
    ShuttingDown,
}

impl Error {
    /// For `map_err`: what failed on which file.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
