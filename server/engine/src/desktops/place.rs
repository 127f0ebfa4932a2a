//! The directory of a session: cookie, sockets, scratch. It is the session's own, and goes with it.
//!
//! A session holds a lock on its directory, which the kernel lets go of however the session ends. So a directory
//! whose lock is free belongs to nobody any more, and whoever finds it may remove it. The lock also keeps
//! systemd's cleaning of `/tmp` away.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::display;
use super::http::Socket;
use super::users::{self, User};
use crate::process::Identity;
use crate::shim::record;

/// The cookie that opens the screen.
pub(super) const COOKIE: &str = "Xauthority";
/// Which screen a session has; what is left of it is removed with the directory.
const SCREEN: &str = "screen.json";
/// Where programs have their sockets.
const RUNTIME: &str = "run";
/// The longest path of the directory. An address of a unix socket has 107 bytes, and some programs add much to it.
const LONGEST: usize = 48;
/// Where directories are whose path would be too long.
const ELSEWHERE: &str = "/tmp";
/// How their names begin there.
const PREFIX: &str = "aikore-d-";

/// A directory that is held.
pub(super) struct Place {
    dir: PathBuf,
    /// Whose programs are to find it, where not our own user's.
    user: Option<User>,
    _lock: File,
}

impl Place {
    /// Makes one below `root`, or below `/tmp` where the path would be too long.
    ///
    /// A user only passes through: what root reads and writes here must be no link that the user put in its place, and
    /// who cannot open the directory cannot take its lock.
    pub(super) fn make(root: &Path, user: Option<User>) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        loop {
            let name = &uuid::Uuid::new_v4().simple().to_string()[..8];
            let mut dir = root.join(name);
            if dir.as_os_str().len() > LONGEST {
                dir = Path::new(ELSEWHERE).join(format!("{PREFIX}{name}"));
            } else {
                builder.recursive(true).create(root)?;
                if user.is_some() {
                    users::open_dir(root)?;
                }
            }
            match builder.recursive(false).create(&dir) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            // Between the two, somebody may have taken it for one that nobody holds.
            if let Some(lock) = hold(&dir)? {
                if let Some(user) = &user {
                    users::own(&dir, None, user.uid, 0o710)?;
                }
                for folder in [RUNTIME, "tmp"] {
                    match &user {
                        Some(user) => users::own(&dir.join(folder), Some(user.uid), user.uid, 0o700)?,
                        None => builder.create(dir.join(folder))?,
                    }
                }
                return Ok(Self {
                    dir,
                    user,
                    _lock: lock,
                });
            }
        }
    }

    /// Its path.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whose programs find it, where not our own user's.
    pub(super) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// For the sockets of programs.
    pub(super) fn runtime(&self) -> PathBuf {
        self.dir.join(RUNTIME)
    }

    /// Where the desktop is streamed from.
    pub(super) fn socket(&self) -> Socket {
        Socket {
            path: self.runtime().join("s"),
            user: self.user.as_ref().map(|user| user.uid),
        }
    }

    /// The cookie that opens the screen.
    pub(super) fn cookie(&self) -> PathBuf {
        self.dir.join(COOKIE)
    }

    /// Writes down which process shows the screen, for who has to clear up.
    pub(super) fn note_screen(&self, number: u32, server: &Identity) -> io::Result<()> {
        record::write(&self.dir, SCREEN, &(number, server))
    }

    /// Removes what a screen that has ended left behind.
    pub(super) fn clear_screen(&self) {
        clear_screen(&self.dir);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clear_screen();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// The lock of a directory; none when somebody has it, or the directory went away.
fn hold(dir: &Path) -> io::Result<Option<File>> {
    let lock = File::open(dir)?;
    if lock.try_lock().is_err() {
        return Ok(None);
    }
    let (held, there) = (lock.metadata()?, fs::symlink_metadata(dir));
    Ok(there
        .is_ok_and(|there| (there.dev(), there.ino()) == (held.dev(), held.ino()))
        .then_some(lock))
}

fn clear_screen(dir: &Path) {
    if let Ok((number, server)) = record::read::<(u32, Identity)>(dir, SCREEN)
        && matches!(server.is_alive(), Ok(false))
    {
        display::clear(number, server.pid);
    }
}

/// Removes the directories of sessions that ended without doing so themselves: below `root`, and where they are in the
/// directory of desktops.
pub(crate) fn sweep(root: &Path, desktops: &Path) {
    let own = nix::unistd::geteuid().as_raw();
    let elsewhere = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with(PREFIX))
    };
    let within = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    let here = within(root).chain(within(&users::sockets(desktops)));
    let there = within(Path::new(ELSEWHERE)).filter(elsewhere);
    for entry in here.chain(there) {
        let dir = entry.path();
        let is_ours = entry
            .metadata()
            .is_ok_and(|found| found.is_dir() && found.uid() == own);
        if is_ours && let Ok(Some(_lock)) = hold(&dir) {
            clear_screen(&dir);
            let _ = fs::remove_dir_all(&dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_directory_that_nobody_holds_is_swept_away() {
        let root = tempfile::tempdir().unwrap();
        let held = Place::make(root.path(), None).unwrap();
        let left = root.path().join("left");
        fs::create_dir(&left).unwrap();
        sweep(root.path(), root.path());
        assert!(held.dir().is_dir() && !left.exists());
        let dir = held.dir().to_owned();
        drop(held);
        assert!(!dir.exists());
    }

    #[test]
    fn a_long_path_is_left_for_a_short_one() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::make(&root.path().join("x".repeat(80)), None).unwrap();
        assert!(place.dir().starts_with(ELSEWHERE) && place.socket().path.as_os_str().len() < 60);
        assert_eq!(fs::metadata(place.dir()).unwrap().mode() & 0o777, 0o700);
    }
}
