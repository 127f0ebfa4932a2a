//! Who listens where, by the sockets that listen and the open files of processes.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};

use types::ports::PortRange;

pub(crate) use super::listeners::{Listeners, listeners};
use super::table;

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
pub(crate) fn listened_by(pids: &[u32], listeners: &Listeners) -> Vec<u16> {
    let mut ports: Vec<u16> = pids
        .iter()
        .flat_map(|pid| sockets(*pid))
        .filter_map(|inode| listeners.get(&inode).copied())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
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
        let ours = listened_by(&[std::process::id()], &listeners().unwrap());
        assert!(ours.contains(&port));
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
