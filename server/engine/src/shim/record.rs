//! The files of a run directory besides the log: what to run, who runs it, how it ended.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use types::instances::Exit;

use crate::process::Identity;

/// What to run. Holds secrets: the file is readable by its owner only.
pub(crate) const SPEC: &str = "spec.json";
/// Who runs it.
pub(crate) const SHIM: &str = "shim.json";
/// How it ended.
pub(crate) const EXIT: &str = "exit.json";
/// The highest generation of this run that was ever asked for.
pub(crate) const GENERATION: &str = "generation";
/// The socket.
pub(crate) const SOCKET: &str = "sock";

/// `exit.json` is written over bytes reserved at the start, so that a full disk cannot lose it.
const RESERVED: usize = 1024;
const EXIT_NEW: &str = "exit.json.new";

/// `spec.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) uuid: String,
    pub(crate) generation: u64,
    pub(crate) node: String,
    pub(crate) token: String,
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: std::path::PathBuf,
    pub(crate) grace_ms: u64,
    pub(crate) log_file_bytes: u64,
    pub(crate) log_files_kept: u32,
    /// The app is a session, which ends its own children in their order.
    #[serde(default)]
    pub(crate) is_session: bool,
}

/// `shim.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) shim: Identity,
    /// None until the app was started.
    pub(crate) app: Option<Identity>,
}

/// `exit.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) log_bytes: u64,
    /// Output that could not be written, bytes.
    pub(crate) lost_bytes: u64,
}

/// Reads one of the JSON files.
pub(crate) fn read<T: DeserializeOwned>(dir: &Path, name: &str) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(dir.join(name))?)?)
}

/// Writes one of the JSON files in one step, readable by its owner only.
pub(crate) fn write<T: Serialize>(dir: &Path, name: &str, content: &T) -> io::Result<()> {
    let temporary = dir.join(format!("{name}.new"));
    let mut file = private().create(true).truncate(true).open(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(content)?)?;
    fs::rename(temporary, dir.join(name))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// The highest generation asked for; 0 when the file cannot be read.
pub(crate) fn generation(dir: &Path) -> u64 {
    fs::read_to_string(dir.join(GENERATION))
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

/// Raises the generation, so that a shim of an older one refuses to serve.
pub(crate) fn set_generation(dir: &Path, generation: u64) -> io::Result<()> {
    let temporary = dir.join("generation.new");
    fs::write(&temporary, format!("{generation}\n"))?;
    fs::rename(temporary, dir.join(GENERATION))
}

/// The place kept for `exit.json`.
pub(crate) struct ExitRecord {
    file: File,
}

impl ExitRecord {
    /// Takes the place on the disk now.
    pub(crate) fn reserve(dir: &Path) -> io::Result<Self> {
        let file = private().create(true).truncate(true).open(dir.join(EXIT_NEW))?;
        file.write_all_at(&[b' '; RESERVED], 0)?;
        file.sync_all()?;
        Ok(Self { file })
    }

    /// Writes the end durably: content, rename, directory.
    pub(crate) fn write(&self, dir: &Path, ended: &Ended) -> io::Result<()> {
        let mut text = serde_json::to_vec(ended)?;
        // Spaces after JSON mean nothing, and overwriting needs no new block.
        text.resize(RESERVED.max(text.len()), b' ');
        self.file.write_all_at(&text, 0)?;
        self.file.sync_all()?;
        fs::rename(dir.join(EXIT_NEW), dir.join(EXIT))?;
        File::open(dir)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::instances::{ExitKind, ExitSource};

    #[test]
    fn the_end_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let exit = Exit {
            kind: ExitKind::Code(3),
            source: ExitSource::Shim,
            at: 5,
        };
        let record = ExitRecord::reserve(dir.path()).unwrap();
        assert!(
            read::<Ended>(dir.path(), EXIT).is_err(),
            "a reserved place is no record"
        );
        record
            .write(
                dir.path(),
                &Ended {
                    exit,
                    log_bytes: 7,
                    lost_bytes: 0,
                },
            )
            .unwrap();
        let ended: Ended = read(dir.path(), EXIT).unwrap();
        assert_eq!((ended.exit, ended.log_bytes), (exit, 7));
    }

    #[test]
    fn a_missing_generation_counts_as_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(generation(dir.path()), 0);
        set_generation(dir.path(), 4).unwrap();
        assert_eq!(generation(dir.path()), 4);
    }
}
