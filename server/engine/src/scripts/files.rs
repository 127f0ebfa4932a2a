//! Reading and writing the files themselves.

use std::path::Path;

use types::scripts::{ScriptFile, VersionOrigin};

use super::folder::{Folder, Replaced};
use super::history::History;
use super::{Edit, MAX_BYTES, text, version_of};
use crate::instances::home::Home;
use crate::{Result, blocking};

/// What became of a write.
pub(super) enum Written {
    /// These bytes are there now.
    Done(Vec<u8>),
    /// Nothing was written: this is there.
    Stale(Option<Vec<u8>>),
}

/// The bytes of a file; none where there is none.
pub(super) async fn read(home: &Home, file: ScriptFile) -> Result<Option<Vec<u8>>> {
    let path = home.path.clone();
    blocking(move || Folder::open(&path)?.read(file.file_name(), MAX_BYTES)).await
}

/// Writes a file, if it still is what the person began with, and keeps both texts in its history.
pub(super) async fn write(
    home: &Home,
    file: ScriptFile,
    edit: Edit,
    origin: VersionOrigin,
) -> Result<Written> {
    let path = home.path.clone();
    blocking(move || write_in(&Folder::open(&path)?, file.file_name(), edit, origin)).await
}

/// Adds lines that a file of an instance's directory does not have yet, and keeps both texts in its history.
pub(crate) fn add_lines(directory: &Path, file: ScriptFile, lines: &[&str]) -> Result<()> {
    let folder = Folder::open(directory)?;
    loop {
        let before = folder.read(file.file_name(), MAX_BYTES)?;
        let version = version_of(before.as_deref());
        let edit = Edit {
            content: with_lines(text(file, before.unwrap_or_default())?, lines),
            version: Some(version),
        };
        // Somebody who saves at the same moment goes first.
        if let Written::Done(_) = write_in(&folder, file.file_name(), edit, VersionOrigin::Saved)? {
            return Ok(());
        }
    }
}

fn with_lines(mut text: String, lines: &[&str]) -> String {
    for line in lines {
        if text.lines().any(|known| known.trim() == *line) {
            continue;
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn write_in(folder: &Folder, name: &str, edit: Edit, origin: VersionOrigin) -> Result<Written> {
    let before = folder.read(name, MAX_BYTES)?;
    if edit
        .version
        .is_some_and(|began| began != version_of(before.as_deref()))
    {
        return Ok(Written::Stale(before));
    }
    let bytes = edit.content.into_bytes();
    if before.as_ref() == Some(&bytes) {
        return Ok(Written::Done(bytes));
    }
    let mut history = History::begin(folder, name)?;
    if let Some(before) = &before {
        history.keep(before, VersionOrigin::Found)?;
    }
    if folder.replace(name, &bytes, before.as_deref())? == Replaced::Differs {
        return Ok(Written::Stale(folder.read(name, MAX_BYTES)?));
    }
    if let Err(error) = history.keep(&bytes, origin) {
        // It is saved, and the next save keeps it.
        tracing::warn!(%error, "a version of a script was not kept");
    }
    Ok(Written::Done(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: ScriptFile = ScriptFile::Requirements;

    #[test]
    fn lines_are_added_once_and_the_text_before_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE.file_name());
        add_lines(dir.path(), FILE, &["numpy", "idna==3.10"]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "numpy\nidna==3.10\n");
        std::fs::write(&path, "  numpy\n# mine, without an end").unwrap();
        add_lines(dir.path(), FILE, &["numpy", "wheel"]).unwrap();
        let text = "  numpy\n# mine, without an end\nwheel\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        let folder = Folder::open(dir.path()).unwrap();
        let history = History::open(&folder, FILE.file_name()).unwrap();
        let kept = history.list(None).unwrap();
        let mut texts = kept.iter().map(|version| history.get(version.number).unwrap());
        assert!(texts.any(|text| text == b"  numpy\n# mine, without an end"));
    }

    #[test]
    fn a_file_that_is_no_text_or_leads_elsewhere_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE.file_name());
        std::fs::write(&path, b"caf\xe9 # latin\n").unwrap();
        assert!(add_lines(dir.path(), FILE, &["numpy"]).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"caf\xe9 # latin\n");
        let elsewhere = dir.path().join("elsewhere.txt");
        std::fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(add_lines(dir.path(), FILE, &["numpy"]).is_err());
        assert_eq!(std::fs::read(&elsewhere).unwrap(), b"caf\xe9 # latin\n");
        assert!(path.is_symlink());
    }
}
