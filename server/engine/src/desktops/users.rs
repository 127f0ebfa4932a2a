//! Users of desktops: one for each instance, where the panel is root and was told so.
//!
//! # How it works
//! Root, or a user that all share, can read any desktop's cookie, profile and sockets; users of their own cannot.
//! A user is a number and nothing else. What it has lies in `users/<number>` of the directory of desktops: outside of
//! the data directory, which stays closed to all of them, so that no file in there has to be looked at for who may read
//! it. That directory is root's, and its user only passes through. Hence the directories are the list of who has which
//! number; no table could say otherwise. The numbers of instances that are gone are free again.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::uids::Uids;
use crate::shim::record;

/// Directory of the users, in the directory of desktops.
const USERS: &str = "users";
/// Directory of sockets, there too.
const SOCKETS: &str = "run";
/// Says in a user's directory whose it is.
const OF: &str = "instance.json";

/// Where users come from; a part of the plan of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Users {
    /// The numbers.
    pub uids: Uids,
    /// The directory of desktops.
    pub dir: PathBuf,
    /// The directory of the instance, which names it for all time.
    pub instance: PathBuf,
}

/// The user of a session that runs: nobody else has the number while this is kept.
pub(super) struct User {
    pub(super) uid: u32,
    dir: PathBuf,
    _lease: UnixListener,
}

impl User {
    /// Home of its programs; it stays from run to run.
    pub(super) fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    /// Where files from and for viewers lie.
    pub(super) fn files(&self) -> PathBuf {
        self.dir.join("files")
    }
}

impl Users {
    /// Where sessions have their sockets.
    pub(super) fn sockets(&self) -> PathBuf {
        sockets(&self.dir)
    }

    /// The user of the instance: the one it had, or the lowest that nobody has.
    pub(super) fn take(&self) -> io::Result<User> {
        let users = self.dir.join(USERS);
        open_dir(&self.dir)?;
        open_dir(&users)?;
        // Two at once would take the same number.
        let list = File::open(&users)?;
        list.lock()?;
        let (uid, lease) = match self.had(&users)? {
            Some(uid) => (uid, lease(uid)?),
            None => self.free(&users)?,
        };
        let user = User {
            uid,
            dir: users.join(uid.to_string()),
            _lease: lease,
        };
        self.furnish(&user)?;
        Ok(user)
    }

    fn had(&self, users: &Path) -> io::Result<Option<u32>> {
        let mut known = owners(users)?.into_iter();
        let own = known.find(|(uid, of)| self.uids.contains(*uid) && of.as_deref() == Some(&*self.instance));
        Ok(own.map(|(uid, _)| uid))
    }

    fn free(&self, users: &Path) -> io::Result<(u32, UnixListener)> {
        let known = owners(users)?;
        let is_taken = |uid: u32| {
            // Who has a name is somebody, such as a service that systemd runs just now.
            let has_name = !matches!(nix::unistd::User::from_uid(uid.into()), Ok(None));
            has_name || known.iter().any(|(known, of)| *known == uid && of.is_some())
        };
        let mut free = self.uids.all().filter(|uid| !is_taken(*uid));
        let found = free.find_map(|uid| Some((uid, lease(uid).ok()?)));
        found.ok_or_else(|| io::Error::other(format!("every number of {} is taken", self.uids)))
    }

    /// Makes a way to the user's files from a folder that instances may share.
    pub(super) fn link(&self, user: &User, folder: &Path) -> io::Result<()> {
        let name = self.instance.file_name().unwrap_or_default();
        let link = folder.join(format!("desktop-{}", name.to_string_lossy()));
        let target = user.files();
        match fs::read_link(&link) {
            Ok(old) if old == target => return Ok(()),
            // It had another number once.
            Ok(old) if old.starts_with(&self.dir) => fs::remove_file(&link)?,
            _ => {}
        }
        symlink(target, link)
    }

    /// Makes what is missing. Whose it is is written last: what has no owner is begun again.
    fn furnish(&self, user: &User) -> io::Result<()> {
        let of = user.dir.join(OF);
        if !of.exists() && user.dir.exists() {
            fs::remove_dir_all(&user.dir)?;
        }
        own(&user.dir, None, user.uid, 0o710)?;
        own(&user.home(), Some(user.uid), user.uid, 0o700)?;
        // What the app puts there is of the user's group, too.
        own(&user.files(), Some(user.uid), user.uid, 0o2770)?;
        if of.exists() {
            return Ok(());
        }
        record::write(&user.dir, OF, &self.instance)
    }
}

