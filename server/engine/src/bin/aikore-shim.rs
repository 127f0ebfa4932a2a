//! The shim and the session alone, for the engine's tests: `aikore-shim shim|session <run_dir>`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(role), Some(run_dir)) = (arguments.next(), arguments.next()) else {
        return ExitCode::from(2);
    };
    let run_dir = std::path::Path::new(&run_dir);
    if role == "session" {
        engine::desktops::session::main(run_dir)
    } else {
        engine::shim::main(run_dir)
    }
}
