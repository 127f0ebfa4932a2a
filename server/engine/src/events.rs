//! The bus: what happened, for everybody who shows it.

use tokio::sync::broadcast;
use types::events::Event;

/// Events kept for a slow receiver; one that falls further behind gets [`Event::Resync`] from its socket.
const CAPACITY: usize = 1024;

/// Sends to and receives from the bus.
#[derive(Clone)]
pub struct Events {
    sender: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(CAPACITY),
        }
    }
}

impl Events {
    /// Tells everybody; nobody listening is fine.
    pub fn publish(&self, event: Event) {
        let _ = self.sender.send(event);
    }

    /// Everything from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
