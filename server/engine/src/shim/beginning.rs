//! How a run begins: what is taken before the app is started, so that nothing of it can get away or get lost.

use std::io::{self, PipeReader};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Instant;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::protocol::{Phase, State};
use super::record::{self, ExitRecord, Running, Spec};
use super::{HERE, PIECE, Shim, log};
use crate::process::memory::Kills;
use crate::process::{self, AppCommand, Identity};

impl Shim {
    /// Takes the run directory over and starts the app.
    pub(super) fn begin(run_dir: &Path) -> io::Result<Self> {
        std::env::set_current_dir(run_dir)?;
        let here = Path::new(HERE);
        let spec: Spec = record::read(here, record::SPEC)?;
        if record::generation(here) > spec.generation {
            return Err(io::Error::other("a newer generation of this run exists"));
        }
        // Usually done already by whoever started us; then this fails, which is fine.
        let _ = nix::unistd::setsid();
        process::become_subreaper()?;
        let signals = process::signals()?;
        let record = ExitRecord::reserve(here)?;
        let log = log::Writer::create(here, spec.log_file_bytes, spec.log_files_kept)?;
        let _ = std::fs::remove_file(record::SOCKET);
        let listener = UnixListener::bind(record::SOCKET)?;
        listener.set_nonblocking(true)?;
        let identity = Identity::of(std::process::id())?;
        record::write(
            here,
            record::SHIM,
            &Running {
                shim: identity.clone(),
                app: None,
            },
        )?;
        let memory_kills = Kills::watch();
        let (output, app_pid) = start_app(&spec)?;
        // Best effort: the panel learns the pid over the socket as well.
        let app = Identity::of(app_pid).ok();
        let _ = record::write(
            here,
            record::SHIM,
            &Running {
                shim: identity.clone(),
                app,
            },
        );
        let state = State {
            phase: Phase::Running,
            app_pid,
            exit: None,
            survivors: Vec::new(),
        };
        Ok(Self {
            spec,
            identity,
            signals,
            listener,
            output: Some(output),
            piece: vec![0; PIECE],
            log,
            record,
            connections: Vec::new(),
            state,
            ending: None,
            memory_kills,
            over: None,
            kept: false,
            news: false,
            looked: Instant::now(),
        })
    }
}

fn start_app(spec: &Spec) -> io::Result<(PipeReader, u32)> {
    let (output, input) = io::pipe()?;
    fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let app = AppCommand {
        argv: &spec.argv,
        env: &spec.env,
        cwd: &spec.cwd,
        uuid: &spec.uuid,
    };
    Ok((output, process::spawn_app(&app, input)?))
}
