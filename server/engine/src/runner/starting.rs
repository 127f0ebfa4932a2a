//! Starting a run on this machine: its directory, its place in the index, its shim.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};

use super::RunSpec;
use super::local::{LocalHandle, LocalRunner};
use crate::desktops::{self, Plan};
use crate::process::{self, ShimCommand};
use crate::shim::record::{self, Spec};

/// A shim that does not say by then whether it started the app is given up.
const START_LIMIT: Duration = Duration::from_secs(20);

impl LocalRunner {
    /// Makes the run's directory; from then on the run can be recovered.
    pub(super) async fn prepare(&self, spec: &RunSpec) -> io::Result<LocalHandle> {
        let (index, spec) = (self.index.clone(), spec.clone());
        let program = self.shim_program.clone();
        let prepared = tokio::task::spawn_blocking(move || prepare(&index, &program, &spec));
        prepared.await.map_err(io::Error::other)?
    }

    /// Starts the shim and waits for its word that the app was started.
    pub(super) async fn launch(&self, handle: &LocalHandle) -> io::Result<()> {
        let command = ShimCommand {
            program: &self.shim_program,
            run_dir: &handle.run_dir,
            uuid: &handle.key.uuid,
        };
        let mut shim = process::spawn_shim(&command)?;
        let mut line = String::new();
        if let Some(output) = shim.stdout.take() {
            let mut output = BufReader::new(output);
            match tokio::time::timeout(START_LIMIT, output.read_line(&mut line)).await {
                Ok(read) => read?,
                Err(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "the supervisor did not answer",
                    ));
                }
            };
        }
        match line.trim() {
            "ready" => Ok(()),
            "" => Err(io::Error::other(last_words(&handle.run_dir))),
            reason => Err(io::Error::other(reason.to_owned())),
        }
    }
}

/// What a shim that could not even speak wrote to its errors.
fn last_words(run_dir: &Path) -> String {
    match std::fs::read_to_string(run_dir.join("shim.err")) {
        Ok(text) if !text.trim().is_empty() => text.trim().chars().take(500).collect(),
        _ => "the supervisor ended at once".to_owned(),
    }
}

/// Writes the run directory and points the index at it: from now on the run can be recovered.
fn prepare(index: &Path, program: &Path, spec: &RunSpec) -> io::Result<LocalHandle> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&spec.run_dir)?;
    let token = uuid::Uuid::new_v4().to_string();
    let mut env = spec.env.clone();
    env.push(("CUDA_DEVICE_ORDER".to_owned(), "PCI_BUS_ID".to_owned()));
    if let Some(gpus) = &spec.gpus {
        env.push(("CUDA_VISIBLE_DEVICES".to_owned(), gpus.clone()));
    }
    let session = match &spec.desktop {
        Some(plan) => Some(session(program, &spec.run_dir, plan)?),
        None => None,
    };
    let content = Spec {
        uuid: spec.key.uuid.clone(),
        generation: spec.key.generation,
        node: process::node_name(),
        token: token.clone(),
        argv: session.unwrap_or_else(|| spec.argv.clone()),
        env,
        cwd: spec.cwd.clone(),
        grace_ms: u64::try_from(spec.grace.as_millis()).unwrap_or(u64::MAX),
        log_file_bytes: spec.log_file_bytes,
        log_files_kept: spec.log_files_kept,
        is_session: spec.desktop.is_some(),
    };
    record::set_generation(&spec.run_dir, spec.key.generation)?;
    record::write(&spec.run_dir, record::SPEC, &content)?;
    std::fs::create_dir_all(index)?;
    let link = index.join(&spec.key.uuid);
    std::os::unix::fs::symlink(std::path::absolute(&spec.run_dir)?, link)?;
    Ok(LocalHandle {
        key: spec.key.clone(),
        token,
        run_dir: spec.run_dir.clone(),
        gpus: spec.gpus.clone(),
    })
}

/// Writes down what a session needs to know; what starts it.
fn session(program: &Path, run_dir: &Path, plan: &Plan) -> io::Result<Vec<String>> {
    record::write(run_dir, desktops::session::PLAN, plan)?;
    let text = |path: &Path| path.to_str().map(ToOwned::to_owned);
    let words = [
        text(program),
        Some("session".to_owned()),
        text(&std::path::absolute(run_dir)?),
    ];
    let words: Option<Vec<String>> = words.into_iter().collect();
    words.ok_or_else(|| io::Error::other("its directory has a name that is no text"))
}
