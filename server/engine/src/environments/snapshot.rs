//! A way back to the environment as it was.
//!
//! # How it works
//! Environments hold absolute paths, so a snapshot is never used where it lies: it is made beside the environment
//! and brought back by renaming. What a name says is all that a start of the panel needs to know after a crash:
//!
//! | name | is |
//! |---|---|
//! | `<env>.aikore-copying` | a snapshot in the making; the environment is untouched |
//! | `<env>.aikore-before` | a whole snapshot; the environment may be half changed |
//! | `<env>.aikore-discarded` | rubbish |
//!
//! Files are cloned where the file system can (reflink). Elsewhere compiled files are linked, which is what takes
//! the space, and the rest is copied: installers replace files by new ones, and so does Python with its byte code,
//! but scripts, settings, stamps and data are written in place by somebody sooner or later.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use types::jobs::JobId;

use crate::instances::tree;
use crate::{Error, Result};

const COPYING: &str = ".aikore-copying";
const BEFORE: &str = ".aikore-before";
const DISCARDED: &str = ".aikore-discarded";
/// Endings of files that nobody writes in place.
const LINKED: [&str; 4] = ["so", "pyc", "a", "dll"];

/// In a snapshot: what the update was about to do with the app.
const NOTE: &str = ".aikore-update.json";

/// What has to be known to undo an update after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The app ran before the update.
    pub(super) was_running: bool,
    /// The update.
    pub(super) job: JobId,
}

impl Note {
    fn write(self, dir: &Path) -> Result<()> {
        let path = dir.join(NOTE);
        let text = serde_json::to_vec(&self).unwrap_or_default();
        fs::write(&path, text).map_err(Error::file(&path))
    }
}

/// The names around one environment.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) env: PathBuf,
    copying: PathBuf,
    before: PathBuf,
    discarded: PathBuf,
}

