//! Public ports as people choose them: which are free, which may be taken.

use std::collections::HashSet;
use std::net::IpAddr;

use super::forwards::{nobody_listens, taken};
use super::{Inner, Instances};
use crate::{Error, Result, blocking};

impl Instances {
    /// The addresses that public ports are opened on.
    pub fn public_addresses(&self) -> &[IpAddr] {
        &self.inner.config.bind_public
    }

    /// Ports of the range that no instance holds and nobody listens on, lowest first.
    pub async fn available_ports(&self) -> Result<Vec<u16>> {
        let candidates = self.inner.unheld_ports();
        let addresses = self.inner.config.bind_public.clone();
        blocking(move || {
            Ok(candidates
                .into_iter()
                .filter(|port| nobody_listens(&addresses, *port))
                .collect())
        })
        .await
    }
}

impl Inner {
    /// The lowest free port, if one is left. The caller holds `changes` until the port's row is committed.
    pub(super) async fn lowest_free_port(&self) -> Result<Option<u16>> {
        let candidates = self.unheld_ports();
        let addresses = self.config.bind_public.clone();
        blocking(move || {
            Ok(candidates
                .into_iter()
                .find(|port| nobody_listens(&addresses, *port)))
        })
        .await
    }

    /// Checks a port that a person chose. Several instances may hold it, one at a time is active; a program
    /// that is none of ours must not listen on it.
    pub(super) async fn check_port(&self, port: u16) -> Result<()> {
        self.check_range(port)?;
        if self.forwards.tenant(port).is_some() {
            return Ok(());
        }
        let addresses = self.config.bind_public.clone();
        blocking(move || {
            if nobody_listens(&addresses, port) {
                Ok(())
            } else {
                Err(taken(port))
            }
        })
        .await
    }

    pub(super) fn check_range(&self, port: u16) -> Result<()> {
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
