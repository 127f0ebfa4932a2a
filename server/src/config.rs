//! Every option of the program, documented here and nowhere else.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::desktops::Uids;
use types::ports::PortRange;

use crate::site::{Network, SiteOptions};

/// A web control panel that creates, runs, supervises and exposes AI web UIs.
#[derive(Debug, Parser)]
#[command(
    name = "aikore",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command, `serve` runs. RUST_LOG sets the level of the log (default: info)."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `serve`, which also work without saying it.
    #[command(flatten)]
    pub serve: Config,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the panel (the default)
    Serve(Box<Config>),
    /// Ask a running panel whether it is well; exit code 0 = yes
    Healthcheck(Address),
    /// Set a new password, read from standard input, and log everybody out
    Password(DataDir),
    /// Make, list or revoke tokens for scripts
    Token {
        /// Which of the three.
        #[command(subcommand)]
        verb: TokenVerb,
    },
    /// Install what desktops are shown with, or say what is missing
    Desktop {
        /// Which of the two.
        #[command(subcommand)]
        verb: DesktopVerb,
    },
}

/// What to do about desktops.
#[derive(Debug, Subcommand)]
pub enum DesktopVerb {
    /// Install the streaming software, from files whose checksums are known
    Install(DesktopPlace),
    /// Say whether this machine can show desktops, and what to do if not; exit code 0 = it can
    Check(DesktopPlace),
}

/// Where the streaming software lies.
#[derive(Args, Clone, Debug)]
pub struct DesktopPlace {
    /// Where the panel's data lies.
    #[command(flatten)]
    pub data: DataDir,
    /// Where it lies.
    #[command(flatten)]
    pub tools: DesktopTools,
}

/// Where the streaming software is installed.
#[derive(Args, Clone, Debug)]
pub struct DesktopTools {
    /// Directory of the streaming software of desktops [default: desktop in the data directory]
    #[arg(long, env = "AIKORE_DESKTOP_DIR", value_name = "DIR")]
    pub desktop_dir: Option<PathBuf>,
}

/// What to do with API tokens.
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token and print its secret, once
    New {
        /// What it is for
        name: String,
        /// Where the panel's data lies.
        #[command(flatten)]
        data: DataDir,
    },
    /// List the tokens
    List(DataDir),
    /// End a token
    Revoke {
        /// Its number in the list
        id: i64,
        /// Where the panel's data lies.
        #[command(flatten)]
        data: DataDir,
    },
}

/// Where the panel's data lies.
#[derive(Args, Clone, Debug)]
pub struct DataDir {
    /// Directory that holds everything: database, instances, outputs, models
    #[arg(long, env = "AIKORE_DATA_DIR", default_value = "./data", value_name = "DIR")]
    pub data_dir: PathBuf,
}

/// Where the panel listens.
#[derive(Args, Clone, Debug)]
pub struct Address {
    /// Address and port of the panel
    #[arg(
        long,
        env = "AIKORE_ADDR",
        default_value = "127.0.0.1:9000",
        value_name = "IP:PORT"
    )]
    pub addr: SocketAddr,
}

/// How people prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// By a password, chosen at the first start
    Password,
    /// Not at all: whoever reaches the panel commands this machine
    Off,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// Whether the panel speaks TLS without a certificate being given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TlsMode {
    /// Plain HTTP, unless a certificate is given
    Off,
    /// With a certificate that the panel makes once and keeps in the data directory
    SelfSigned,
}

/// How connections are kept secret.
#[derive(Args, Clone, Debug)]
pub struct TlsOptions {
    /// Whether to speak TLS with a certificate of our own making
    #[arg(long, env = "AIKORE_TLS", value_enum, default_value = "off")]
    pub tls: TlsMode,
    /// Certificate chain (PEM); read again when the file changes
    #[arg(long, env = "AIKORE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, env = "AIKORE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Tell browsers never to use plain HTTP for this host again
    #[arg(long, env = "AIKORE_HSTS", value_parser = BoolishValueParser::new())]
    pub hsts: bool,
}

