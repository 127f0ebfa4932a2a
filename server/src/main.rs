//! The `aikore` program.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // The parent of every run: it must stay small, so it comes before argument parser, logging and runtime.
    if let (Some(role), Some(run_dir)) = (arguments.next(), arguments.next()) {
        match role.to_str() {
            Some("shim") => return engine::shim::main(Path::new(&run_dir)),
            Some("session") => return engine::desktops::session::main(Path::new(&run_dir)),
            _ => {}
        }
    }
    server::cli::run()
}
