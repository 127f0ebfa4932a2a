//! Listening sockets of public ports.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted; the kernel's own limit is usually the same.
const BACKLOG: i32 = 4096;

/// Listens on a port of every address.
pub(super) fn listen(addresses: &[IpAddr], port: u16) -> io::Result<Vec<TcpListener>> {
    // Where IPv4 has a socket of its own, `::` must leave it alone.
    let only_v6 = addresses.iter().any(IpAddr::is_ipv4);
    addresses
        .iter()
        .map(|address| {
            let socket = bound(*address, port, only_v6)?;
            socket.listen(BACKLOG)?;
            socket.set_nonblocking(true)?;
            Ok(socket.into())
        })
        .collect()
}

/// Whether nobody listens on a port, on whatever address. It is bound for a moment and never listens.
pub(in crate::instances) fn nobody_listens(addresses: &[IpAddr], port: u16) -> bool {
    let everywhere = [IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
    let v6 = addresses.iter().filter(|address| address.is_ipv6());
    everywhere
        .iter()
        .chain(v6)
        .all(|address| match bound(*address, port, true) {
            Ok(_) => true,
            // An address that this machine has not is told when the port is opened.
            Err(error) => error.kind() != io::ErrorKind::AddrInUse,
        })
}

fn bound(address: IpAddr, port: u16, only_v6: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(SocketAddr::new(address, port)),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // Connections of an earlier listener that are still ending are no obstacle.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    socket.bind(&SocketAddr::new(address, port).into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, TcpStream};

    use super::*;

    /// A port that is free now on every address.
    fn free() -> u16 {
        let socket = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        socket.local_addr().unwrap().port()
    }

    #[test]
    fn a_port_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!nobody_listens(&[], port));
        let error = listen(&[Ipv4Addr::LOCALHOST.into()], port).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        assert!(nobody_listens(&[], port));
    }

    #[test]
    fn both_protocols_listen_side_by_side_or_through_one_socket() {
        let (v4, v6) = (Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into());
        for addresses in [&[v4, v6][..], &[v6]] {
            let port = free();
            let sockets = listen(addresses, port).unwrap();
            assert_eq!(sockets.len(), addresses.len());
            for address in ["127.0.0.1", "::1"] {
                let address = SocketAddr::new(address.parse().unwrap(), port);
                TcpStream::connect(address).unwrap();
            }
        }
    }

    #[test]
    fn an_address_of_another_machine_cannot_be_listened_on() {
        let elsewhere = "192.0.2.1".parse().unwrap();
        let error = listen(&[elsewhere], free()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }
}
