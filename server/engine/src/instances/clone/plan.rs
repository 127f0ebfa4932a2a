//! What of an instance's directory a clone gets.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::{Error, Result};

/// At the top of the directory: what belongs to the runs of the one it is copied from, or is a wish to its next start.
const OWN: [&str; 5] = [
    "logs",
    ".rebuild-env",
    ".update",
    crate::desktops::HOME,
    crate::trash::RECORD,
];

/// Everything that is copied, and what is not.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Relative paths, a directory before what is in it.
    pub(super) entries: Vec<(PathBuf, Kind)>,
    pub(super) bytes: u64,
    /// What of that is on the disk: holes are not.
    pub(super) blocks: u64,
    pub(super) files: u64,
    /// Left out: environments.
    pub(super) environments: Vec<String>,
    /// Left out: what is mounted inside.
    pub(super) mounts: Vec<String>,
}

/// How an entry is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    /// As a link, never what it points at.
    Link,
    /// Its bytes.
    File,
    /// As a second name of the same file: nobody ever writes into it.
    Unchanging,
}

impl Plan {
    /// Looks through a directory; `environment` is the path of its environment as the script names it.
    pub(super) fn make(root: &Path, environment: &str) -> Result<Self> {
        let device = fs::metadata(root).map_err(Error::file(root))?;
        let environment = plain(Path::new(environment));
        let mut plan = Self::default();
        let mut directories = vec![PathBuf::new()];
        while let Some(directory) = directories.pop() {
            let path = root.join(&directory);
            for entry in fs::read_dir(&path).map_err(Error::file(&path))? {
                let entry = entry.map_err(Error::file(&path))?;
                let metadata = entry.metadata().map_err(Error::file(&entry.path()))?;
                let relative = directory.join(entry.file_name());
                if directory.as_os_str().is_empty() && OWN.iter().any(|own| entry.file_name() == *own) {
                    continue;
                }
                if metadata.dev() != device.dev() {
                    plan.mounts.push(relative.to_string_lossy().into_owned());
                } else if metadata.is_dir() && (relative == environment || is_environment(&entry.path())) {
                    plan.environments.push(relative.to_string_lossy().into_owned());
                } else if let Some(kind) = kind(&relative, &metadata) {
                    plan.count(kind, &metadata);
                    if kind == Kind::Directory {
                        directories.push(relative.clone());
                    }
                    plan.entries.push((relative, kind));
                }
            }
        }
        plan.environments.sort();
        Ok(plan)
    }

    fn count(&mut self, kind: Kind, metadata: &Metadata) {
        if kind != Kind::Directory {
            self.files += 1;
        }
        if kind == Kind::File {
            self.bytes += metadata.len();
            self.blocks += metadata.len().min(metadata.blocks() * 512);
        }
    }
}

/// A path without `.`; empty where it leads elsewhere.
fn plain(path: &Path) -> PathBuf {
    let outside = |part: &Component| !matches!(part, Component::Normal(_) | Component::CurDir);
    if path.components().any(|part| outside(&part)) {
        return PathBuf::new();
    }
    path.components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect()
}

fn is_environment(path: &Path) -> bool {
    path.join("pyvenv.cfg").is_file() || path.join("conda-meta").is_dir()
}

/// None for what nobody can copy: sockets, pipes, devices.
fn kind(relative: &Path, metadata: &Metadata) -> Option<Kind> {
    if metadata.is_dir() {
        Some(Kind::Directory)
    } else if metadata.is_symlink() {
        Some(Kind::Link)
    } else if !metadata.is_file() {
        None
    } else if is_unchanging(relative) {
        Some(Kind::Unchanging)
    } else {
        Some(Kind::File)
    }
}

/// Wheels beside the script are replaced, not written into; git writes each object once and under its checksum, and
/// shares them among local clones itself. Of nothing else is it known that nobody writes into it in place.
fn is_unchanging(relative: &Path) -> bool {
    let parts: Vec<&str> = relative.iter().filter_map(|part| part.to_str()).collect();
    match parts.as_slice() {
        ["wheels", _] => relative.extension().is_some_and(|end| end == "whl"),
        [.., ".git", "objects", folder, _] => *folder == "pack" || folder.len() == 2,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_writes_into_is_shared() {
        for shared in [
            "wheels/x-1-py3-none-any.whl",
            ".git/objects/ab/cdef",
            "ComfyUI/.git/objects/pack/pack-1.pack",
        ] {
            assert!(is_unchanging(Path::new(shared)), "{shared}");
        }
        for own in [
            "launch.sh",
            "wheels/notes.txt",
            "wheels/old/x.whl",
            "ComfyUI/.git/config",
            "ComfyUI/.git/objects/info/packs",
            "ComfyUI/.git/index",
            "models/big.safetensors",
            "objects/ab/cdef",
        ] {
            assert!(!is_unchanging(Path::new(own)), "{own}");
        }
    }

    #[test]
    fn an_environment_is_known_by_its_name_or_its_marks() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        for dir in ["named/bin", "deep/other/bin", "conda/conda-meta", "src", "logs/1"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        for file in [
            "named/bin/x",
            "deep/other/pyvenv.cfg",
            "src/app.py",
            "logs/1/log.0",
            "launch.sh",
        ] {
            fs::write(at(file), "12345").unwrap();
        }
        let plan = Plan::make(temp.path(), "./named").unwrap();
        assert_eq!(plan.environments, ["conda", "deep/other", "named"]);
        assert_eq!((plan.files, plan.bytes), (2, 10));
        // A path that leads elsewhere names nothing in here.
        assert_eq!(Plan::make(temp.path(), "../named").unwrap().environments.len(), 2);
    }
}
