//! Ports that fields may offer.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Edits;
use crate::ApiError;
use crate::request::FormOrJson;

/// Ports of the range that nobody holds, lowest first.
#[server(prefix = "/fn", endpoint = "free_ports", protocol = FormOrJson)]
pub(crate) async fn free_ports() -> Result<Vec<u16>, ApiError> {
    Ok(expect_context::<engine::Engine>()
        .instances
        .available_ports()
        .await?)
}

/// Ports nobody holds.
#[derive(Clone)]
pub(super) struct Ports {
    free: Vec<u16>,
    /// They came with the page, and nothing has offered them yet.
    unseen: bool,
}

impl Edits {
    /// Free ports, once they are known; tracked.
    pub fn ports(self) -> Option<Vec<u16>> {
        self.ports.with(|ports| Some(ports.as_ref()?.free.clone()))
    }

    /// Takes over which ports are free.
    pub fn offer(self, ports: Vec<u16>) {
        self.ports.set(Some(Ports {
            free: ports,
            unseen: true,
        }));
    }

    /// Asks which ports are free, whenever a choice of them appears.
    pub fn want_ports(self) {
        crate::ui::effect(move || {
            let unseen = self.ports.try_maybe_update(|ports| {
                let unseen = ports.as_mut().map(|ports| &mut ports.unseen);
                (false, unseen.map(std::mem::take))
            });
            if unseen.flatten() != Some(true) {
                self.refresh_ports();
            }
        });
    }

    fn refresh_ports(self) {
        spawn_local(async move {
            if let Ok(free) = free_ports().await {
                self.ports.try_set(Some(Ports { free, unseen: false }));
            }
        });
    }
}
