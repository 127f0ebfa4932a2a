//! Measuring and removing a directory with everything in it. Links are never followed, and what is mounted
//! inside is never touched.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::{Error, Result};

/// What a directory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Of its files; one with several names counts once.
    pub(super) bytes: u64,
    /// Everything that is no directory.
    pub(super) files: u64,
}

/// Measures a directory; one that is missing is empty.
pub(super) fn measure(path: &Path) -> Result<Size> {
    let mut size = Size::default();
    let mut seen = HashSet::new();
    let device = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.dev(),
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
            let once = metadata.nlink() == 1 || seen.insert(metadata.ino());
            if metadata.is_file() && once {
                size.bytes += metadata.len();
            }
        }
    }
    Ok(size)
}

/// Removes a directory. `removed` is told of each file and says whether to go on; if not, the rest stays and
/// the answer is an error. A mounted file system inside stops it before anything of that is removed.
pub(super) fn remove(path: &Path, removed: &mut dyn FnMut() -> bool) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => remove_directory(path, metadata.dev(), removed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::file(path)(error)),
    }
}

fn remove_directory(path: &Path, device: u64, removed: &mut dyn FnMut() -> bool) -> Result<()> {
    // Some environments hold directories without write permission.
    let _ = fs::set_permissions(path, Permissions::from_mode(0o700));
    for entry in fs::read_dir(path).map_err(Error::file(path))? {
        let entry = entry.map_err(Error::file(path))?;
        let inner = entry.path();
        let metadata = entry.metadata().map_err(Error::file(&inner))?;
        if metadata.dev() != device {
            let mounted = io::Error::other("a file system is mounted here; unmount it first");
            return Err(Error::file(&inner)(mounted));
        }
        if metadata.is_dir() {
            remove_directory(&inner, device, removed)?;
        } else {
            fs::remove_file(&inner).map_err(Error::file(&inner))?;
            if !removed() {
                return Err(Error::ShuttingDown);
            }
        }
    }
    fs::remove_dir(path).map_err(Error::file(path))
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
        assert_eq!(measure(&inside).unwrap(), Size { bytes: 300, files: 4 });

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
    fn removing_stops_when_asked() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::write(temp.path().join(name), "x").unwrap();
        }
        assert!(remove(temp.path(), &mut || false).is_err());
        assert_eq!(measure(temp.path()).unwrap().files, 2);
    }
}
