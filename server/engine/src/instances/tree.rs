//! Measuring and removing a directory with everything in it. Links are never followed, and what is mounted
//! inside is never touched.

use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr};
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, openat, statat, unlinkat};
use rustix::io::Errno;

use crate::{Error, Result};

/// What a directory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Of its files; one with several names counts once.
    pub(crate) bytes: u64,
    /// Of those, the ones that have names outside of the directory, too.
    pub(crate) shared_bytes: u64,
    /// Everything that is no directory.
    pub(crate) files: u64,
}

/// Measures a directory; one that is missing is empty.
pub(crate) fn measure(path: &Path) -> Result<Size> {
    let mut size = Size::default();
    let mut linked: HashMap<u64, (u64, u64)> = HashMap::new();
    let device = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata.dev(),
        Ok(metadata) => {
            return Ok(Size {
                bytes: if metadata.is_file() { metadata.len() } else { 0 },
                shared_bytes: 0,
                files: 1,
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(size),
        Err(error) => return Err(Error::file(path)(error)),
    };
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).map_err(Error::file(&directory))? {
            // What vanishes while it is looked at (an app's scratch) does not count.
            let Ok(entry) = entry else { continue };
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.dev() != device {
                continue;
            }
            if metadata.is_dir() {
                directories.push(entry.path());
                continue;
            }
            size.files += 1;
            if !metadata.is_file() {
                continue;
            }
            if metadata.nlink() == 1 {
                size.bytes += metadata.len();
                continue;
            }
            let names = linked
                .entry(metadata.ino())
                .or_insert((metadata.len(), metadata.nlink()));
            names.1 = names.1.saturating_sub(1);
        }
    }
    for (bytes, names_outside) in linked.into_values() {
        size.bytes += bytes;
        if names_outside > 0 {
            size.shared_bytes += bytes;
        }
    }
    Ok(size)
}

/// Removes a directory, or whatever else lies there. `removed` is told of each file and says whether to go on; if
/// not, the rest stays and the answer is an error. A mounted file system inside stops it before anything of that is
/// removed. Every step goes from an open directory to what lies in it, so nothing that is put in the place of a
/// directory meanwhile leads out of the tree.
pub(crate) fn remove(path: &Path, removed: &mut dyn FnMut() -> bool) -> Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::file(path)(error)),
    };
    if !metadata.is_dir() {
        return fs::remove_file(path).map_err(Error::file(path));
    }
    let directory = open(CWD, path).map_err(Error::file(path))?;
    empty(&directory, path, metadata.dev(), removed)?;
    fs::remove_dir(path).map_err(Error::file(path))
}

/// Opens a directory, and nothing that only leads to one.
fn open(at: impl AsFd, name: impl rustix::path::Arg + Copy) -> io::Result<OwnedFd> {
    let itself = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(&at, name, OFlags::RDONLY | itself, Mode::empty()) {
        // Nobody may look into it, until its owner says so.
        Err(Errno::ACCESS) => {
            let directory = openat(&at, name, OFlags::PATH | itself, Mode::empty())?;
            let open = format!("/proc/self/fd/{}", directory.as_raw_fd());
            fs::set_permissions(open, Permissions::from_mode(0o700))?;
            Ok(openat(&at, name, OFlags::RDONLY | itself, Mode::empty())?)
        }
        opened => Ok(opened?),
    }
}

fn empty(directory: &OwnedFd, path: &Path, device: u64, removed: &mut dyn FnMut() -> bool) -> Result<()> {
    // Some environments hold directories without write permission.
    let _ = fchmod(directory, Mode::RWXU);
    let inside = |name: &CStr| path.join(OsStr::from_bytes(name.to_bytes()));
    for name in names(directory).map_err(Error::file(path))? {
        let failed = |error: Errno| Error::file(&inside(&name))(error.into());
        let metadata = match statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => continue,
            metadata => metadata.map_err(failed)?,
        };
        if metadata.st_dev != device {
            let mounted = io::Error::other("a file system is mounted here; unmount it first");
            return Err(Error::file(&inside(&name))(mounted));
        }
        if FileType::from_raw_mode(metadata.st_mode) == FileType::Directory {
            let below = open(directory, name.as_c_str()).map_err(Error::file(&inside(&name)))?;
            empty(&below, &inside(&name), device, removed)?;
            unlinkat(directory, &name, AtFlags::REMOVEDIR).map_err(failed)?;
        } else {
            unlinkat(directory, &name, AtFlags::empty()).map_err(failed)?;
            if !removed() {
                return Err(Error::ShuttingDown);
            }
        }
    }
    Ok(())
}

