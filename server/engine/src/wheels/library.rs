//! The library's folder: what is in it, what comes in, what goes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt as _;
use types::wheels::Wheel;

use crate::{Error, Result, blocking};

/// The most a wheel may have, bytes: twice the largest that is published.
const LARGEST: u64 = 8 * 1024 * 1024 * 1024;
/// How a zip file, and so a wheel, begins.
const ZIP: [u8; 4] = *b"PK\x03\x04";

/// A name of the library, checked.
pub(super) fn parse(filename: &str) -> Result<Wheel> {
    Wheel::parse(filename).ok_or_else(|| Error::NoWheel(filename.to_owned()))
}

/// Every wheel, by name. Other files are none of ours.
pub(super) fn list(folder: &Path) -> Result<Vec<Wheel>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file(folder))?.flatten() {
        let (Some(mut wheel), Ok(file)) = (
            entry.file_name().to_str().and_then(Wheel::parse),
            entry.metadata(),
        ) else {
            continue;
        };
        if file.is_file() {
            wheel.bytes = file.len();
            wheel.added_at = file.mtime() * 1000;
            found.push(wheel);
        }
    }
    found.sort_by(|a, b| a.filename.cmp(&b.filename));
    Ok(found)
}

pub(super) fn delete(folder: &Path, filename: &str) -> Result<()> {
    let wheel = parse(filename)?;
    let path = folder.join(&wheel.filename);
    match fs::remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::UnknownWheel(wheel.filename)),
        removed => removed.map_err(Error::file(&path)),
    }
}

/// Puts a whole file into the library, in the place of one with the same name.
pub(super) fn take_in(folder: &Path, path: &Path, wheel: &Wheel) -> Result<()> {
    let target = folder.join(&wheel.filename);
    fs::rename(path, &target).map_err(Error::file(&target))
}

/// A wheel that is being received. What is not finished leaves nothing behind.
#[derive(Debug)]
pub struct Upload {
    wheel: Wheel,
    folder: PathBuf,
    part: tempfile::TempPath,
    file: tokio::fs::File,
    begin: Vec<u8>,
    received: u64,
}

impl Upload {
    pub(super) async fn begin(folder: PathBuf, tmp: PathBuf, filename: &str) -> Result<Self> {
        let wheel = parse(filename)?;
        let made = blocking(move || tempfile::NamedTempFile::new_in(&tmp).map_err(Error::file(&tmp)));
        let (file, part) = made.await?.into_parts();
        Ok(Self {
            wheel,
            folder,
            part,
            file: tokio::fs::File::from_std(file),
            begin: Vec::new(),
            received: 0,
        })
    }

    /// The next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.received += bytes.len() as u64;
        if self.received > LARGEST {
            return Err(Error::NoWheel(self.wheel.filename.clone()));
        }
        let missing = ZIP.len().saturating_sub(self.begin.len()).min(bytes.len());
        self.begin.extend_from_slice(&bytes[..missing]);
        self.file.write_all(bytes).await.map_err(Error::file(&self.part))
    }

    /// Puts it into the library.
    pub async fn finish(mut self) -> Result<Wheel> {
        if self.begin != ZIP {
            return Err(Error::NoWheel(self.wheel.filename));
        }
        self.file.flush().await.map_err(Error::file(&self.part))?;
        self.file.sync_all().await.map_err(Error::file(&self.part))?;
        let (part, folder, mut wheel) = (self.part, self.folder, self.wheel);
        wheel.bytes = self.received;
        blocking(move || {
            use std::os::unix::fs::PermissionsExt as _;
            let part = part.keep().map_err(|error| Error::file(&folder)(error.error))?;
            fs::set_permissions(&part, fs::Permissions::from_mode(0o644)).map_err(Error::file(&part))?;
            take_in(&folder, &part, &wheel)?;
            Ok(wheel)
        })
        .await
    }
}
