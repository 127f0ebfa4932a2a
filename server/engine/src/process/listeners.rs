//! Sockets that listen, as the kernel's socket diagnostics tell them (`sock_diag(7)`): asked for these alone, it looks at
//! nothing else. `/proc/net/tcp` goes through the table of all connections there could be, which was a fifth of what
//! measuring cost; it is read where there are no diagnostics.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::AsRawFd as _;

use nix::libc::{AF_INET, AF_INET6, IPPROTO_TCP, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

/// Inodes of listening sockets, and their ports.
pub(crate) type Listeners = HashMap<u64, u16>;

/// Who listens now.
pub(crate) fn listeners() -> io::Result<Listeners> {
    diagnosed().or_else(|_| listed())
}

/// A message that asks about sockets, or tells of one.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// The state of a socket that listens.
const LISTEN: u8 = 10;
/// Bytes of a message's head: length, kind, flags, number, and whose it is.
const HEAD: usize = 16;
/// More than the kernel says at once.
const ANSWER_MAX: usize = 64 * 1024;

fn diagnosed() -> io::Result<Listeners> {
    let kernel = socket(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkSockDiag,
    )?;
    let kernel = kernel.as_raw_fd();
    let mut found = Listeners::new();
    let mut answer = vec![0; ANSWER_MAX];
    for family in [AF_INET, AF_INET6] {
        send(kernel, &question(family)?, MsgFlags::empty())?;
        loop {
            // It has answered when the question is sent, so there is nothing to wait for.
            let length = recv(kernel, &mut answer, MsgFlags::MSG_DONTWAIT)?;
            if read(&answer[..length], &mut found)? {
                break;
            }
        }
    }
    Ok(found)
}

/// Asks for every TCP socket of a family that listens (`inet_diag_req_v2`).
fn question(family: i32) -> io::Result<[u8; 72]> {
    let byte = |number: i32| u8::try_from(number).map_err(io::Error::other);
    let flags = u16::try_from(NLM_F_REQUEST | NLM_F_DUMP).map_err(io::Error::other)?;
    let mut message = [0; 72];
    message[..4].copy_from_slice(&72_u32.to_ne_bytes());
    message[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message[6..8].copy_from_slice(&flags.to_ne_bytes());
    message[HEAD] = byte(family)?;
    message[HEAD + 1] = byte(IPPROTO_TCP)?;
    message[HEAD + 4..HEAD + 8].copy_from_slice(&(1_u32 << LISTEN).to_ne_bytes());
    Ok(message)
}

/// Reads what came at once; says whether it was the last.
fn read(mut messages: &[u8], found: &mut Listeners) -> io::Result<bool> {
    let half = || io::Error::new(io::ErrorKind::InvalidData, "half a message");
    while !messages.is_empty() {
        let length = u32::from_ne_bytes(bytes(messages, 0).ok_or_else(half)?) as usize;
        let kind = u16::from_ne_bytes(bytes(messages, 4).ok_or_else(half)?);
        let told = messages.get(HEAD..length).ok_or_else(half)?;
        match kind {
            SOCK_DIAG_BY_FAMILY => found.extend(socket_of(told)),
            kind if i32::from(kind) == NLMSG_DONE => return Ok(true),
            kind if i32::from(kind) == NLMSG_ERROR => {
                let error = bytes(told, 0).map_or(0, i32::from_ne_bytes);
                return Err(io::Error::from_raw_os_error(-error));
            }
            _ => {}
        }
        messages = messages.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// Inode and port of an `inet_diag_msg`.
fn socket_of(told: &[u8]) -> Option<(u64, u16)> {
    let port = u16::from_be_bytes(bytes(told, 4)?);
    let inode = u32::from_ne_bytes(bytes(told, 68)?);
    (*told.get(1)? == LISTEN).then_some((u64::from(inode), port))
}

fn bytes<const LENGTH: usize>(from: &[u8], at: usize) -> Option<[u8; LENGTH]> {
    from.get(at..at + LENGTH)?.try_into().ok()
}

fn listed() -> io::Result<Listeners> {
    let mut found = Listeners::new();
    for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        match fs::read_to_string(path) {
            Ok(text) => found.extend(text.lines().skip(1).filter_map(parse)),
            // A kernel without this version of the protocol.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn parse(line: &str) -> Option<(u64, u16)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if u8::from_str_radix(fields.get(3)?, 16) != Ok(LISTEN) {
        return None;
    }
    let port = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
    Some((fields.get(9)?.parse().ok()?, port))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
    use std::os::fd::AsFd;

    use nix::libc::{EACCES, ENOENT, EPERM, EPROTONOSUPPORT};

    use super::*;

    fn inode(socket: &impl AsFd) -> u64 {
        nix::sys::stat::fstat(socket).unwrap().st_ino
    }

    fn assert_tells(told: fn() -> io::Result<Listeners>) {
        let four = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let six = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok();
        let connected = TcpStream::connect(four.local_addr().unwrap()).unwrap();
        let found = told().unwrap();
        for socket in [Some(four), six].into_iter().flatten() {
            let port = socket.local_addr().unwrap().port();
            assert_eq!(found.get(&inode(&socket)), Some(&port));
        }
        assert_eq!(found.get(&inode(&connected)), None);
    }

    #[test]
    fn proc_tells_who_listens_and_not_who_is_connected() {
        assert_tells(listed);
    }

    #[test]
    fn diagnostics_tell_who_listens_and_not_who_is_connected() {
        match diagnosed() {
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(EPROTONOSUPPORT | ENOENT | EPERM | EACCES)
                ) =>
            {
                eprintln!("skipped: this kernel offers no diagnostics ({error})");
            }
            _ => assert_tells(diagnosed),
        }
    }

    #[test]
    fn more_sockets_than_one_answer_holds_are_all_told() {
        let many: Vec<_> = (0..120)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
            .collect();
        let found = listeners().unwrap();
        for socket in &many {
            assert!(found.contains_key(&inode(socket)), "{socket:?}");
        }
    }

    #[test]
    fn half_a_message_is_an_error() {
        let question = question(AF_INET).unwrap();
        for length in 1..question.len() {
            assert!(
                read(&question[..length], &mut Listeners::new()).is_err(),
                "{length}"
            );
        }
        assert!(read(&[0; HEAD], &mut Listeners::new()).is_err());
    }
}