impl Places {
    pub(super) fn of(env: &Path) -> Self {
        let beside = |ending: &str| {
            let mut name: OsString = env.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        Self {
            env: env.to_owned(),
            copying: beside(COPYING),
            before: beside(BEFORE),
            discarded: beside(DISCARDED),
        }
    }

    /// Whether a crash left a snapshot that has to be brought back.
    pub(super) fn has_snapshot(&self) -> bool {
        fs::symlink_metadata(&self.before).is_ok()
    }

    /// Whether something is left that is nobody's.
    pub(super) fn has_rubbish(&self) -> bool {
        [&self.copying, &self.discarded]
            .into_iter()
            .any(|path| fs::symlink_metadata(path).is_ok())
    }

    /// What the update left for whoever has to undo it.
    pub(super) fn note(&self) -> Option<Note> {
        serde_json::from_slice(&fs::read(self.before.join(NOTE)).ok()?).ok()
    }

    /// Makes a snapshot. `copied` is told of each file and says whether to go on.
    pub(super) fn snapshot(&self, note: &Note, copied: &mut dyn FnMut() -> bool) -> Result<()> {
        self.clear()?;
        let made = copy_tree(&self.env, &self.copying, copied).and_then(|()| note.write(&self.copying));
        if let Err(error) = made {
            tree::remove(&self.copying, &mut || true)?;
            return Err(error);
        }
        rename(&self.copying, &self.before)
    }

    /// Moves the environment itself aside, for one that is made anew.
    pub(super) fn move_aside(&self, note: &Note) -> Result<()> {
        self.clear()?;
        note.write(&self.env)?;
        rename(&self.env, &self.before)
    }

    /// The new environment stays.
    pub(super) fn keep(&self) -> Result<()> {
        rename(&self.before, &self.discarded)
    }

    /// Brings the old environment back to its place.
    pub(super) fn roll_back(&self) -> Result<()> {
        tree::remove(&self.discarded, &mut || true)?;
        match rename(&self.env, &self.discarded) {
            Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            moved => moved?,
        }
        rename(&self.before, &self.env)?;
        let _ = fs::remove_file(self.env.join(NOTE)); // harmless where it stays
        Ok(())
    }

    /// Removes what is rubbish by its name.
    pub(super) fn clear(&self) -> Result<()> {
        tree::remove(&self.copying, &mut || true)?;
        tree::remove(&self.discarded, &mut || true)
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::file(from))
}

/// Copies a directory with everything in it; links stay links, times and permissions stay as they are.
fn copy_tree(from: &Path, to: &Path, copied: &mut dyn FnMut() -> bool) -> Result<()> {
    fs::create_dir(to).map_err(Error::file(to))?;
    let mut clones = true;
    let mut directories = vec![(from.to_owned(), to.to_owned())];
    let mut made = Vec::new();
    while let Some((from, to)) = directories.pop() {
        for entry in fs::read_dir(&from).map_err(Error::file(&from))? {
            let entry = entry.map_err(Error::file(&from))?;
            let (path, copy) = (entry.path(), to.join(entry.file_name()));
            let metadata = entry.metadata().map_err(Error::file(&path))?;
            if metadata.is_dir() {
                fs::create_dir(&copy).map_err(Error::file(&copy))?;
                directories.push((path, copy));
            } else if metadata.is_symlink() {
                fs::read_link(&path)
                    .and_then(|target| symlink(target, &copy))
                    .map_err(Error::file(&copy))?;
            } else if metadata.is_file() {
                copy_file(&path, &copy, &metadata, &mut clones).map_err(Error::file(&copy))?;
            }
            // Sockets and pipes are of a run that is over.
            if !copied() {
                return Err(Error::Cancelled);
            }
        }
        made.push((from, to));
    }
    for (from, to) in made.into_iter().rev() {
        let metadata = fs::metadata(&from).map_err(Error::file(&from))?;
        same_times(&File::open(&to).map_err(Error::file(&to))?, &metadata).map_err(Error::file(&to))?;
        fs::set_permissions(&to, metadata.permissions()).map_err(Error::file(&to))?;
    }
    Ok(())
}

/// Clones, links or copies. `clones` is whether the file system can clone, as far as that is known.
fn copy_file(from: &Path, to: &Path, metadata: &fs::Metadata, clones: &mut bool) -> io::Result<()> {
    if *clones {
        if clone(from, to, metadata).is_ok() {
            return Ok(());
        }
        *clones = false;
        fs::remove_file(to).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
    }
    if is_linked(from) && fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    same_times(&File::open(to)?, metadata)
}

fn clone(from: &Path, to: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    let (source, target) = (File::open(from)?, File::create_new(to)?);
    rustix::fs::ioctl_ficlone(&target, &source)?;
    target.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777))?;
    same_times(&target, metadata)
}

/// Python trusts byte code only whose source has the time that was written down.
fn same_times(file: &File, metadata: &fs::Metadata) -> io::Result<()> {
    let times = fs::FileTimes::new()
        .set_modified(metadata.modified()?)
        .set_accessed(metadata.accessed()?);
    file.set_times(times)
}

