//! The `aikore` program.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // The parent of every run: it must stay small, so it comes before argument parser, logging and runtime.
    if arguments.next().is_some_and(|first| first == "shim")
        && let Some(run_dir) = arguments.next()
    {
        return engine::shim::main(Path::new(&run_dir));
    }
    server::cli::run()
}
