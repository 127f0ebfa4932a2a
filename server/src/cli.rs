//! The commands of the program and their exit codes: 0 good, 1 failure, 2 bad arguments, 78 bad configuration.

mod accounts;
mod desktop;
mod health;

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use engine::{Engine, EngineConfig};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;

use crate::config::TlsMode;
use crate::config::{Auth, BadConfig, Cli, Command, Config};
use crate::serve::{Ended, Signals, until_ended};
use crate::site::{Site, SiteOptions};
use crate::state::Panel;
use crate::tls::{self, Tls};
use crate::{logging, serve, webhooks};

/// Why a command failed: an exit code and one sentence.
#[derive(Debug)]
struct Failure {
    code: u8,
    sentence: String,
}

impl Failure {
    fn new(sentence: impl Into<String>) -> Self {
        Self {
            code: 1,
            sentence: sentence.into(),
        }
    }
}

impl From<BadConfig> for Failure {
    fn from(error: BadConfig) -> Self {
        Self {
            code: 78,
            sentence: error.to_string(),
        }
    }
}

impl From<tls::Error> for Failure {
    fn from(error: tls::Error) -> Self {
        Self {
            code: 78,
            sentence: error.to_string(),
        }
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Reads the arguments and does what they say.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command.unwrap_or_else(|| Command::Serve(Box::new(cli.serve))) {
        Command::Serve(config) => start(&config),
        Command::Healthcheck(address) => health::check(address.addr),
        Command::Password(data) => on_runtime(accounts::password(data)),
        Command::Token { verb } => on_runtime(accounts::token(verb)),
        Command::Desktop { verb } => on_runtime(desktop::desktop(verb)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "aikore: {}", failure.sentence);
            ExitCode::from(failure.code)
        }
    }
}

/// Writes a line for people to standard output.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn start(config: &Config) -> Result<(), Failure> {
    config.check()?;
    engine::memory::keep_little();
    logging::start(config.log);
    allow_many_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("The runtime did not start: {error}.")))?;
    let done = runtime.block_on(panel(config));
    // What still runs (a connection that was cut, a blocked read of a terminal) must not keep the program.
    runtime.shutdown_background();
    done
}

fn on_runtime(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("The runtime did not start: {error}.")))?
        .block_on(command)
}

/// Every connection through the panel takes two open files, and the usual limit of 1024 is meant to be raised
/// by who needs more. Not to the very top: some programs close all the files they might have, one by one.
fn allow_many_files() {
    const WANTED: u64 = 65_536;
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let wanted = WANTED.min(hard).max(soft);
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)
    });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Runs the panel until a signal ends it.
async fn panel(config: &Config) -> Result<(), Failure> {
    let signals = Signals::new().map_err(|error| Failure::new(format!("No signals: {error}.")))?;
    // The address comes first: a second panel must fail before the engine starts anything.
    let address = config.address.addr;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Failure::new(format!("AiKore cannot listen on {address}: {error}.")))?;
    let address = listener.local_addr().unwrap_or(address);
    let options = config.site()?;
    let engine = Engine::open(engine_config(config, address)?).await?;
    let tls = speak_tls(config)?;
    let open = config.auth == Auth::Off;
    let panel = Panel::new(engine.clone(), open, &config.allowed_hosts);
    let shutdown = panel.shutdown.clone();
    tokio::spawn(engine::memory::give_back_regularly());
    tokio::spawn(webhooks::follow(panel.clone()));
    let link = link(address, &options);
    let site = Site::new(panel, options);
    announce(&engine, open, &link).await?;
    let mut served = Ok(());
    let serving = async { served = serve::serve(listener, site, tls, shutdown.clone()).await };
    let stop_instances = config.stop_instances_on_exit;
    let ended = until_ended(signals, shutdown.clone(), serving, &engine, stop_instances).await;
    served.map_err(|error| Failure::new(format!("The panel could not serve: {error}.")))?;
    match ended {
        Ended::Orderly => Ok(()),
        Ended::AtOnce => Err(Failure::new(
            "A second signal ended the panel before it had put everything in order.",
        )),
    }
}

/// The certificate the panel was told to use, if any.
fn speak_tls(config: &Config) -> Result<Option<Tls>, Failure> {
    let files = match (&config.tls.tls_cert, &config.tls.tls_key) {
        (Some(certificate), Some(key)) => tls::Files {
            certificate: certificate.clone(),
            key: key.clone(),
        },
        _ if config.tls.tls == TlsMode::SelfSigned => {
            tls::self_signed(&config.data.data_dir, &config.allowed_hosts)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Tls::read(files)?))
}

fn engine_config(config: &Config, address: SocketAddr) -> Result<EngineConfig, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("AiKore cannot find its own program file: {error}.")))?;
    let mut engine = EngineConfig::new(config.data.data_dir.clone(), program);
    engine.address = address.to_string();
    engine.base_path = config.base_path()?;
    app::paths::live_below(&engine.base_path);
    engine.blueprints_dir.clone_from(&config.blueprints_dir);
    engine.port_range = config.port_range()?;
    engine.bind_public.clone_from(&config.bind_public);
    engine.forward_drain = Duration::from_secs(config.forward_drain_seconds.into());
    engine.log_file_bytes = config.log_file_mb * 1024 * 1024;
    engine.log_files_kept = config.log_files;
    engine.trash_purge_days = config.trash_purge_days;
    engine.terminal_idle = Duration::from_secs(60 * u64::from(config.terminal_idle_minutes));
    engine.host_terminal = config.host_terminal;
    engine.desktop_dir.clone_from(&config.desktop.desktop_dir);
    engine.desktop_uids = config.desktop_uids;
    engine.nvml_library.clone_from(&config.nvml_library);
    Ok(engine)
}

/// The beginning of every link to the panel.
fn link(address: SocketAddr, options: &SiteOptions) -> String {
    let mut shown = address;
    if shown.ip().is_unspecified() {
        shown.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let scheme = if options.https { "https" } else { "http" };
    format!("{scheme}://{shown}{}", options.base_path)
}

/// Prints the link to open.
async fn announce(engine: &Engine, open: bool, link: &str) -> Result<(), Failure> {
    if open {
        tracing::warn!("nobody needs to log in: whoever reaches {link} commands this machine");
        say(&format!("Open {link}/"));
        return Ok(());
    }
    match engine.accounts.new_setup_token().await? {
        Some(token) => say(&format!("Open {link}/setup?token={token} to choose a password")),
        None => say(&format!("Open {link}/")),
    }
    Ok(())
}
