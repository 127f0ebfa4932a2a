//! What can go wrong, by situation.

use std::path::PathBuf;

use types::instances::{InstanceId, Status};
use types::jobs::JobId;
use types::names::InvalidName;
use types::ports::PortRange;
use types::requirements::InvalidRequirement;
use types::terminals::TerminalId;

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
    /// No such blueprint, where one was to be looked at.
    #[error("There is no blueprint “{0}”.")]
    NoSuchBlueprint(String),
    /// The name of a blueprint is in use.
    #[error("There is already a blueprint called “{0}”.")]
    BlueprintTaken(String),
    /// Only a person's own blueprints are renamed and removed.
    #[error("“{0}” is shipped with the panel and stays.")]
    StockBlueprint(String),
    /// Somebody saved the blueprint meanwhile.
    #[error("“{0}” was saved by somebody else since it was opened.")]
    BlueprintChanged(String),
    /// No such run.
    #[error("There is no run {run} of instance {id}.")]
    UnknownRun {
        /// Whose.
        id: InstanceId,
        /// Which.
        run: u32,
    },
    /// No such terminal.
    #[error("There is no terminal {0} any more.")]
    UnknownTerminal(TerminalId),
    /// The machine itself has no terminals.
    #[error("Terminals of the machine itself are switched off.")]
    NoHostTerminal,
    /// One more would be too many.
    #[error("{0} terminals are open, and there may be no more.")]
    TooManyTerminals(usize),
    /// No such rule.
    #[error("There is no rule {0}.")]
    UnknownRule(i64),
    /// No such webhook.
    #[error("There is no webhook {0}.")]
    UnknownWebhook(i64),
    /// There is no crash to tell about.
    #[error("“{0}” did not end by itself the last time.")]
    NoCrash(String),
    /// No such API token.
    #[error("There is no token {0}.")]
    UnknownToken(i64),
    /// No link to this desktop has this number.
    #[error("There is no link {0} to this desktop.")]
    UnknownShare(i64),
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
    /// Too little GPU memory is free for a start.
    #[error("{0}")]
    NoGpuRoom(String),
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
    /// Satellites run from its directory.
    #[error("“{name}” cannot be changed while {} from its directory; stop {} first.", running(.satellites), .satellites.join(", "))]
    SatellitesRun {
        /// Instance.
        name: String,
        /// Those that run.
        satellites: Vec<String>,
    },
    /// A satellite's directory is its parent's.
    #[error("“{name}” shares the environment of “{parent}”; change it there.")]
    SharesDirectory {
        /// The satellite.
        name: String,
        /// Whose directory it is.
        parent: String,
    },
    /// The instance runs, and nobody said that it may be disturbed.
    #[error("“{0}” runs; stop it first, or confirm that it may be stopped for this.")]
    Runs(String),
    /// There is no environment.
    #[error("“{0}” has no environment yet; start it once, and its script makes one.")]
    NoEnvironment(String),
    /// Neither uv nor pip is there.
    #[error("There is no installer for this environment: neither uv nor its own pip can be run.")]
    NoInstaller,
    /// Something that was typed is no requirement.
    #[error(transparent)]
    InvalidRequirement(#[from] InvalidRequirement),
    /// An app that was started did not become ready.
    #[error("“{name}” did not become ready (it is {}). {reason}", .status.as_str())]
    NotReady {
        /// Instance.
        name: String,
        /// What it came to instead.
        status: Status,
        /// Why.
        reason: String,
    },
    /// Something works no more after an update.
    #[error("{0}")]
    UpdateBroke(String),
    /// A script that does not look for the trigger file.
    #[error(
        "The script does not know how to make its environment anew: it never calls clean_env. Delete the environment's folder in a terminal instead."
    )]
    ScriptDoesNotRebuild,
    /// No such wheel in the library.
    #[error("There is no wheel “{0}” in the library.")]
    UnknownWheel(String),
    /// A file that is no wheel.
    #[error("“{0}” is no wheel: those are zip files, named like numpy-2.3.0-cp312-cp312-linux_x86_64.whl.")]
    NoWheel(String),
    /// A person's own file has the name of a wheel of the library.
    #[error("The instance has a file “{0}” of its own; move it away first.")]
    WheelInTheWay(String),
    /// A build made no wheel.
    #[error("The build ended well, but made no wheel.")]
    NothingBuilt,
    /// An update was undone.
    #[error("{0} The environment is as it was before.")]
    RolledBack(String),
    /// What a satellite has of its parent is not its own to give or to change.
    #[error("“{name}” is a satellite of “{parent}”.")]
    IsSatellite {
        /// Instance.
        name: String,
        /// Its parent.
        parent: String,
    },
    /// A satellite cannot be there without its parent.
    #[error("“{0}” is a satellite, and its parent is not there any more.")]
    ParentGone(String),
    /// Nothing in the trash has this name.
    #[error("There is no “{0}” in the trash.")]
    NotInTrash(String),
    /// Nobody knows what it was.
    #[error("“{0}” has no record of an instance, so it cannot be restored.")]
    NoRecord(String),
    /// The disk is too full.
    #[error("It needs {} on the disk, and {} are free.", crate::instances::tree::megabytes(*.needed), crate::instances::tree::megabytes(*.free))]
    NoSpace {
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// A permanent deletion needs the name typed.
    #[error("The name typed does not match “{0}”.")]
    NotConfirmed(String),
    /// The app does not run, so it cannot be reached.
    #[error("“{0}” does not run.")]
    NotRunning(String),
    /// It has no desktop, or none that shows anything now.
    #[error("“{name}” shows no desktop now: {reason}")]
    NoDesktop {
        /// Instance.
        name: String,
        /// Why, as a sentence.
        reason: String,
    },
    /// What desktops need is missing on this machine.
    #[error("{reason} Run: {}", .commands.join("  and then: "))]
    DesktopsUnavailable {
        /// What is missing, as a sentence.
        reason: String,
        /// What mends it.
        commands: Vec<String>,
    },
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
    /// Somebody cancelled the work.
    #[error("It was cancelled.")]
    Cancelled,
    /// A command ended with a failure.
    #[error("{what} failed ({how}).\n{last}")]
    CommandFailed {
        /// What it was to do, as the beginning of a sentence.
        what: String,
        /// Exit code or signal.
        how: String,
        /// Its last words.
        last: String,
    },
    /// A command could not be run at all, or not be ended.
    #[error("{what} could not be run: {source}.")]
    CommandNotRun {
        /// What it was to do, as the beginning of a sentence.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// What lies there is not what the panel edits.
    #[error("{} {problem}.", .path.display())]
    UnfitFile {
        /// Which.
        path: PathBuf,
        /// What it is instead, as the rest of a sentence.
        problem: &'static str,
    },
    /// A file could not be written, and is as it was.
    #[error("{} was not saved and is as it was: {source}.", .path.display())]
    NotWritten {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No such version of a script.
    #[error("There is no version {0} of this file any more.")]
    UnknownVersion(u32),
    /// A satellite has no script of its own.
    #[error("“{name}” is a satellite and runs with the files of “{parent}”; edit them there.")]
    SharedScript {
        /// The satellite.
        name: String,
        /// Whose files they are.
        parent: String,
    },
    /// The engine is shutting down.
    #[error("AiKore is shutting down.")]
    ShuttingDown,
}

fn running(names: &[String]) -> &'static str {
    if names.len() == 1 {
        "a satellite runs"
    } else {
        "satellites run"
    }
}

impl Error {
    /// For `map_err`: what failed on which file.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// Whether the disk has no room for what is to be written.
    pub fn is_disk_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            // `SQLITE_FULL`; what carries it here hands on its words only.
            Self::Database(error) => error.to_string().contains("database or disk is full"),
            Self::File { source, .. } => matches!(source.kind(), StorageFull | QuotaExceeded),
            _ => false,
        }
    }

    /// Whether it says that a file or directory is not there.
    pub(crate) fn is_missing_file(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}
