//! The copy itself: each file by the cheapest way there is, in pieces that can be counted and stopped.

use std::fmt::Write as _;
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{OFlags, copy_file_range, ioctl_ficlone, seek, statvfs, syncfs};

use super::Way;
use super::plan::{Kind, Plan};
use crate::instances::tree::{megabytes, share};
use crate::jobs::Progress;
use crate::{Error, Result};

/// Bytes between two looks at whether to go on.
const PIECE: u64 = 8 * 1024 * 1024;

struct Copier<'a> {
    way: &'a Way,
    meter: Meter<'a>,
    /// Whether the file system shares the blocks of copies until one side writes; known after the first file.
    reflinks: bool,
}

/// Copies what the plan says into the staging directory, which is there and empty. Returns what is said at the end.
pub(super) fn copy(way: &Way, progress: &Progress) -> Result<String> {
    progress.report(None, "Counting the files");
    let plan = Plan::make(&way.source, &way.environment)?;
    let mut copier = Copier {
        way,
        meter: Meter::new(progress, plan.bytes),
        reflinks: true,
    };
    copier.check_space(plan.blocks)?;
    let mut directories = Vec::new();
    for (relative, kind) in &plan.entries {
        copier.meter.check()?;
        let (from, to) = (way.source.join(relative), way.staging.join(relative));
        match kind {
            Kind::Directory => {
                fs::create_dir(&to).map_err(Error::file(&to))?;
                directories.push((from, to));
            }
            Kind::Link => copier.link(&from, &to)?,
            Kind::Unchanging => copier.share(&from, &to)?,
            Kind::File => copier.file(&from, &to)?,
        }
    }
    // Last, and the deepest first: some do not allow anything to be written into them.
    for (from, to) in directories.iter().rev() {
        let metadata = fs::symlink_metadata(from).map_err(Error::file(from))?;
        let mode = Permissions::from_mode(metadata.mode() & 0o777);
        fs::set_permissions(to, mode).map_err(Error::file(to))?;
    }
    copier.meter.check()?;
    copier.keep()?;
    Ok(said(&plan))
}

fn said(plan: &Plan) -> String {
    let mut said = format!("{} files copied.", plan.files);
    if !plan.environments.is_empty() {
        said.push_str(" The environment is made anew at the first start.");
    }
    if !plan.mounts.is_empty() {
        let mounts = plan.mounts.join(", ");
        let _ = write!(said, " Not copied, because it is mounted there: {mounts}.");
    }
    said
}

