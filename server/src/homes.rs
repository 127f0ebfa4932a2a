//! Where people reach the panel itself: who comes to a public port first is sent there to log in.
//!
//! The port the panel listens on need not be the one people use: a container maps ports, a proxy stands in
//! front. So the address under which somebody logged in last used the panel is remembered, by host name. Only
//! who is logged in is believed: anybody else could lead people to another port of the host.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use axum::http::HeaderMap;

use crate::origin::{host, host_name};
use crate::site::arrival::asked_scheme;

/// Host names remembered; with more, all are forgotten.
const NAMES_MAX: usize = 64;

/// See the module.
#[derive(Default)]
pub(crate) struct Homes {
    listening: OnceLock<(u16, bool)>,
    /// Scheme and host with port, by host name.
    used: Mutex<HashMap<String, String>>,
    /// The address that was used last, under whatever name.
    last: Mutex<Option<String>>,
}

impl Homes {
    /// Where the panel listens, and whether it speaks TLS there.
    pub(crate) fn is_at(&self, port: u16, tls: bool) {
        let _ = self.listening.set((port, tls));
    }

    /// Somebody logged in used the panel under this address.
    pub(crate) fn used(&self, headers: &HeaderMap) {
        let Some(host) = host(headers) else { return };
        let name = host_name(host).to_ascii_lowercase();
        let address = format!("{}://{host}", asked_scheme(headers));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(address.clone());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= NAMES_MAX && !used.contains_key(&name) {
            used.clear();
        }
        used.insert(name, address);
    }

    /// The panel's address for who asks an app on a name that says nothing of the panel's.
    pub(crate) fn last(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// The panel's address for who asks another port of the same host: scheme and host with port.
    pub(crate) fn seen_from(&self, headers: &HeaderMap) -> Option<String> {
        let name = host_name(host(headers)?).to_ascii_lowercase();
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = used.get(&name) {
            return Some(address.clone());
        }
        let (port, tls) = self.listening.get()?;
        let scheme = if *tls { "https" } else { "http" };
        Some(format!("{scheme}://{name}:{port}"))
    }
}
