//! Everything below HTTP: instances and their processes, blueprints, accounts, jobs, telemetry, the database.
//!
//! [`Engine`] holds one handle per noun. Handles are cheap to clone; each talks to the owner of its state.

pub mod accounts;
pub mod alerts;
pub mod autopsies;
pub mod blueprints;
mod clock;
pub mod crashes;
mod data_dir;
mod db;
pub mod desktops;
pub mod environments;
pub mod error;
pub mod events;
mod gpus;
pub mod instances;
pub mod jobs;
pub mod memory;
mod process;
pub mod runner;
pub mod scripts;
pub mod shim;
pub mod telemetry;
pub mod terminals;
pub mod trash;
pub mod wheels;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use clock::now_ms;
pub use error::{Error, Result};
pub use process::signal_name;
use types::ports::PortRange;

/// What the engine needs to know before it starts.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Holds everything; see the data directory in the README.
    pub data_dir: PathBuf,
    /// Where the panel is reached, for people: what a second panel on the directory is told. May be empty.
    pub address: String,
    /// The panel's prefix on its host, which apps that know theirs are told: empty, or `/x`.
    pub base_path: String,
    /// A directory of blueprints that hide the embedded ones of the same names.
    pub blueprints_dir: Option<PathBuf>,
    /// Where public ports come from.
    pub port_range: PortRange,
    /// The addresses public ports are opened on.
    pub bind_public: Vec<IpAddr>,
    /// How long connections to an instance may go on after it lost its public port.
    pub forward_drain: Duration,
    /// The program that is started with the argument `shim` or `session` and a run directory.
    pub shim_program: PathBuf,
    /// A log file is closed and a new one begun at this size, bytes.
    pub log_file_bytes: u64,
    /// Closed log files kept per run.
    pub log_files_kept: u32,
    /// Runs whose logs are kept per instance, the present one included.
    pub runs_kept: u32,
    /// Between two looks at an app that is started.
    pub probe_interval: Duration,
    /// So many failed looks in a row make an app unhealthy.
    pub probe_failures: u32,
    /// Deleted instances are removed from the trash after so many days, unless a person chose otherwise; none =
    /// never.
    pub trash_purge_days: Option<u32>,
    /// A terminal that nobody looks at ends after so long without a sign of life.
    pub terminal_idle: Duration,
    /// Whether there may be terminals of the machine itself.
    pub host_terminal: bool,
    /// Where the streaming software of desktops is installed; none = in the data directory.
    pub desktop_dir: Option<PathBuf>,
    /// Users for desktops, one for each instance; then `desktop_dir` is told, too, and the panel is root.
    pub desktop_uids: Option<desktops::Uids>,
    /// Loaded instead of the NVIDIA library (NVML) that the system finds.
    pub nvml_library: Option<PathBuf>,
}

impl EngineConfig {
    /// The defaults for a data directory and a shim program.
    pub fn new(data_dir: PathBuf, shim_program: PathBuf) -> Self {
        Self {
            data_dir,
            address: String::new(),
            base_path: String::new(),
            blueprints_dir: None,
            port_range: PortRange::default(),
            bind_public: vec![Ipv4Addr::LOCALHOST.into()],
            forward_drain: Duration::from_secs(5),
            shim_program,
            log_file_bytes: 64 * 1024 * 1024,
            log_files_kept: 3,
            runs_kept: 10,
            probe_interval: Duration::from_secs(10),
            probe_failures: 3,
            trash_purge_days: None,
            terminal_idle: Duration::from_hours(1),
            host_terminal: false,
            desktop_dir: None,
            desktop_uids: None,
            nvml_library: None,
        }
    }
}

/// One handle per noun.
#[derive(Clone)]
pub struct Engine {
    /// Instances and their runs.
    pub instances: instances::Instances,
    /// The catalogue.
    pub blueprints: blueprints::Blueprints,
    /// Password, sessions, tokens.
    pub accounts: accounts::Accounts,
    /// What rules found in the readings.
    pub alerts: alerts::Alerts,
    /// Why instances ended by themselves.
    pub crashes: crashes::Crashes,
    /// What was found out about the ways to reach instances.
    pub autopsies: autopsies::Autopsies,
    /// The Python environments of instances.
    pub environments: environments::Environments,
    /// Compiled packages that instances share.
    pub wheels: wheels::Wheels,
    /// Long work.
    pub jobs: jobs::Jobs,
    /// The files of instances that people edit.
    pub scripts: scripts::Scripts,
    /// Deleted instances.
    pub trash: trash::Trash,
    /// Shells in the browser.
    pub terminals: terminals::Terminals,
    /// Screens of instances.
    pub desktops: desktops::Desktops,
    /// Readings of the machine.
    pub telemetry: telemetry::Telemetry,
    /// The bus.
    pub events: events::Events,
    core: Arc<Core>,
}

