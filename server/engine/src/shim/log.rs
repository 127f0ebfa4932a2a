//! The log of a run: files named by the offset of their first byte, the last of them being written.
//!
//! Offsets count from the beginning of the run. Rotated-away files are deleted; nothing is renumbered.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const PREFIX: &str = "log.";

fn path(dir: &Path, start: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{start}"))
}

/// Offsets of the first bytes of the log files in a directory, lowest first.
pub(crate) fn starts(dir: &Path) -> io::Result<Vec<u64>> {
    let mut starts: Vec<u64> = fs::read_dir(dir)?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix(PREFIX)?.parse().ok())
        .collect();
    starts.sort_unstable();
    Ok(starts)
}

/// Where the log begins now and where it ends.
pub(crate) fn extent(dir: &Path) -> io::Result<(u64, u64)> {
    loop {
        let starts = starts(dir)?;
        let (Some(first), Some(last)) = (starts.first(), starts.last()) else {
            return Ok((0, 0));
        };
        match fs::metadata(path(dir, *last)) {
            Ok(file) => return Ok((*first, last + file.len())),
            // It was rotated away between the two looks; the next one finds a younger one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes the log; never fails, but counts what it could not write.
pub(crate) struct Writer {
    dir: PathBuf,
    file: File,
    start: u64,
    length: u64,
    closed: VecDeque<u64>,
    limit: u64,
    kept: usize,
    /// Bytes lost since the last byte that was written.
    lost: u64,
    lost_in_all: u64,
}

impl Writer {
    /// Begins the log of a run.
    pub(crate) fn create(dir: &Path, limit: u64, kept: u32) -> io::Result<Self> {
        Ok(Self {
            dir: dir.to_owned(),
            file: create(dir, 0)?,
            start: 0,
            length: 0,
            closed: VecDeque::new(),
            limit: limit.max(1),
            kept: kept as usize,
            lost: 0,
            lost_in_all: 0,
        })
    }

    /// Offset after the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.length
    }

    /// Bytes that could not be written.
    pub(crate) fn lost_in_all(&self) -> u64 {
        self.lost_in_all
    }

    /// Whether bytes were lost that the log does not speak of yet.
    pub(crate) fn owes_a_note(&self) -> bool {
        self.lost > 0
    }

    /// Adds output, or counts it as lost.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) {
        if !self.note() {
            return self.lose(bytes.len());
        }
        while !bytes.is_empty() {
            if self.length >= self.limit {
                self.rotate();
            }
            let room = usize::try_from(self.limit.saturating_sub(self.length)).unwrap_or(usize::MAX);
            // A rotation that failed leaves no room; then the old file grows on.
            let part = &bytes[..bytes.len().min(if room == 0 { usize::MAX } else { room })];
            match self.file.write_at(part, self.length) {
                Ok(0) => return self.lose(bytes.len()),
                Ok(count) => {
                    self.length += count as u64;
                    bytes = &bytes[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.lose(bytes.len()),
            }
        }
    }

    fn lose(&mut self, count: usize) {
        self.lost += count as u64;
        self.lost_in_all += count as u64;
    }

    /// Says in the log how much was lost, as soon as there is space again. False = still no space.
    pub(crate) fn note(&mut self) -> bool {
        if self.lost == 0 {
            return true;
        }
        let line = format!(
            "\n[aikore] {} bytes of output are missing here: the disk was full\n",
            self.lost
        );
        if self
            .file
            .write_at(line.as_bytes(), self.length)
            .is_ok_and(|count| count == line.len())
        {
            self.length += line.len() as u64;
            self.lost = 0;
            return true;
        }
        // Half a note would count as output of the app.
        let _ = self.file.set_len(self.length);
        false
    }

    fn rotate(&mut self) {
        let end = self.end();
        let Ok(file) = create(&self.dir, end) else { return };
        self.file = file;
        self.closed.push_back(self.start);
        self.start = end;
        self.length = 0;
        while self.closed.len() > self.kept {
            if let Some(oldest) = self.closed.pop_front() {
                let _ = fs::remove_file(path(&self.dir, oldest));
            }
        }
    }
}

fn create(dir: &Path, start: u64) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path(dir, start))
}

/// Reads a log from an offset on, across its files, while it is written.
pub(crate) struct Reader {
    dir: PathBuf,
    file: Option<(u64, File)>,
    offset: u64,
}

impl Reader {
    /// From `offset`, or from the oldest byte kept where that is later.
    pub(crate) fn new(dir: &Path, offset: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            file: None,
            offset,
        }
    }

    /// Offset of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads what is there; returns the offset of the first byte read and how many. 0 = nothing new.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<(u64, usize)> {
        loop {
            if let Some((start, file)) = &self.file {
                let count = file.read_at(buffer, self.offset.saturating_sub(*start))?;
                if count > 0 {
                    let begin = self.offset;
                    self.offset += count as u64;
                    return Ok((begin, count));
                }
            }
            if !self.go_on()? {
                return Ok((self.offset, 0));
            }
        }
    }

    /// Opens the file that holds the offset; false when that is the one already open, or none is there.
    fn go_on(&mut self) -> io::Result<bool> {
        let starts = starts(&self.dir)?;
        let current = self.file.as_ref().map(|(start, _)| *start);
        let holding = starts
            .iter()
            .rev()
            .find(|start| **start <= self.offset)
            .or(starts.first());
        let Some(&start) = holding else { return Ok(false) };
        if current == Some(start) {
            return Ok(false);
        }
        match File::open(path(&self.dir, start)) {
            Ok(file) => {
                self.offset = self.offset.max(start);
                self.file = Some((start, file));
                Ok(true)
            }
            // It was rotated away just now; the next look finds a younger one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(dir: &Path, offset: u64) -> (u64, Vec<u8>) {
        let mut reader = Reader::new(dir, offset);
        let (mut first, mut found, mut buffer) = (None, Vec::new(), [0; 7]);
        loop {
            let (begin, count) = reader.read(&mut buffer).unwrap();
            first.get_or_insert(begin);
            if count == 0 {
                return (first.unwrap_or_default(), found);
            }
            found.extend_from_slice(&buffer[..count]);
        }
    }

    #[test]
    fn offsets_count_from_the_beginning_of_the_run_across_rotation() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Writer::create(dir.path(), 10, 2).unwrap();
        for number in 0..10_u8 {
            log.append(&[b'0' + number; 5]);
        }
        assert_eq!(log.end(), 50);
        assert_eq!(starts(dir.path()).unwrap(), [20, 30, 40]);
        assert_eq!(extent(dir.path()).unwrap(), (20, 50));
        assert_eq!(all(dir.path(), 33), (33, b"66777778888899999".to_vec()));
        assert_eq!(all(dir.path(), 0).0, 20, "rotated-away bytes are skipped");
        assert_eq!(all(dir.path(), 50).1, b"");
    }

    #[test]
    fn a_reader_goes_on_when_more_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Writer::create(dir.path(), 4, 9).unwrap();
        let mut reader = Reader::new(dir.path(), 0);
        let mut buffer = [0; 64];
        assert_eq!(reader.read(&mut buffer).unwrap(), (0, 0));
        log.append(b"abcdef");
        assert_eq!(reader.read(&mut buffer).unwrap(), (0, 4));
        assert_eq!(reader.read(&mut buffer).unwrap(), (4, 2));
        log.append(b"gh");
        assert_eq!(reader.read(&mut buffer).unwrap(), (6, 2));
    }

    #[test]
    fn the_end_is_known_while_files_are_rotated_away() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Writer::create(dir.path(), 1, 0).unwrap();
        std::thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut before = 0;
                while before < 3000 {
                    let (_, end) = extent(dir.path()).unwrap();
                    assert!(end >= before, "{end} after {before}");
                    before = end;
                }
            });
            while !looking.is_finished() {
                log.append(b"x");
            }
        });
    }
}
