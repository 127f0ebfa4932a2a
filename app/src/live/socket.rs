//! The only place that tells browsers and server apart: the socket exists in browsers.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "hydrate")]
pub(super) use browser::{Outbox, is_hidden, open};

#[cfg(not(feature = "hydrate"))]
pub(super) use server::{Outbox, is_hidden, open};

#[cfg(not(feature = "hydrate"))]
mod server {
    use types::events::ClientMessage;

    use crate::live::Live;

    /// Says nothing.
    pub(in crate::live) struct Outbox;

    impl Outbox {
        #[expect(clippy::unused_self, reason = "the browser's needs it")]
        pub(in crate::live) fn say(&self, message: ClientMessage) {
            let _ = message;
        }
    }

    pub(in crate::live) fn open(live: Live) -> Option<Outbox> {
        // Never called: effects do not run on the server.
        let _ = (Live::apply, Live::heard, Live::lost, Live::wishes, live);
        None
    }

    pub(in crate::live) fn is_hidden() -> bool {
        false
    }
}
