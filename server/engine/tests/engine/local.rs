//! A runner of this machine on a temporary directory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::runner::{Handle, LocalRunner, RunKey, RunSpec, RunState, Runner};
use tempfile::TempDir;
use types::instances::Exit;

use crate::waiting::{LIMIT, wait_for};

pub(crate) const SHIM: &str = env!("CARGO_BIN_EXE_aikore-shim");

/// The runner and the directory it works in.
pub(crate) struct Local {
    pub(crate) dir: TempDir,
    pub(crate) runner: LocalRunner,
}

impl Local {
    pub(crate) fn new() -> Self {
        Self::with(SHIM.into())
    }

    /// With another program in the place of the shim.
    pub(crate) fn with(shim: PathBuf) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runner = LocalRunner::new(shim, dir.path().join("run"));
        Self { dir, runner }
    }

    pub(crate) fn spec(&self, script: &str) -> RunSpec {
        let uuid = uuid::Uuid::new_v4().to_string();
        RunSpec {
            run_dir: self.dir.path().join(&uuid),
            key: RunKey { uuid, generation: 1 },
            argv: ["bash", "-c", script].map(str::to_owned).to_vec(),
            env: vec![("PATH".to_owned(), std::env::var("PATH").unwrap())],
            cwd: self.dir.path().to_owned(),
            gpus: None,
            grace: Duration::from_millis(300),
            log_file_bytes: 1 << 20,
            desktop: None,
            log_files_kept: 2,
        }
    }

    pub(crate) async fn start(&self, script: &str) -> (Handle, PathBuf) {
        let spec = self.spec(script);
        (self.runner.start(&spec).await.unwrap(), spec.run_dir)
    }

    pub(crate) async fn end(&self, handle: &Handle) -> Exit {
        tokio::time::timeout(LIMIT, self.runner.wait(handle))
            .await
            .expect("the run should end")
            .unwrap()
    }

    pub(crate) async fn until(&self, handle: &Handle, wanted: impl Fn(&RunState) -> bool) -> RunState {
        let mut state = self.runner.watch(handle).unwrap();
        let state = tokio::time::timeout(LIMIT, state.wait_for(wanted))
            .await
            .expect("the state should come");
        state.unwrap().clone()
    }
}

pub(crate) fn log(run_dir: &Path) -> Vec<u8> {
    let mut files: Vec<(u64, PathBuf)> = std::fs::read_dir(run_dir)
        .unwrap()
        .flatten()
        .filter_map(|file| {
            Some((
                file.file_name().to_str()?.strip_prefix("log.")?.parse().ok()?,
                file.path(),
            ))
        })
        .collect();
    files.sort();
    files
        .into_iter()
        .flat_map(|(_, path)| std::fs::read(path).unwrap())
        .collect()
}

/// Waits until the log has a line that begins so, and returns the rest of it.
pub(crate) async fn line(run_dir: &Path, begin: &str) -> String {
    wait_for(begin, async || {
        let log = String::from_utf8_lossy(&log(run_dir)).into_owned();
        let (whole, _) = log.rsplit_once('\n')?;
        Some(
            whole
                .lines()
                .find_map(|line| line.strip_prefix(begin))?
                .to_owned(),
        )
    })
    .await
}