/// Where the panel stands.
#[derive(Args, Clone, Debug)]
pub struct Surroundings {
    /// Path below which the panel lies on its host, such as /aikore
    #[arg(long, env = "AIKORE_BASE_PATH", default_value = "/", value_name = "PATH")]
    pub base_path: String,
    /// Addresses or networks of proxies in front, whose X-Forwarded-For, -Proto and -Host are believed
    #[arg(
        long,
        env = "AIKORE_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_name = "NETWORK,…"
    )]
    pub trusted_proxies: Vec<Network>,
}

/// The options of `serve`.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where to listen.
    #[command(flatten)]
    pub address: Address,
    /// Where the data lies.
    #[command(flatten)]
    pub data: DataDir,
    /// How people prove who they are
    #[arg(long, env = "AIKORE_AUTH", value_enum, default_value = "password")]
    pub auth: Auth,
    /// Allow `--auth off` on an address that others can reach
    #[arg(long, env = "AIKORE_I_KNOW_THIS_IS_OPEN", value_parser = BoolishValueParser::new())]
    pub i_know_this_is_open: bool,
    /// Host names, besides this machine's own, under which the panel answers; `.example.org` means all below it
    #[arg(
        long,
        env = "AIKORE_ALLOWED_HOSTS",
        value_delimiter = ',',
        value_name = "NAME,…"
    )]
    pub allowed_hosts: Vec<String>,
    /// TLS.
    #[command(flatten)]
    pub tls: TlsOptions,
    /// What stands in front.
    #[command(flatten)]
    pub around: Surroundings,
    /// Ports people may give to instances [default: 19001-19020; also read from `AVAILABLE_PORTS`]
    #[arg(long, env = "AIKORE_INSTANCE_PORT_RANGE", value_name = "FIRST-LAST")]
    instance_port_range: Option<PortRange>,
    /// Addresses on which public ports are opened; `0.0.0.0,::` means all
    #[arg(
        long,
        env = "AIKORE_BIND_PUBLIC",
        value_delimiter = ',',
        default_value = "127.0.0.1",
        value_name = "IP,…"
    )]
    pub bind_public: Vec<IpAddr>,
    /// Seconds that connections may go on when their public port is closed or taken over
    #[arg(
        long,
        env = "AIKORE_FORWARD_DRAIN_SECONDS",
        default_value_t = 5,
        value_name = "SECONDS"
    )]
    pub forward_drain_seconds: u32,
    /// Directory of blueprints that replace or add to the shipped ones
    #[arg(long, env = "AIKORE_BLUEPRINTS_DIR", value_name = "DIR")]
    pub blueprints_dir: Option<PathBuf>,
    /// How the panel's own log is written to standard error
    #[arg(long, env = "AIKORE_LOG", value_enum, default_value = "text")]
    pub log: LogFormat,
    /// Size in MiB at which an instance's log file is closed and a new one begun
    #[arg(long, env = "AIKORE_LOG_FILE_MB", default_value_t = 64, value_name = "MIB",
          value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub log_file_mb: u64,
    /// Closed log files kept for each run of an instance
    #[arg(long, env = "AIKORE_LOG_FILES", default_value_t = 3, value_name = "N")]
    pub log_files: u32,
    /// Remove deleted instances from the trash after so many days, unless the panel's page of the trash says otherwise
    /// [default: never]
    #[arg(long, env = "AIKORE_TRASH_PURGE_DAYS", value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(types::trash::PURGE_DAYS_MAX)))]
    pub trash_purge_days: Option<u32>,
    /// Minutes after which a terminal ends that nobody looks at and that prints nothing
    #[arg(long, env = "AIKORE_TERMINAL_IDLE_MINUTES", default_value_t = 60, value_name = "MINUTES",
          value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub terminal_idle_minutes: u32,
    /// Let people open terminals of the machine itself, not only of instances
    #[arg(long, env = "AIKORE_HOST_TERMINAL", value_parser = BoolishValueParser::new())]
    pub host_terminal: bool,
    /// Where desktops find theirs.
    #[command(flatten)]
    pub desktop: DesktopTools,
    /// Users (and groups) for desktops, one for each instance, so that none can look into another; the panel has to be
    /// root, and `--desktop-dir` lie outside of the data directory
    #[arg(long, env = "AIKORE_DESKTOP_UIDS", value_name = "FIRST-LAST")]
    pub desktop_uids: Option<Uids>,
    /// The NVIDIA library (NVML) to ask about GPUs, where the system does not find libnvidia-ml.so.1 by itself
    #[arg(long, env = "AIKORE_NVML_LIBRARY", value_name = "FILE")]
    pub nvml_library: Option<PathBuf>,
    /// Stop every instance when the panel ends, instead of leaving them running
    #[arg(long, env = "AIKORE_STOP_INSTANCES_ON_EXIT", value_parser = BoolishValueParser::new())]
    pub stop_instances_on_exit: bool,
}