fn names(directory: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

/// How much of something is done, for a progress bar.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a share for a progress bar"
)]
pub(crate) fn share(done: u64, all: u64) -> Option<f32> {
    (all > 0).then(|| (done as f64 / all as f64).min(1.0) as f32)
}

/// A number of bytes for people.
pub(crate) fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_counted_as_one_file_and_what_they_point_at_survives() {
        let temp = tempfile::tempdir().unwrap();
        let (inside, outside) = (temp.path().join("inside"), temp.path().join("outside"));
        fs::create_dir_all(inside.join("deep/er")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("model"), vec![0; 5000]).unwrap();
        fs::write(inside.join("deep/er/file"), vec![0; 300]).unwrap();
        fs::hard_link(inside.join("deep/er/file"), inside.join("same")).unwrap();
        symlink(&outside, inside.join("models")).unwrap();
        symlink(outside.join("model"), inside.join("deep/model")).unwrap();
        fs::set_permissions(inside.join("deep/er"), Permissions::from_mode(0o500)).unwrap();
        assert_eq!(
            measure(&inside).unwrap(),
            Size {
                bytes: 300,
                shared_bytes: 0,
                files: 4
            }
        );

        let mut files = 0;
        remove(&inside, &mut || {
            files += 1;
            true
        })
        .unwrap();
        assert_eq!(files, 4);
        assert!(!inside.exists() && outside.join("model").exists());
        assert_eq!(measure(&inside).unwrap(), Size::default());
        remove(&inside, &mut || true).unwrap();
    }

    #[test]
    fn a_link_in_the_place_of_the_directory_is_removed_itself() {
        let temp = tempfile::tempdir().unwrap();
        let (precious, link) = (temp.path().join("precious"), temp.path().join("link"));
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("model"), "x").unwrap();
        symlink(&precious, &link).unwrap();
        assert_eq!(measure(&link).unwrap().files, 1);
        remove(&link, &mut || true).unwrap();
        assert!(precious.join("model").exists() && link.symlink_metadata().is_err());
    }

    #[test]
    fn what_takes_the_place_of_a_directory_meanwhile_is_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        let (tree, precious) = (temp.path().join("tree"), temp.path().join("precious"));
        fs::create_dir_all(tree.join("a")).unwrap();
        fs::create_dir(&precious).unwrap();
        fs::write(tree.join("a/1"), "x").unwrap();
        fs::write(tree.join("a/2"), "x").unwrap();
        fs::write(precious.join("2"), "precious").unwrap();
        let mut swapped = false;
        let answer = remove(&tree, &mut || {
            if !std::mem::replace(&mut swapped, true) {
                fs::rename(tree.join("a"), temp.path().join("moved")).unwrap();
                symlink(&precious, tree.join("a")).unwrap();
            }
            true
        });
        // It goes on in the directory it was in, and finds at the end that another thing has its name.
        assert!(answer.is_err());
        assert_eq!(fs::read_to_string(precious.join("2")).unwrap(), "precious");
    }

    #[test]
    fn sizes_are_told_in_words_of_their_own_order() {
        assert_eq!(megabytes(1), "1 kB");
        assert_eq!(megabytes(2_500_000), "2 MB");
        assert_eq!(megabytes(2_560_000_000), "2.5 GB");
    }

    #[test]
    fn removing_stops_when_asked() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::write(temp.path().join(name), "x").unwrap();
        }
        assert!(remove(temp.path(), &mut || false).is_err());
        assert_eq!(measure(temp.path()).unwrap().files, 2);
    }
}
