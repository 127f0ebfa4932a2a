//! Which terminals there are, on the disk: a panel that was killed leaves them, and the next one ends what still runs.

use std::path::{Path, PathBuf};

use crate::{Error, Result, blocking};

/// A file for each terminal, named by the mark of its processes.
#[derive(Clone)]
pub(super) struct Records {
    dir: PathBuf,
}

impl Records {
    pub(super) fn open(dir: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&dir).map_err(Error::file(&dir))?;
        Ok(Self { dir })
    }

    /// Must be there before the shell is.
    pub(super) async fn add(&self, uuid: &str) -> Result<()> {
        let path = self.dir.join(uuid);
        blocking(move || std::fs::write(&path, b"").map_err(Error::file(&path))).await
    }

    pub(super) async fn remove(&self, uuid: &str) {
        let path = self.dir.join(uuid);
        let removing = blocking(move || std::fs::remove_file(&path).map_err(Error::file(&path)));
        if let Err(error) = removing.await {
            tracing::warn!(%error, "the record of a terminal stays; the next start looks for it once more");
        }
    }

    /// The marks of terminals that an earlier panel left.
    pub(super) async fn left(&self) -> Result<Vec<String>> {
        let dir = self.dir.clone();
        blocking(move || names(&dir)).await
    }
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(dir).map_err(Error::file(dir))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    // Only what this program wrote: a mark is looked for in the environment of every process.
    let marks = names.filter_map(|name| uuid::Uuid::parse_str(name.to_str()?).ok());
    Ok(marks.map(|mark| mark.to_string()).collect())
}
