//! The data directory: where things lie, and that one panel at a time uses them.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::stat::{Mode, umask};

use crate::{Error, Result};

/// Directories that are made at start.
const FOLDERS: [&str; 10] = [
    "instances",
    "outputs",
    "models",
    "datasets",
    "blueprints",
    "trash",
    "run",
    "tmp",
    "cache",
    "wheels",
];

/// Paths of the data directory. Nothing else in the engine joins names to it.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    root: Arc<Path>,
}

impl DataDir {
    /// Makes what is missing. Only the owner can look in: logs and settings hold secrets.
    pub(crate) fn create(root: &Path) -> Result<Self> {
        // New files are not for everybody, but outputs may be shared with a group, so no stricter than this.
        let before = umask(Mode::S_IWGRP | Mode::S_IRWXO);
        umask(before | Mode::S_IWGRP | Mode::S_IRWXO);
        let made = std::fs::create_dir_all(root)
            .and_then(|()| std::fs::canonicalize(root))
            .inspect(|root| {
                if let Err(error) = std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o700)) {
                    // A directory of somebody else, such as a mounted volume: they decide.
                    tracing::warn!(path = %root.display(), %error, "others may be able to read the data directory");
                }
            });
        let dir = Self {
            root: made.map_err(Error::file(root))?.into(),
        };
        for folder in FOLDERS {
            let path = dir.root.join(folder);
            std::fs::create_dir_all(&path).map_err(Error::file(&path))?;
        }
        Ok(dir)
    }

    /// The data directory itself, absolute.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("aikore.db")
    }

    /// What the telemetry measured before.
    pub(crate) fn telemetry(&self) -> PathBuf {
        self.root.join("telemetry.db")
    }

    /// Holds one directory per instance.
    pub(crate) fn instances(&self) -> PathBuf {
        self.root.join("instances")
    }

    /// The directory of the instance whose column `dir` this is.
    pub(crate) fn instance(&self, dir: &str) -> PathBuf {
        self.instances().join(dir)
    }

    /// Holds what instances produce.
    pub(crate) fn outputs(&self) -> PathBuf {
        self.root.join("outputs")
    }

    /// Custom blueprints.
    pub(crate) fn blueprints(&self) -> PathBuf {
        self.root.join("blueprints")
    }

    /// Deleted instances.
    pub(crate) fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    /// State of runs, sockets.
    pub(crate) fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Points at every run that has not ended, or whose end is not stored yet.
    pub(crate) fn runs(&self) -> PathBuf {
        self.run().join("runs")
    }

    /// The library of compiled packages.
    pub(crate) fn wheels(&self) -> PathBuf {
        self.root.join("wheels")
    }

    /// What desktops are shown with.
    pub(crate) fn desktop(&self) -> PathBuf {
        crate::desktops::tools_dir(&self.root)
    }

    /// Logs of jobs.
    pub(crate) fn jobs(&self) -> PathBuf {
        self.run().join("jobs")
    }

    /// Support files of blueprints (`SD_INSTALL_DIR`).
    pub(crate) fn sd_install(&self) -> PathBuf {
        self.run().join("sd-install")
    }

    /// Scratch (`TMPDIR`).
    pub(crate) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Caches (`XDG_CACHE_HOME`).
    pub(crate) fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }
}

/// Held while a panel uses the data directory; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Closing the file would not be enough: a program that is being started this moment holds a copy of it until
    /// it executes, and the next panel would be refused meanwhile.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Takes the lock and writes down who holds it; `address` is where the panel is reached.
    pub(crate) fn take(dir: &DataDir, address: &str) -> Result<Self> {
        let path = dir.root().join("aikore.lock");
        let failed = Error::file(&path);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::file(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Err(Error::DataDirInUse {
                    path: dir.root().to_owned(),
                    holder: match holder.trim() {
                        "" => "it did not write down its process number".to_owned(),
                        holder => holder.to_owned(),
                    },
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let holder = match address {
            "" => format!("process {}", std::process::id()),
            address => format!("process {} at {address}", std::process::id()),
        };
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{holder}"))
            .map_err(failed)?;
        Ok(Self { file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_panel_is_refused_and_told_about_the_first() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::create(&temp.path().join("data")).unwrap();
        let first = Lock::take(&dir, "http://127.0.0.1:9000").unwrap();
        let Err(Error::DataDirInUse { holder, .. }) = Lock::take(&dir, "") else {
            panic!("a second lock was given");
        };
        assert!(holder.contains(&std::process::id().to_string()), "{holder}");
        assert!(holder.contains("http://127.0.0.1:9000"), "{holder}");
        let copy_of_a_child = first.file.try_clone().unwrap();
        drop(first);
        Lock::take(&dir, "").unwrap();
        drop(copy_of_a_child);
    }

    #[test]
    fn others_cannot_look_into_the_data_directory() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::create(&temp.path().join("data")).unwrap();
        let mode = std::fs::metadata(dir.root()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(dir.outputs().is_dir() && dir.instances().is_dir());
    }
}
