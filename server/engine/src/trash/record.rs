//! What an instance was, written into its directory before that moves into the trash.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use types::instances::Instance;

use super::RECORD;
use crate::{Error, Result};

/// More than any record has, bytes.
const MOST: u64 = 1024 * 1024;

/// What an instance was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its row.
    #[serde(flatten)]
    pub(crate) instance: Instance,
    /// When it was deleted, Unix milliseconds.
    #[serde(default)]
    pub(crate) deleted_at: Option<i64>,
    /// A satellite's parent, whose directory never changes.
    #[serde(default)]
    pub(crate) parent_dir: Option<String>,
    /// What it held then.
    #[serde(default)]
    pub(crate) bytes: Option<u64>,
}

impl Record {
    /// The record in a directory; none where there is none that can be read.
    pub(crate) fn read(directory: &Path) -> Option<Self> {
        // The directory may hold anything: no link is followed out of it, no pipe waited for.
        let odd = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(odd.bits().cast_signed())
            .open(directory.join(RECORD))
            .ok()?;
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return None;
        }
        let mut text = Vec::new();
        file.take(MOST).read_to_end(&mut text).ok()?;
        let record: Self = serde_json::from_slice(&text).ok()?;
        is_name(&record.instance.dir).then_some(record)
    }

    /// Writes it, whole or not at all, without following what lies there.
    pub(crate) fn write(&self, directory: &Path) -> Result<()> {
        let fresh = directory.join(format!("{RECORD}.{}", uuid::Uuid::new_v4()));
        let written = serde_json::to_vec_pretty(self)
            .map_err(std::io::Error::from)
            .and_then(|text| {
                let mut file = File::create_new(&fresh)?;
                file.write_all(&text)?;
                file.sync_all()?;
                fs::rename(&fresh, directory.join(RECORD))
            });
        written.map_err(|error| {
            let _ = fs::remove_file(&fresh);
            Error::file(directory)(error)
        })
    }

    /// Removes the one in a directory.
    pub(crate) fn remove(directory: &Path) {
        let _ = fs::remove_file(directory.join(RECORD));
    }
}

/// Whether a text is the name of something in a directory, and not a way out of it.
pub(super) fn is_name(text: &str) -> bool {
    let mut parts = Path::new(text).components();
    let first = parts.next();
    matches!(first, Some(std::path::Component::Normal(part)) if part == text) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_plain_names_stand_below_a_directory() {
        assert!(is_name("app-1") && is_name("a b") && is_name(".removing-x"));
        for odd in ["", ".", "..", "a/b", "/a", "a/", "./a"] {
            assert!(!is_name(odd), "{odd}");
        }
    }

    #[test]
    fn a_record_that_is_a_link_or_nonsense_is_none() {
        let temp = tempfile::tempdir().unwrap();
        let precious = temp.path().join("precious");
        fs::write(&precious, "{}").unwrap();
        let dir = temp.path().join("dir");
        fs::create_dir(&dir).unwrap();
        symlink(&precious, dir.join(RECORD)).unwrap();
        assert!(Record::read(&dir).is_none());
        fs::remove_file(dir.join(RECORD)).unwrap();
        fs::write(dir.join(RECORD), "{\"name\": 3").unwrap();
        assert!(Record::read(&dir).is_none() && Record::read(&precious).is_none());
    }
}
