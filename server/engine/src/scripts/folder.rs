//! Files in a directory that apps write in, too: a link that somebody puts in the way is never followed.
//!
//! # How it works
//! The directory is held open, and everything in it is reached from that handle by a plain name. Opening refuses
//! links, and writing makes a new file that changes places with the old one in one step. So there is no moment
//! between looking and writing in which a name could come to mean something else.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, openat, renameat, renameat2};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::{Error, Result};

/// For us alone, until the file has the mode it should have.
const PRIVATE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);
/// What a script of ours has: it is given to bash, so nobody needs to execute it.
const PLAIN: u32 = 0o644;

/// A directory, held open.
pub(crate) struct Folder {
    fd: OwnedFd,
    /// Where it was, for messages.
    path: PathBuf,
}

/// What became of a write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// It is written.
    Done,
    /// The file was not as expected, and is as it was.
    Differs,
}

impl Folder {
    /// Opens a directory; its last part may be no link.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        match directory(AT_FDCWD, path.as_os_str()) {
            Ok(fd) => Ok(Self {
                fd,
                path: path.to_owned(),
            }),
            Err(errno) => Err(refused(path, errno)),
        }
    }

    /// A directory inside of this one; it is made where there is none.
    pub(crate) fn inside(&self, name: &str) -> Result<Self> {
        let path = self.path.join(name);
        let fd = match directory(self.fd.as_fd(), OsStr::new(name)) {
            Err(Errno::ENOENT) => mkdirat(&self.fd, name, Mode::S_IRWXU)
                .and_then(|()| directory(self.fd.as_fd(), OsStr::new(name)))
                .map_err(|errno| not_written(&path)(errno.into()))?,
            other => other.map_err(|errno| refused(&path, errno))?,
        };
        Ok(Self { fd, path })
    }

    /// A directory inside of this one, where there is one.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Self>> {
        let path = self.path.join(name);
        match directory(self.fd.as_fd(), OsStr::new(name)) {
            Ok(fd) => Ok(Some(Self { fd, path })),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(refused(&path, errno)),
        }
    }

    /// The bytes of a file, `limit` at most; none where there is none.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.file(name)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(Error::file(&self.path.join(name)))?;
        if bytes.len() as u64 > limit {
            return Err(unfit(&self.path.join(name), "is too large for the editor"));
        }
        Ok(Some(bytes))
    }

    /// A plain file; a pipe that stands in its place is not waited for.
    fn file(&self, name: &str) -> Result<Option<File>> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let path = self.path.join(name);
        let file = match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(refused(&path, errno)),
        };
        let is_file = file.metadata().map_err(Error::file(&path))?.is_file();
        is_file
            .then_some(Some(file))
            .ok_or_else(|| unfit(&path, "is no plain file"))
    }

    /// Writes a file whole or not at all, if it still holds what is expected; it keeps its mode.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8], expected: Option<&[u8]>) -> Result<Replaced> {
        let mode = match self.file(name)? {
            Some(file) => file
                .metadata()
                .map_or(PLAIN, |metadata| metadata.permissions().mode()),
            None => PLAIN,
        };
        let fresh = format!(".{name}.{}.new", uuid::Uuid::new_v4());
        let failed = |source| not_written(&self.path.join(name))(source);
        let replaced = self
            .write_new(&fresh, bytes, mode & 0o777)
            .map_err(failed)
            .and_then(|()| self.exchange(&fresh, name, expected));
        // What lies under the other name now is what was there before, or what could not be put there.
        let _ = unlinkat(&self.fd, fresh.as_str(), UnlinkatFlags::NoRemoveDir);
        if replaced.is_ok() {
            // A directory that cannot be synced still holds the file.
            let _ = nix::unistd::fsync(&self.fd);
        }
        replaced
    }

    fn write_new(&self, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(&self.fd, name, flags, PRIVATE)?);
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()
    }

    /// Puts a new file in its place. Somebody outside of the panel may have saved since the old one was read:
    /// the two change places, and change back if the old one is not what was expected.
    fn exchange(&self, fresh: &str, name: &str, expected: Option<&[u8]>) -> Result<Replaced> {
        let (flags, missing) = match expected {
            Some(_) => (RenameFlags::RENAME_EXCHANGE, Errno::ENOENT),
            None => (RenameFlags::RENAME_NOREPLACE, Errno::EEXIST),
        };
        let failed = |errno: Errno| not_written(&self.path.join(name))(errno.into());
        match renameat2(&self.fd, fresh, &self.fd, name, flags) {
            Ok(()) => {}
            Err(errno) if errno == missing => return Ok(Replaced::Differs),
            // Some file systems of networks cannot do it.
            Err(Errno::EINVAL | Errno::ENOSYS) => {
                renameat(&self.fd, fresh, &self.fd, name).map_err(failed)?;
                return Ok(Replaced::Done);
            }
            Err(errno) => return Err(failed(errno)),
        }
        let Some(expected) = expected else {
            return Ok(Replaced::Done);
        };
        let before = self.read(fresh, expected.len() as u64);
        if matches!(&before, Ok(Some(before)) if before == expected) {
            return Ok(Replaced::Done);
        }
        renameat2(&self.fd, fresh, &self.fd, name, RenameFlags::RENAME_EXCHANGE).map_err(failed)?;
        Ok(Replaced::Differs)
    }

    /// Writes a file that nobody else knows of yet.
    pub(crate) fn add(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.write_new(name, bytes, PRIVATE.bits()).map_err(|source| {
            let _ = unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir);
            not_written(&self.path.join(name))(source)
        })
    }

    /// The names in it.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        // The handle under the name the kernel gives it: no library of ours lists a handle.
        let list = std::fs::read_dir(format!("/proc/self/fd/{}", self.fd.as_raw_fd()));
        let list = list.map_err(Error::file(&self.path))?;
        Ok(list
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect())
    }

    /// Removes a file, or a link itself.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir)
            .map_err(|errno| Error::file(&self.path.join(name))(errno.into()))
    }
}

fn directory(at: impl AsFd, name: &OsStr) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

fn refused(path: &Path, errno: Errno) -> Error {
    match errno {
        Errno::ELOOP => unfit(path, "is a link, which the panel does not follow"),
        Errno::ENOTDIR => unfit(path, "is no directory of its own"),
        Errno::ENXIO => unfit(path, "is no plain file"),
        errno => Error::file(path)(errno.into()),
    }
}

fn unfit(path: &Path, problem: &'static str) -> Error {
    let path = path.to_owned();
    Error::UnfitFile { path, problem }
}

/// For `map_err`: what could not be written, and is as it was.
fn not_written(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::NotWritten { path, source }
}
