//! The bus: what happened, for everybody who shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast;
use types::events::Event;

/// Events kept for a slow receiver; one that falls further behind gets [`Event::Resync`] from its socket.
const CAPACITY: usize = 1024;

/// Sends to and receives from the bus.
#[derive(Clone)]
pub struct Events {
    sender: broadcast::Sender<Event>,
    published: Arc<AtomicU64>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(CAPACITY),
            published: Arc::default(),
        }
    }
}

impl Events {
    /// Tells everybody; nobody listening is fine.
    pub fn publish(&self, event: Event) {
        self.published.fetch_add(1, Ordering::AcqRel);
        let _ = self.sender.send(event);
    }

    /// How many events there were. What was read after an equal answer is still true: caches compare it.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Everything from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
