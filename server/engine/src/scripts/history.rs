//! The texts a file had, kept beside it.
//!
//! # How it works
//! `.versions/<file>/` in the instance's directory holds one file per text, named
//! `<number>.<milliseconds>.<origin>`: they move, are copied and are deleted with the instance. A save first keeps
//! what was there, if it is not the newest that is kept already, and afterwards what is there now: so an edit
//! from outside of the panel is in the history, too.

use types::scripts::{ScriptVersion, VersionOrigin};

use super::MAX_BYTES;
use super::folder::Folder;
use crate::{Error, Result, clock};

/// Holds the histories of an instance.
const FOLDER: &str = ".versions";
/// So many texts are kept of a file; the oldest fall out.
const KEPT: usize = 50;
/// So many bytes are kept of a file's texts; the oldest fall out, but never the newest two.
const KEPT_BYTES: u64 = 8 * 1024 * 1024;

/// What was kept of one file.
pub(super) struct History {
    folder: Option<Folder>,
    /// Oldest first.
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    number: u32,
    at: i64,
    origin: VersionOrigin,
}

impl Entry {
    fn read(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let (number, at, word) = (parts.next()?, parts.next()?, parts.next()?);
        let origin = VersionOrigin::EVERY
            .into_iter()
            .find(|origin| origin.as_str() == word)?;
        let entry = Self {
            number: number.parse().ok()?,
            at: at.parse().ok()?,
            origin,
        };
        (entry.name() == name).then_some(entry)
    }

    fn name(self) -> String {
        format!("{:06}.{}.{}", self.number, self.at, self.origin.as_str())
    }
}

impl History {
    /// The history of a file of an instance's directory, to be read.
    pub(super) fn open(home: &Folder, file: &str) -> Result<Self> {
        let folder = match home.find(FOLDER)? {
            Some(all) => all.find(file)?,
            None => None,
        };
        Self::of(folder)
    }

    /// The same, to be written.
    pub(super) fn begin(home: &Folder, file: &str) -> Result<Self> {
        Self::of(Some(home.inside(FOLDER)?.inside(file)?))
    }

    fn of(folder: Option<Folder>) -> Result<Self> {
        let names = folder.as_ref().map_or(Ok(Vec::new()), Folder::names)?;
        let mut entries: Vec<Entry> = names.iter().filter_map(|name| Entry::read(name)).collect();
        entries.sort_unstable_by_key(|entry| entry.number);
        Ok(Self { folder, entries })
    }

    /// Every version, newest first.
    pub(super) fn list(&self, present: Option<&[u8]>) -> Result<Vec<ScriptVersion>> {
        let mut versions = Vec::with_capacity(self.entries.len());
        let mut is_marked = false;
        for entry in self.entries.iter().rev() {
            let Some(bytes) = self.bytes(*entry)? else {
                continue;
            };
            let is_present = !is_marked && Some(bytes.as_slice()) == present;
            is_marked |= is_present;
            versions.push(ScriptVersion {
                number: entry.number,
                at: entry.at,
                bytes: bytes.len() as u64,
                origin: entry.origin,
                present: is_present,
            });
        }
        Ok(versions)
    }

    /// One text.
    pub(super) fn get(&self, number: u32) -> Result<Vec<u8>> {
        let entry = self.entries.iter().find(|entry| entry.number == number);
        let bytes = entry.map_or(Ok(None), |entry| self.bytes(*entry))?;
        bytes.ok_or(Error::UnknownVersion(number))
    }

    /// Keeps a text, unless it is the newest already.
    pub(super) fn keep(&mut self, bytes: &[u8], origin: VersionOrigin) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if let Some(newest) = self.entries.last()
            && self.bytes(*newest)?.as_deref() == Some(bytes)
        {
            return Ok(());
        }
        let entry = Entry {
            number: self.entries.last().map_or(0, |newest| newest.number) + 1,
            at: clock::now_ms(),
            origin,
        };
        folder.add(&entry.name(), bytes)?;
        self.entries.push(entry);
        self.prune()
    }

    /// Lets the oldest fall out.
    fn prune(&mut self) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let (mut kept, mut bytes) = (0, 0);
        let mut first = self.entries.len();
        for entry in self.entries.iter().rev() {
            bytes += self.bytes(*entry)?.map_or(0, |bytes| bytes.len() as u64);
            if kept >= KEPT || (kept >= 2 && bytes > KEPT_BYTES) {
                break;
            }
            kept += 1;
            first -= 1;
        }
        for old in self.entries.drain(..first) {
            folder.remove(&old.name())?;
        }
        Ok(())
    }

    fn bytes(&self, entry: Entry) -> Result<Option<Vec<u8>>> {
        let folder = self.folder.as_ref();
        folder.map_or(Ok(None), |folder| folder.read(&entry.name(), MAX_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_are_versions() {
        let entry = Entry::read("000012.1763750000000.saved").unwrap();
        assert_eq!((entry.number, entry.at), (12, 1_763_750_000_000));
        for name in [
            "",
            "12.1.saved",
            "000012.1.saved.new",
            "000012.1.other",
            "x.1.saved",
            "000012",
        ] {
            assert!(Entry::read(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_history_is_bounded_by_number_and_by_size() {
        let temp = tempfile::tempdir().unwrap();
        let home = Folder::open(temp.path()).unwrap();
        let mut history = History::begin(&home, "launch.sh").unwrap();
        for number in 0..KEPT + 5 {
            history
                .keep(format!("text {number}").as_bytes(), VersionOrigin::Saved)
                .unwrap();
        }
        let list = History::open(&home, "launch.sh").unwrap().list(None).unwrap();
        assert_eq!(list.len(), KEPT);
        assert_eq!((list[0].number, list[KEPT - 1].number), (55, 6));
        for fill in b'a'..b'a' + 12 {
            let large = vec![fill; usize::try_from(MAX_BYTES).unwrap()];
            history.keep(&large, VersionOrigin::Saved).unwrap();
        }
        let list = History::open(&home, "launch.sh").unwrap().list(None).unwrap();
        assert_eq!(list.len(), 8, "8 MiB are kept");
        assert_eq!(list[0].number, 67);
        history
            .keep(
                &vec![b'l'; usize::try_from(MAX_BYTES).unwrap()],
                VersionOrigin::Saved,
            )
            .unwrap();
        assert_eq!(
            History::open(&home, "launch.sh").unwrap().list(None).unwrap()[0].number,
            67
        );
    }
}