/// Makes a directory, if it is not there, and says whose it is. Its parent is root's, so it is no link that somebody
/// put there.
pub(super) fn own(dir: &Path, uid: Option<u32>, group: u32, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        done => done?,
    }
    chown(dir, Some(uid.unwrap_or(0)), Some(group))?;
    fs::set_permissions(dir, Permissions::from_mode(mode))
}

/// Where sessions have their sockets whose users cannot enter the data directory.
pub(super) fn sockets(dir: &Path) -> PathBuf {
    dir.join(SOCKETS)
}

/// Makes a directory that every user may pass through.
pub(super) fn open_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mode = fs::metadata(dir)?.mode();
    if mode & 0o111 == 0o111 {
        return Ok(());
    }
    fs::set_permissions(dir, Permissions::from_mode(mode & 0o7777 | 0o111))
}

/// The kernel's list of numbers in use: another panel may have the same range, but another directory.
fn lease(uid: u32) -> io::Result<UnixListener> {
    let name = SocketAddr::from_abstract_name(format!("aikore-desktop-user-{uid}"))?;
    UnixListener::bind_addr(&name).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => io::Error::other(format!("another panel uses the number {uid}")),
        _ => error,
    })
}

/// Every user, and whose it is as far as that was written down.
fn owners(users: &Path) -> io::Result<Vec<(u32, Option<PathBuf>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(users)? {
        let entry = entry?;
        if let Some(uid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.push((uid, record::read(&entry.path(), OF).ok()));
        }
    }
    Ok(found)
}

/// Removes what users have whose instance `is_gone`. `instances` holds the directories of this panel's instances: users
/// of another panel's are left alone.
pub(crate) fn sweep(dir: &Path, instances: &Path, is_gone: impl Fn(&str) -> bool) {
    let users = dir.join(USERS);
    let Ok(list) = File::open(&users) else { return };
    if list.lock().is_err() {
        return;
    }
    for (uid, of) in owners(&users).unwrap_or_default() {
        let name = of.as_deref().and_then(|of| of.strip_prefix(instances).ok());
        if name.and_then(Path::to_str).is_some_and(&is_gone)
            && let Err(error) = fs::remove_dir_all(users.join(uid.to_string()))
        {
            tracing::warn!(uid, %error, "what a desktop's user had could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(dir: &Path, name: &str) -> Users {
        Users {
            // High up, where no other test takes one.
            uids: "1999999000-1999999009".parse().unwrap(),
            dir: dir.to_owned(),
            instance: dir.join("instances").join(name),
        }
    }

    #[test]
    fn each_instance_keeps_its_number_until_it_is_gone() {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("skipped: only root gives desktops users of their own");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let take = |name: &str| users(dir.path(), name).take().unwrap();
        let (one, two) = (take("one"), take("two"));
        assert_ne!(one.uid, two.uid);
        let home = fs::metadata(one.home()).unwrap();
        assert_eq!((home.uid(), home.mode() & 0o777), (one.uid, 0o700));
        let above = fs::metadata(home_of(&one)).unwrap();
        assert_eq!(
            (above.uid(), above.gid(), above.mode() & 0o777),
            (0, one.uid, 0o710)
        );
        let error = users(dir.path(), "one").take().err().unwrap().to_string();
        assert!(error.contains("another panel"), "{error}");

        let uid = one.uid;
        drop(one);
        assert_eq!(take("one").uid, uid);
        sweep(dir.path(), Path::new("/elsewhere"), |_| true);
        assert_eq!(take("one").uid, uid, "another panel's");
        sweep(dir.path(), &dir.path().join("instances"), |name| name == "one");
        let three = take("three");
        assert_eq!(three.uid, uid, "free again");
        let rest: Vec<User> = (0..8).map(|number| take(&number.to_string())).collect();
        let error = users(dir.path(), "more").take().err().unwrap().to_string();
        assert!(error.contains("is taken") && rest.len() == 8, "{error}");
    }

    fn home_of(user: &User) -> PathBuf {
        user.home().parent().unwrap().to_owned()
    }
}
