//! The small parent of every run: session leader, subreaper, owner of the output, keeper of the exit status.

use std::path::Path;
use std::process::ExitCode;

/// Runs the shim of `run_dir` (`aikore shim <run_dir>`); returns when the run is over and recorded.
///
/// No async runtime, no root, no database: only `spec.json`, the log files, `exit.json` and one unix socket.
pub fn main(run_dir: &Path) -> ExitCode {
    let _ = run_dir;
    ExitCode::FAILURE
}
