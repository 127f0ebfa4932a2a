//! The shim alone, for the engine's tests: `aikore-shim shim <run_dir>`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(run_dir) = std::env::args_os().nth(2) else {
        return ExitCode::from(2);
    };
    engine::shim::main(std::path::Path::new(&run_dir))
}
