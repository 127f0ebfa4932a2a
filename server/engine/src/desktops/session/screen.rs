//! The screen of a session: an X server without hardware.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Session;
use super::keep::{Ended, Program};
use super::parts::Parts;
use crate::desktops::display::{self, Cookie, Display, Lease};
use crate::desktops::place::Place;
use crate::process::Identity;
use crate::process::command;

/// So many servers are tried, each with another number.
const TRIES: u32 = 5;
/// A server that does not answer by then is given up.
const LIMIT: Duration = Duration::from_secs(30);
/// Between two looks.
const PACE: Duration = Duration::from_millis(20);

/// A screen that is there.
pub(super) struct Screen {
    pub(super) display: Display,
    server: Program,
    _lease: Lease,
}

impl Screen {
    /// Waits for its end.
    pub(super) async fn gone(&mut self) -> Ended {
        self.server.ended().await
    }

    /// Ends it.
    pub(super) async fn stop(&mut self) {
        self.server.stop().await;
    }
}

impl Session {
    /// Begins a screen and waits until it answers. The error is a sentence.
    pub(super) async fn screen(
        &self,
        place: &Place,
        from: Option<u32>,
        stop: &CancellationToken,
    ) -> Result<Screen, String> {
        let (mut from, mut problem) = (from, String::new());
        for _ in 0..TRIES {
            let lease = Lease::take(from).map_err(|error| format!("There is no screen: {error}."))?;
            let display = Display {
                number: lease.number,
                cookie: Cookie::new(),
            };
            from = Some(lease.number + 1);
            let user = place.user().map(|user| user.uid);
            if user.is_some() {
                display::shared_directory();
            }
            let written = display.cookie.write(&place.cookie(), lease.number, user);
            written
                .map_err(|error| format!("There is no screen: its cookie cannot be written ({error})."))?;
            let mut server = Program::start(Parts::new(self, place, &display).screen());
            tokio::select! {
                () = until(async || display.answers().await) => {
                    self.note(place, &display);
                    self.resize(place, &display).await;
                    return Ok(Screen { display, server, _lease: lease });
                }
                ended = server.ended() => problem = ended.in_words(),
                () = sleep(LIMIT) => {
                    server.stop().await;
                    "does not answer".clone_into(&mut problem);
                }
                () = stop.cancelled() => {
                    server.stop().await;
                    return Err("It was asked to end before there was a screen.".to_owned());
                }
            }
        }
        Err(format!("There is no screen: Xvfb {problem}."))
    }

    /// Writes down who shows the screen.
    fn note(&self, place: &Place, display: &Display) {
        let noted = display
            .server()
            .and_then(Identity::of)
            .and_then(|server| place.note_screen(display.number, &server));
        if let Err(error) = noted {
            self.journal
                .say(&format!("The screen's process is not known: {error}."));
        }
        self.journal.on_display(Some(display.number));
    }

    /// The screen begins as large as it can become; programs that begin on it shall find it as large as it is seen.
    async fn resize(&self, place: &Place, display: &Display) {
        let resize = Parts::new(self, place, display).resize();
        let said = command::output(resize, &CancellationToken::new(), 4096).await;
        match said {
            Ok(said) if said.end == command::End::Code(0) => {}
            Ok(said) => {
                let errors = String::from_utf8_lossy(&said.errors);
                let last = errors.lines().last().unwrap_or_default().to_owned();
                self.journal
                    .say(&format!("The screen could not be given its size: {last}"));
            }
            Err(error) => self
                .journal
                .say(&format!("The screen could not be given its size: {error}.")),
        }
    }

    /// Waits for the window manager, but not for ever: an app can do without.
    pub(super) async fn until_managed(&self, display: &Display, stop: &CancellationToken) {
        tokio::select! {
            () = until(async || display.is_managed().await) => {}
            () = sleep(LIMIT) => self.journal.say("There is no window manager yet; the app is begun without."),
            () = stop.cancelled() => {}
        }
    }
}

/// Looks until it is so.
pub(super) async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        sleep(PACE).await;
    }
}