/// A combination of options that cannot work; a full sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

impl Config {
    /// The range of public ports: the option, else the older variable `AVAILABLE_PORTS`, else the default.
    pub fn port_range(&self) -> Result<PortRange, BadConfig> {
        if let Some(range) = self.instance_port_range {
            return Ok(range);
        }
        match std::env::var("AVAILABLE_PORTS") {
            Ok(text) if !text.trim().is_empty() => text
                .trim()
                .parse()
                .map_err(|error| BadConfig(format!("AVAILABLE_PORTS: {error}."))),
            _ => Ok(PortRange::default()),
        }
    }

    /// The panel's prefix: empty, or `/x`.
    pub fn base_path(&self) -> Result<String, BadConfig> {
        let path = self.around.base_path.trim_end_matches('/');
        let plain = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
                && part.bytes().any(|byte| byte != b'.')
        };
        let good = path
            .strip_prefix('/')
            .is_some_and(|path| path.split('/').all(plain));
        if path.is_empty() || good {
            return Ok(path.to_owned());
        }
        Err(BadConfig(format!(
            "--base-path: {} is no path; write it as /aikore, with letters, digits and hyphens.",
            self.around.base_path
        )))
    }

    /// What the panel is told about its surroundings.
    pub fn site(&self) -> Result<SiteOptions, BadConfig> {
        Ok(SiteOptions {
            base_path: self.base_path()?,
            trusted_proxies: self.around.trusted_proxies.clone(),
            https: self.speaks_tls(),
            hsts: self.tls.hsts,
        })
    }

    /// Whether connections come over TLS.
    pub fn speaks_tls(&self) -> bool {
        self.tls.tls == TlsMode::SelfSigned || self.tls.tls_cert.is_some()
    }

    /// Refuses what the parser cannot see.
    pub fn check(&self) -> Result<(), BadConfig> {
        let others = std::iter::once(self.address.addr.ip())
            .chain(self.bind_public.iter().copied())
            .find(|address| !address.is_loopback());
        if let Some(address) = others.filter(|_| self.auth == Auth::Off && !self.i_know_this_is_open) {
            return Err(BadConfig(format!(
                "Without a password, everybody who reaches {address} would command this machine; listen on \
                 127.0.0.1, or leave out --auth off, or add --i-know-this-is-open."
            )));
        }
        if let Some(dir) = &self.blueprints_dir
            && !dir.is_dir()
        {
            return Err(BadConfig(format!(
                "--blueprints-dir: {} is no directory.",
                dir.display()
            )));
        }
        self.check_desktops()?;
        self.base_path()?;
        self.port_range().map(drop)
    }

    /// Desktops of other users need somebody who may become them, and a way to what is theirs.
    fn check_desktops(&self) -> Result<(), BadConfig> {
        let Some(uids) = self.desktop_uids else {
            return Ok(());
        };
        let user = nix::unistd::geteuid();
        if !user.is_root() {
            return Err(BadConfig(format!(
                "--desktop-uids {uids}: only root can run desktops as other users; this panel is user {user}."
            )));
        }
        let absolute = |path: &Path| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            path.canonicalize().unwrap_or(path)
        };
        let data = absolute(&self.data.data_dir);
        let dir = self.desktop.desktop_dir.as_deref().map(absolute);
        let Some(dir) = dir.filter(|dir| !dir.starts_with(&data)) else {
            return Err(BadConfig(format!(
                "--desktop-uids {uids}: the data directory stays closed to other users; give --desktop-dir a \
                 directory outside of it, such as /var/lib/aikore-desktop, and run `aikore desktop install` with the \
                 same."
            )));
        };
        let is_closed = |dir: &&Path| {
            let found = std::fs::metadata(dir);
            found.is_ok_and(|found| found.permissions().mode() & 0o001 == 0)
        };
        // The directory itself is opened when it is made or used.
        match dir.ancestors().skip(1).find(is_closed) {
            Some(closed) => Err(BadConfig(format!(
                "--desktop-dir: {} is closed to other users, so the users of desktops could not get to {}.",
                closed.display(),
                dir.display()
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Config {
        Cli::try_parse_from(["aikore"].iter().chain(arguments))
            .unwrap()
            .serve
    }

    #[test]
    fn an_open_panel_must_be_asked_for_twice() {
        assert!(config(&["--auth", "off"]).check().is_ok());
        assert!(config(&["--addr", "0.0.0.0:9000"]).check().is_ok());
        let open = ["--auth", "off", "--addr", "0.0.0.0:9000"];
        assert!(config(&open).check().is_err());
        assert!(
            config(&["--auth", "off", "--bind-public", "::1,0.0.0.0"])
                .check()
                .is_err()
        );
        let mut said = open.to_vec();
        said.push("--i-know-this-is-open");
        assert!(config(&said).check().is_ok());
    }

    #[test]
    fn users_of_desktops_need_root_and_a_directory_that_they_can_get_to() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let said = |tools: Option<String>| {
            let data = at("data");
            let mut words = vec!["--data-dir", &data, "--desktop-uids", "70000-70999"];
            words.extend(
                tools
                    .as_deref()
                    .into_iter()
                    .flat_map(|tools| ["--desktop-dir", tools]),
            );
            config(&words).check().map_err(|error| error.to_string())
        };
        if !nix::unistd::geteuid().is_root() {
            assert!(said(Some(at("x"))).unwrap_err().contains("only root"));
            return;
        }
        assert!(said(None).unwrap_err().contains("outside of it"));
        std::fs::create_dir(at("data")).unwrap();
        assert!(
            said(Some(at("data/desktop")))
                .unwrap_err()
                .contains("outside of it")
        );
        let set = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(dir.path(), mode).unwrap();
        };
        set(0o700);
        assert!(said(Some(at("x"))).unwrap_err().contains("closed to other users"));
        set(0o711);
        assert_eq!(said(Some(at("x"))), Ok(()));
        assert!(Cli::try_parse_from(["aikore", "--desktop-uids", "0-70000"]).is_err());
    }

    #[test]
    fn options_work_with_and_without_serve() {
        assert_eq!(config(&["--addr", "127.0.0.1:9001"]).address.addr.port(), 9001);
        let cli = Cli::try_parse_from(["aikore", "serve", "--addr", "127.0.0.1:9002"]).unwrap();
        let Some(Command::Serve(config)) = cli.command else {
            panic!("no serve");
        };
        assert_eq!(config.address.addr.port(), 9002);
    }

    #[test]
    fn a_prefix_is_a_plain_path() {
        let base = |path: &str| config(&["--base-path", path]).base_path();
        assert_eq!(base("/").unwrap(), "");
        assert_eq!(base("/x/").unwrap(), "/x");
        assert_eq!(base("/tools/aikore").unwrap(), "/tools/aikore");
        for path in ["x", "//x", "/x/../y", "/a b", "/<x>", "http://x"] {
            assert!(base(path).is_err(), "{path}");
        }
    }

    #[test]
    fn hosts_are_a_list() {
        assert_eq!(
            config(&["--allowed-hosts", "a.example,.b.example"])
                .allowed_hosts
                .len(),
            2
        );
    }

    #[test]
    fn the_parser_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
