//! Public ports: which are free.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

use super::{Inner, Instances};
use crate::{Error, Result, blocking};

impl Instances {
    /// Ports of the range that no instance holds and nobody listens on, lowest first.
    pub async fn available_ports(&self) -> Result<Vec<u16>> {
        let candidates = self.inner.unheld_ports();
        blocking(move || {
            Ok(candidates
                .into_iter()
                .filter(|port| nobody_listens(*port))
                .collect())
        })
        .await
    }
}

impl Inner {
    /// The lowest free port, if one is left. The caller holds `changes` until the port's row is committed.
    pub(super) async fn lowest_free_port(&self) -> Result<Option<u16>> {
        let candidates = self.unheld_ports();
        blocking(move || Ok(candidates.into_iter().find(|port| nobody_listens(*port)))).await
    }

    /// Checks a port that a person chose. Several instances may hold it: one at a time is active.
    pub(super) fn check_port(&self, port: u16) -> Result<()> {
        let range = self.config.port_range;
        if range.contains(port) {
            Ok(())
        } else {
            Err(Error::PortOutOfRange { port, range })
        }
    }

    fn unheld_ports(&self) -> Vec<u16> {
        let held: HashSet<u16> = self
            .rows
            .list()
            .iter()
            .filter_map(|row| row.public_port)
            .collect();
        self.config
            .port_range
            .ports()
            .filter(|port| !held.contains(port))
            .collect()
    }
}

/// Whether a listener could have this port on every address now. It is bound for a moment and never listens.
fn nobody_listens(port: u16) -> bool {
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).and_then(|socket| {
        socket.set_reuse_address(true)?; // as the later listener does: old connections are no obstacle
        socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())
    });
    bound.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_somebody_listens_on_is_not_free() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!nobody_listens(listener.local_addr().unwrap().port()));
    }
}