impl Copier<'_> {
    /// Refuses early what would fail after gigabytes.
    fn check_space(&mut self, needed: u64) -> Result<()> {
        let room =
            statvfs(&self.way.staging).map_err(|error| Error::file(&self.way.staging)(error.into()))?;
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if needed <= free {
            return Ok(());
        }
        let (script, try_out) = (
            self.way.source.join("launch.sh"),
            self.way.staging.join(".reflink"),
        );
        let shares = File::open(&script).and_then(|source| self.reflinked(&source, &File::create(&try_out)?));
        let _ = fs::remove_file(&try_out);
        match shares {
            Ok(true) => Ok(()),
            _ => Err(Error::NoSpace { needed, free }),
        }
    }

    /// A link stays a link. One that names the source by its absolute path names the clone afterwards: it would
    /// make the two share a file otherwise.
    fn link(&self, from: &Path, to: &Path) -> Result<()> {
        let mut target = fs::read_link(from).map_err(Error::file(from))?;
        if let Ok(inside) = target.strip_prefix(&self.way.source) {
            target = self.way.target.join(inside);
        }
        symlink(target, to).map_err(Error::file(to))
    }

    fn share(&mut self, from: &Path, to: &Path) -> Result<()> {
        // Another file system, or too many names already.
        if fs::hard_link(from, to).is_ok() {
            return Ok(());
        }
        self.file(from, to)
    }

    fn file(&mut self, from: &Path, to: &Path) -> Result<()> {
        // Not what has taken its place since it was looked at: no link, no pipe.
        let odd = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let source = OpenOptions::new()
            .read(true)
            .custom_flags(odd.bits().cast_signed())
            .open(from)
            .map_err(Error::file(from))?;
        let metadata = source.metadata().map_err(Error::file(from))?;
        let target = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(to)
            .map_err(Error::file(to))?;
        let before = self.meter.done;
        if !self.reflinked(&source, &target).map_err(Error::file(to))? {
            self.bytes(&source, &target, metadata.len(), to)?;
        }
        self.meter.reach(before + metadata.len());
        let mode = Permissions::from_mode(metadata.mode() & 0o777);
        let times = metadata
            .modified()
            .map(|time| FileTimes::new().set_modified(time));
        target
            .set_permissions(mode)
            .and_then(|()| target.set_times(times?))
            .map_err(Error::file(to))
    }

    fn reflinked(&mut self, source: &File, target: &File) -> io::Result<bool> {
        if !self.reflinks {
            return Ok(false);
        }
        match ioctl_ficlone(target, source) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) => {
                Err(io::ErrorKind::StorageFull.into())
            }
            Err(_) => {
                self.reflinks = false;
                Ok(false)
            }
        }
    }

    /// Copies what there is; holes stay holes.
    fn bytes(&mut self, source: &File, target: &File, size: u64, to: &Path) -> Result<()> {
        let mut at = 0;
        while at < size {
            let Ok(data) = seek(source, rustix::fs::SeekFrom::Data(at)) else {
                break; // nothing but a hole is left
            };
            let end = seek(source, rustix::fs::SeekFrom::Hole(data))
                .unwrap_or(size)
                .min(size);
            at = data;
            while at < end {
                self.meter.check()?;
                let copied = piece(source, target, at, (end - at).min(PIECE)).map_err(Error::file(to))?;
                if copied == 0 {
                    return Err(Error::file(to)(io::ErrorKind::UnexpectedEof.into()));
                }
                at += copied;
                self.meter.reach(self.meter.done + copied);
            }
        }
        target.set_len(size).map_err(Error::file(to))
    }

    /// What was copied is on the disk before it gets its name.
    fn keep(&self) -> Result<()> {
        let staging = File::open(&self.way.staging).map_err(Error::file(&self.way.staging))?;
        syncfs(&staging).map_err(|error| Error::file(&self.way.staging)(error.into()))
    }
}

/// Copies a piece at its place, within the kernel where it can.
fn piece(source: &File, target: &File, at: u64, size: u64) -> io::Result<u64> {
    let (mut from, mut to) = (at, at);
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    match copy_file_range(source, Some(&mut from), target, Some(&mut to), length) {
        Ok(copied) if copied > 0 => Ok(copied as u64),
        Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) => Err(io::ErrorKind::StorageFull.into()),
        _ => {
            let (mut source, mut target) = (source, target);
            source.seek(SeekFrom::Start(at))?;
            target.seek(SeekFrom::Start(at))?;
            let copied = io::copy(&mut source.take(size), &mut target)?;
            target.flush()?;
            Ok(copied)
        }
    }
}

/// Says how far it is, at steps that can be seen.
struct Meter<'a> {
    progress: &'a Progress,
    all: u64,
    done: u64,
    shown: Option<u64>,
}

impl<'a> Meter<'a> {
    fn new(progress: &'a Progress, all: u64) -> Self {
        Self {
            progress,
            all,
            done: 0,
            shown: None,
        }
    }

    /// Fails once somebody cancelled.
    fn check(&self) -> Result<()> {
        self.progress.go_on()
    }

    fn reach(&mut self, done: u64) {
        self.done = done.min(self.all.max(done));
        let percent = self.done.saturating_mul(100) / self.all.max(1);
        if self.shown != Some(percent) {
            self.shown = Some(percent);
            let message = format!("{} of {} copied", megabytes(self.done), megabytes(self.all));
            self.progress.report(share(self.done, self.all), &message);
        }
    }
}