/// Also `libx.so.1.2`.
fn is_linked(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    LINKED.contains(&&*ending) || name.contains(".so.")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const NOTED: Note = Note {
        was_running: true,
        job: JobId(7),
    };

    fn environment() -> (tempfile::TempDir, Places) {
        let dir = tempfile::tempdir().unwrap();
        let env = dir.path().join("env");
        fs::create_dir_all(env.join("lib/pkg")).unwrap();
        fs::write(env.join("lib/pkg/core.so"), "binary 1").unwrap();
        fs::write(env.join("lib/pkg/lib.so.4.2"), "binary 2").unwrap();
        fs::write(env.join("lib/pkg/data.json"), "{}").unwrap();
        fs::write(env.join("lib/pkg/a.py"), "x = 1").unwrap();
        fs::write(env.join("run"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(env.join("run"), Permissions::from_mode(0o755)).unwrap();
        symlink("lib", env.join("lib64")).unwrap();
        symlink("/nowhere", env.join("dangling")).unwrap();
        let places = Places::of(&env);
        (dir, places)
    }

    fn content(places: &Places) -> Vec<(String, String, u32, Option<std::time::SystemTime>)> {
        let mut found = Vec::new();
        let mut directories = vec![places.env.clone()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap().flatten() {
                let metadata = entry.metadata().unwrap();
                let text = if metadata.is_symlink() {
                    fs::read_link(entry.path()).unwrap().display().to_string()
                } else if metadata.is_dir() {
                    directories.push(entry.path());
                    String::new()
                } else {
                    fs::read_to_string(entry.path()).unwrap()
                };
                let name = entry
                    .path()
                    .strip_prefix(&places.env)
                    .unwrap()
                    .display()
                    .to_string();
                let time = metadata.is_file().then(|| metadata.modified().unwrap());
                found.push((name, text, metadata.mode(), time));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn rolling_back_brings_every_file_back_whether_it_was_replaced_removed_or_written_in_place() {
        let (_dir, places) = environment();
        let before = content(&places);
        places.snapshot(&NOTED, &mut || true).unwrap();
        assert!(places.has_snapshot());
        assert_eq!(places.note(), Some(NOTED));
        // As an installer does: a new file in the place of the old one.
        let lib = places.env.join("lib/pkg");
        fs::write(lib.join("new"), "binary 3").unwrap();
        fs::rename(lib.join("new"), lib.join("core.so")).unwrap();
        fs::remove_file(lib.join("lib.so.4.2")).unwrap();
        // As apps and people do.
        for (name, text) in [("a.py", "x = 2"), ("data.json", "[1]"), ("../../run", "exit 1")] {
            File::options()
                .write(true)
                .truncate(true)
                .open(lib.join(name))
                .unwrap()
                .write_all(text.as_bytes())
                .unwrap();
        }
        assert_ne!(content(&places), before);
        places.roll_back().unwrap();
        assert_eq!(content(&places), before);
        assert!(!places.has_snapshot());
        places.clear().unwrap();
        assert_eq!(fs::read_dir(places.env.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_cancelled_snapshot_leaves_nothing_and_a_kept_update_no_way_back() {
        let (_dir, places) = environment();
        let mut left = 3;
        let copied = places.snapshot(&NOTED, &mut || {
            left -= 1;
            left > 0
        });
        assert!(matches!(copied, Err(Error::Cancelled)));
        assert_eq!(fs::read_dir(places.env.parent().unwrap()).unwrap().count(), 1);
        places.snapshot(&NOTED, &mut || true).unwrap();
        fs::write(places.env.join("new"), "").unwrap();
        places.keep().unwrap();
        places.clear().unwrap();
        assert!(places.env.join("new").exists() && !places.has_snapshot());
        assert_eq!(fs::read_dir(places.env.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn every_moment_of_a_crash_is_repaired_by_the_names_alone() {
        // Killed while copying.
        let (_dir, places) = environment();
        let before = content(&places);
        fs::create_dir(&places.copying).unwrap();
        assert!(!places.has_snapshot());
        places.clear().unwrap();
        assert_eq!(content(&places), before);
        // Killed between the two renames of a roll back.
        places.snapshot(&NOTED, &mut || true).unwrap();
        fs::rename(&places.env, &places.discarded).unwrap();
        assert!(places.has_snapshot());
        places.roll_back().unwrap();
        places.clear().unwrap();
        assert_eq!(content(&places), before);
        // Killed while an environment was made anew, before and after there was something.
        places.move_aside(&NOTED).unwrap();
        assert!(places.has_snapshot());
        fs::create_dir(&places.env).unwrap();
        places.roll_back().unwrap();
        assert_eq!(content(&places), before);
    }
}
