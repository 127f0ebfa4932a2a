//! What people see of the connection: a lamp in the top bar and a banner while it is lost.

use std::time::Duration;

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use web_sys::js_sys::Date;

use super::{Connection, Live};
use crate::shell::shared_machine_name;
use crate::ui::words::decimal;

/// The lamp beside the host's name; the first component that wants the socket on every page.
#[component]
pub fn ConnectionLamp() -> impl IntoView {
    let live = Live::get();
    let host = shared_machine_name();
    crate::ui::effect(move || live.start());
    view! {
        <span class="host" title=move || sentence(live.connection())>
            <span class=move || format!("host__lamp {}", tone(live.connection()))>
                <svg class="status__shape" aria-hidden="true"><use href=move || shape(live.connection()) /></svg>
            </span>
            {host}
            <span class="only-wide faint">{move || word(live.connection())}</span>
        </span>
    }
}

/// A line over the page while the connection is lost.
#[component]
pub fn OfflineBanner() -> impl IntoView {
    let live = Live::get();
    let now = RwSignal::new(0.0);
    crate::ui::effect(move || {
        if live.is_offline() {
            now.set(Date::now());
            if let Ok(timer) = set_interval_with_handle(move || now.set(Date::now()), Duration::from_secs(1))
            {
                on_cleanup(move || timer.clear());
            }
        }
    });
    view! {
        <div class="offline" role="status">
            {move || match live.connection() {
                Connection::Offline { since } => Some(view! {
                    <p class="offline__line">
                        <svg class="icon icon--sm" aria-hidden="true"><use href="#s-unhealthy" /></svg>
                        {move || fill("Connection lost · reconnecting…, values are from {}", &[&age(now.get() - since)])}
                    </p>
                }),
                _ => None,
            }}
        </div>
    }
}

fn tone(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => "status--idle",
        Connection::Online => "status--ok",
        Connection::Offline { .. } => "status--warn",
    }
}

fn shape(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => "#s-stopped",
        Connection::Online => "#s-healthy",
        Connection::Offline { .. } => "#s-unhealthy",
    }
}

fn word(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => "",
        Connection::Online => t("live"),
        Connection::Offline { .. } => t("Reconnecting"),
    }
}

fn sentence(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => t("Shows what was true when the page was loaded"),
        Connection::Online => t("Connected: what you see is true now"),
        Connection::Offline { .. } => t("Connection lost, trying again"),
    }
}

/// `12 s ago`, `3 min ago`.
fn age(ms: f64) -> String {
    let seconds = (ms.max(0.0) / 1000.0).floor();
    if seconds < 60.0 {
        fill("{} s ago", &[&decimal(seconds, 0)])
    } else if seconds < 3600.0 {
        fill("{} min ago", &[&decimal((seconds / 60.0).floor(), 0)])
    } else {
        fill("{} h ago", &[&decimal((seconds / 3600.0).floor(), 0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_one_unit() {
        assert_eq!(age(-5.0), "0 s ago");
        assert_eq!(age(12_900.0), "12 s ago");
        assert_eq!(age(61_000.0), "1 min ago");
        assert_eq!(age(7_300_000.0), "2 h ago");
    }
}
