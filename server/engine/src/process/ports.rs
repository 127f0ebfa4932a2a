//! Who listens where, by `/proc/net/tcp` and the open files of processes.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};

use types::ports::PortRange;

use super::table;

/// A listening socket.
const LISTEN: &str = "0A";

/// Listening sockets: inode to port.
fn listeners() -> io::Result<HashMap<u64, u16>> {
    let mut found = HashMap::new();
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
    if *fields.get(3)? != LISTEN {
        return None;
    }
    let port = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
    Some((fields.get(9)?.parse().ok()?, port))
}

/// Every listening socket by its inode, lowest first: changes whenever somebody begins or ends to listen.
pub(crate) fn listening() -> io::Result<Vec<u64>> {
    let mut sockets: Vec<u64> = listeners()?.into_keys().collect();
    sockets.sort_unstable();
    Ok(sockets)
}

/// Inodes of the sockets a process has open; empty when we may not look.
fn sockets(pid: u32) -> Vec<u64> {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .filter_map(|target| {
            target
                .to_str()?
                .strip_prefix("socket:[")?
                .strip_suffix(']')?
                .parse()
                .ok()
        })
        .collect()
}

/// Ports these processes listen on, lowest first.
pub(crate) fn listened_by(pids: &[u32]) -> io::Result<Vec<u16>> {
    let listeners = listeners()?;
    let mut ports: Vec<u16> = pids
        .iter()
        .flat_map(|pid| sockets(*pid))
        .filter_map(|inode| listeners.get(&inode).copied())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

/// Who listens on a port, as `name (pid)`; none when nobody does.
pub(crate) fn holder(port: u16) -> io::Result<Option<String>> {
    let inodes: Vec<u64> = listeners()?
        .into_iter()
        .filter(|(_, listened)| *listened == port)
        .map(|(inode, _)| inode)
        .collect();
    if inodes.is_empty() {
        return Ok(None);
    }
    let process = table::all()
        .unwrap_or_default()
        .into_iter()
        .find(|process| sockets(process.pid).iter().any(|inode| inodes.contains(inode)));
    Ok(Some(process.map_or_else(
        || "a process of another user".to_owned(),
        |process| process.label(),
    )))
}

/// Where apps listen inside the machine: outside the ports the kernel hands out to outgoing connections (32768
/// and up), so that a free one stays free until the app takes it.
pub(crate) const INTERNAL: PortRange = PortRange {
    first: 21_000,
    last: 31_999,
};

/// A free port for an app.
pub(crate) fn free(taken: impl Fn(u16) -> bool) -> Option<u16> {
    let count = INTERNAL.last - INTERNAL.first + 1;
    let begin: u16 = rand::random_range(0..count);
    (0..count)
        .map(|step| INTERNAL.first + (begin + step) % count)
        .find(|port| !taken(*port) && TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_port_is_named() {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        assert!(
            holder(port)
                .unwrap()
                .unwrap()
                .ends_with(&format!("({})", std::process::id()))
        );
        assert!(listened_by(&[std::process::id()]).unwrap().contains(&port));
        drop(socket);
        assert_eq!(holder(port).unwrap(), None);
    }

    #[test]
    fn two_free_ports_differ() {
        let first = free(|_| false).unwrap();
        assert_ne!(free(|port| port == first).unwrap(), first);
        assert!(INTERNAL.contains(first));
    }
}