/// What lives as long as the engine. The lock is let go of last.
struct Core {
    db: db::Database,
    /// An engine that is dropped without a shutdown leaves no keeper behind that would act beside the next one's.
    _keepers: tokio_util::sync::DropGuard,
    _lock: data_dir::Lock,
}

impl Engine {
    /// Locks the data directory, migrates the database, adopts what runs and starts what should.
    ///
    /// # Errors
    /// [`Error::DataDirInUse`], [`Error::DatabaseTooNew`], [`Error::DatabaseCorrupt`] and friends.
    pub async fn open(config: EngineConfig) -> Result<Self> {
        let dir = data_dir::DataDir::create(&config.data_dir)?;
        let lock = data_dir::Lock::take(&dir, &config.address)?;
        let db = db::open(&dir.database()).await?;
        let events = events::Events::default();
        if let Err(error) = process::command::sweep().await {
            tracing::warn!(%error, "what an earlier panel was running could not be ended");
        }
        let desktop_dir = config.desktop_dir.clone().unwrap_or_else(|| dir.desktop());
        desktops::sweep(&dir.run().join(desktops::RUN), &desktop_dir);
        let jobs = jobs::Jobs::open(db.clone(), events.clone(), dir.jobs()).await?;
        let blueprints = blueprints::Blueprints::open(&dir, config.blueprints_dir.clone()).await?;
        let accounts = accounts::Accounts::new(db.clone()).await?;
        let (purge_days, nvml) = (config.trash_purge_days, config.nvml_library.clone());
        let (trash_dir, trash_jobs) = (dir.clone(), jobs.clone());
        let terminal_options = terminals::Options {
            idle: config.terminal_idle,
            host: config.host_terminal,
        };
        let instances = instances::Instances::open(instances::Parts {
            config,
            dir: dir.clone(),
            db: db.clone(),
            events: events.clone(),
            jobs: jobs.clone(),
            blueprints: blueprints.clone(),
        })
        .await?;
        let trash = trash::Trash::open(
            trash_dir,
            db.clone(),
            trash_jobs,
            events.clone(),
            instances.clone(),
            purge_days,
        )
        .await?;
        let environments = environments::Environments::open(instances.clone(), jobs.clone()).await?;
        let wheels = wheels::Wheels::open(instances.clone(), jobs.clone()).await?;
        let terminals =
            terminals::Terminals::open(&dir, terminal_options, instances.clone(), &events).await?;
        let telemetry = telemetry::Telemetry::start(&dir, db.clone(), instances.clone(), nvml);
        let alerts = alerts::Alerts::open(db.clone(), &telemetry, instances.clone(), &events).await?;
        let keepers = instances.keepers();
        Ok(Self {
            alerts,
            crashes: crashes::Crashes::new(instances.clone(), telemetry.clone()),
            autopsies: autopsies::Autopsies::new(db.clone(), instances.clone()),
            scripts: scripts::Scripts::new(instances.clone(), blueprints.clone()),
            environments,
            wheels,
            desktops: desktops::Desktops::new(instances.clone(), jobs.clone(), db.clone()),
            instances,
            blueprints,
            accounts,
            jobs,
            trash,
            terminals,
            telemetry,
            events,
            core: Arc::new(Core {
                _keepers: keepers,
                db,
                _lock: lock,
            }),
        })
    }

    /// Ends the engine's tasks. Instances go on unless `stop_instances`.
    pub async fn shutdown(&self, stop_instances: bool) {
        self.trash.shutdown().await;
        self.terminals.shutdown().await;
        // Jobs first: an update that is cancelled needs the keepers to stop its app.
        self.jobs.shutdown().await;
        self.instances.shutdown(stop_instances).await;
        self.alerts.shutdown().await;
        self.telemetry.shutdown().await;
        self.core.db.close().await;
    }
}

/// Runs work that blocks (files, hashing) beside the runtime's own threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::ShuttingDown),
    }
}
