//! Runs whose shim does not answer: what became of them, and the end of what is left.
//!
//! That a run is lost is a verdict that ends processes. It is given only when the files and the process table
//! could be read and say so; a panel that cannot open a file any more has to look again later.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::RunState;
use super::local::LocalHandle;
use crate::process::{self, Identity, RUN_MARK, table};
use crate::shim::ending::end_all;
use crate::shim::record::{self, Ended, Running};

/// Looks at a run beside the runtime's threads: reading the process table takes its time.
pub(super) async fn look<T: Send + 'static>(
    handle: &LocalHandle,
    look: impl FnOnce(&LocalHandle) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let handle = handle.clone();
    let looked = tokio::task::spawn_blocking(move || look(&handle));
    looked.await.map_err(io::Error::other)?
}

/// What the run directory and the process table say; none while a shim lives, or while nobody can tell.
pub(super) async fn without_shim(handle: &LocalHandle) -> Option<RunState> {
    match look(handle, verdict).await {
        Ok(state) => state,
        Err(error) => {
            tracing::warn!(run.uuid = %handle.key.uuid, %error, "what became of a run is not known yet");
            None
        }
    }
}

fn verdict(handle: &LocalHandle) -> io::Result<Option<RunState>> {
    let recorded = || found(record::read::<Ended>(&handle.run_dir, record::EXIT));
    if let Some(ended) = recorded()? {
        return Ok(Some(RunState::Over(ended.exit)));
    }
    let alive = match found(record::read::<Running>(&handle.run_dir, record::SHIM))? {
        Some(running) => running.shim.is_alive()?,
        // It may be on its way; then it carries the mark already.
        None => !table::strays(RUN_MARK, &handle.key.uuid, None)?.is_empty(),
    };
    if alive {
        return Ok(None);
    }
    // It may have finished between the two looks.
    Ok(Some(
        recorded()?.map_or(RunState::Lost, |ended| RunState::Over(ended.exit)),
    ))
}

/// The content of a file, none when it is missing or no record; any other failure says nothing about the run.
pub(super) fn found<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Ok(None),
            _ => Err(error),
        },
    }
}

/// Ends what is left of a run without a shim; an error names what cannot be ended.
pub(super) async fn sweep(handle: &LocalHandle, grace: Duration) -> io::Result<()> {
    // A shim that is only coming up now must not start anything.
    let _ = record::set_generation(&handle.run_dir, handle.key.generation + 1);
    let handle = handle.clone();
    end_all(grace, move || orphans(&handle)).await
}

/// The processes of a run whose shim is gone.
fn orphans(handle: &LocalHandle) -> io::Result<Vec<table::Stat>> {
    let shim = found(record::read::<Running>(&handle.run_dir, record::SHIM))?.map(|running| running.shim);
    let shim = match shim {
        // After a reboot the numbers mean other processes.
        Some(shim) if process::boot_id()? != shim.boot_id => None,
        shim => shim,
    };
    table::strays(
        RUN_MARK,
        &handle.key.uuid,
        shim.map(|Identity { pid, start_time, .. }| (pid, start_time)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::RunKey;
    use super::*;

    fn handle(dir: &std::path::Path) -> LocalHandle {
        LocalHandle {
            key: RunKey {
                uuid: "a run that never was".to_owned(),
                generation: 1,
            },
            token: String::new(),
            run_dir: dir.to_owned(),
            gpus: None,
        }
    }

    #[tokio::test]
    async fn a_run_is_lost_only_when_its_files_could_be_read_and_say_so() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(without_shim(&handle(dir.path())).await, Some(RunState::Lost));
        // Reading a directory as a file fails, as everything does for a program that may open no more files.
        std::fs::create_dir(dir.path().join(record::SHIM)).unwrap();
        assert_eq!(without_shim(&handle(dir.path())).await, None);
        std::fs::remove_dir(dir.path().join(record::SHIM)).unwrap();
        std::fs::create_dir(dir.path().join(record::EXIT)).unwrap();
        assert_eq!(without_shim(&handle(dir.path())).await, None);
    }

    #[tokio::test]
    async fn a_damaged_record_of_the_shim_is_as_good_as_none() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(record::SHIM), b"{\"shim\":").unwrap();
        assert_eq!(without_shim(&handle(dir.path())).await, Some(RunState::Lost));
    }
}
