//! X displays: who has which number, the cookie that opens one, and whether somebody answers.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::{DefaultStream, RustConnection};

use crate::process::table;

/// Below are the numbers of people's own screens.
const FIRST: u32 = 100;
/// More screens than a machine can show.
const COUNT: u32 = 900;
/// The only kind of cookie there is.
const COOKIE_KIND: &[u8] = b"MIT-MAGIC-COOKIE-1";
/// `FamilyWild` of the X protocol's authority files: whatever the host is called.
const ANY_HOST: u16 = 0xffff;
/// Nobody takes longer to answer on one machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A number that no other session takes while this is kept.
///
/// The kernel keeps the list: a name of a socket without a file, which is gone with whoever bound it.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) number: u32,
    _name: UnixListener,
}

impl Lease {
    /// Takes the lowest number from `from` on that neither a session nor a living program has.
    pub(super) fn take(from: Option<u32>) -> io::Result<Self> {
        for number in from.unwrap_or(FIRST)..FIRST + COUNT {
            let name = SocketAddr::from_abstract_name(format!("aikore-display-{number}"))?;
            match UnixListener::bind_addr(&name) {
                // Asked only now: who has the name is the only one to begin something here.
                Ok(name) if is_free(number) => return Ok(Self { number, _name: name }),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("every number of a display is taken"))
    }
}

fn lock_file(number: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/.X{number}-lock"))
}

fn socket(number: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/.X11-unix/X{number}"))
}

/// Whether no living program is named by the lock of a display. One that is may be a stranger who was given the number
/// of a process long gone; the X server would not look at what it is, and there are other displays.
fn is_free(number: u32) -> bool {
    match fs::read_to_string(lock_file(number)) {
        Ok(text) => match text.trim().parse::<u32>() {
            Ok(pid) => matches!(table::stat(pid), Ok(None)),
            Err(_) => true,
        },
        Err(error) => error.kind() == io::ErrorKind::NotFound && UnixStream::connect(socket(number)).is_err(),
    }
}

/// Removes what the server with this pid, which is gone, left of its display.
pub(super) fn clear(number: u32, pid: u32) {
    let lock = lock_file(number);
    let is_its = fs::read_to_string(&lock).is_ok_and(|text| text.trim().parse() == Ok(pid));
    if is_its {
        let _ = fs::remove_file(socket(number));
        let _ = fs::remove_file(lock);
    }
}

/// Makes the directory of displays' sockets as it is on every machine: everybody's, and root's own. The first server of
/// another user would make it its own, with a say about the sockets of all.
pub(super) fn shared_directory() {
    let dir = Path::new("/tmp/.X11-unix");
    if fs::create_dir(dir).is_ok() {
        let _ = fs::set_permissions(dir, Permissions::from_mode(0o1777));
    }
}

/// What opens a display.
#[derive(Clone)]
pub(super) struct Cookie([u8; 16]);

impl Cookie {
    pub(super) fn new() -> Self {
        Self(rand::random())
    }

    /// Reads the file that [`write`](Self::write) wrote: the cookie comes last.
    fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read(path)?;
        let last = text.last_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Self(*last))
    }

    /// Writes the file that programs look for it in; those of `group` may read it, too.
    pub(super) fn write(&self, path: &Path, number: u32, group: Option<u32>) -> io::Result<()> {
        let mut text = ANY_HOST.to_be_bytes().to_vec();
        for field in [
            b"".as_slice(),
            number.to_string().as_bytes(),
            COOKIE_KIND,
            &self.0,
        ] {
            let length = u16::try_from(field.len()).map_err(io::Error::other)?;
            text.extend(length.to_be_bytes());
            text.extend(field);
        }
        let _ = fs::remove_file(path);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        if group.is_some() {
            fchown(&file, None, group)?;
            file.set_permissions(Permissions::from_mode(0o640))?;
        }
        file.write_all(&text)
    }
}

/// A display that a server is to show.
#[derive(Clone)]
pub(super) struct Display {
    pub(super) number: u32,
    pub(super) cookie: Cookie,
}

impl Display {
    /// The one of a session whose directory this is.
    pub(super) fn of(number: u32, place: &Path) -> io::Result<Self> {
        let cookie = Cookie::read(&place.join(super::place::COOKIE))?;
        Ok(Self { number, cookie })
    }

    /// `:100`, as programs are told.
    pub(super) fn name(&self) -> String {
        format!(":{}", self.number)
    }

    /// The server's process, as its lock says.
    pub(super) fn server(&self) -> io::Result<u32> {
        let text = fs::read_to_string(lock_file(self.number))?;
        text.trim().parse().map_err(io::Error::other)
    }

    /// Whether the server answers, and takes the cookie.
    pub(super) async fn answers(&self) -> bool {
        self.ask(|_, _| Ok(true)).await
    }

    /// Whether a window manager says that it is there.
    pub(super) async fn is_managed(&self) -> bool {
        self.ask(|connection, root| {
            let name = connection.intern_atom(true, b"_NET_SUPPORTING_WM_CHECK")?;
            let property = name.reply()?.atom;
            let value = connection.get_property(false, root, property, 0_u32, 0, 1)?;
            Ok(value.reply()?.value_len > 0)
        })
        .await
    }

    /// Asks the server something; whatever goes wrong is a no.
    async fn ask(
        &self,
        ask: impl FnOnce(&RustConnection, u32) -> Result<bool, x11rb::errors::ReplyError> + Send + 'static,
    ) -> bool {
        let this = self.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let connection = this.connect()?;
            let root = connection.setup().roots.first()?.root;
            ask(&connection, root).ok()
        });
        matches!(
            tokio::time::timeout(ANSWER_LIMIT, asked).await,
            Ok(Ok(Some(true)))
        )
    }

    /// A connection to the server; none when it is not there or does not take the cookie.
    pub(super) fn connect(&self) -> Option<RustConnection> {
        let stream = UnixStream::connect(socket(self.number)).ok()?;
        let (stream, _) = DefaultStream::from_unix_stream(stream).ok()?;
        RustConnection::connect_to_stream_with_auth_info(
            stream,
            0,
            COOKIE_KIND.to_vec(),
            self.cookie.0.to_vec(),
        )
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_leases_are_two_numbers_and_a_returned_one_is_given_again() {
        // Up there no session of another test comes in between.
        let high = Some(FIRST + COUNT - 10);
        let (one, two) = (Lease::take(high).unwrap(), Lease::take(high).unwrap());
        assert_ne!(one.number, two.number);
        let number = one.number;
        drop(one);
        assert_eq!(Lease::take(Some(number)).unwrap().number, number);
    }

    #[test]
    fn a_lock_of_somebody_else_is_left_alone() {
        let number = FIRST + COUNT + 1;
        fs::write(lock_file(number), format!("{:>10}\n", std::process::id())).unwrap();
        assert!(!is_free(number));
        clear(number, 1);
        assert!(lock_file(number).exists());
        clear(number, std::process::id());
        assert!(!lock_file(number).exists() && is_free(number));
        fs::write(lock_file(number), "garbage").unwrap();
        assert!(is_free(number));
        fs::remove_file(lock_file(number)).unwrap();
    }
}
