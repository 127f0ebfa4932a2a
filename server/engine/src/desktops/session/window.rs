//! A session whose app opens a window: without a screen there is no app.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::keep::Ended;
use super::parts::Parts;
use super::screen::Screen;
use super::{Session, UNAVAILABLE};
use crate::desktops::place::Place;
use crate::instances::backoff::Crashes;
use crate::process::command::End;

/// An app often notices before we do that its screen is gone.
const SCREEN_TOO: Duration = Duration::from_secs(3);

impl Session {
    /// From beginning to end.
    pub(super) async fn window(&self, asked: &CancellationToken) -> End {
        let place = match self.begin() {
            Ok(place) => place,
            Err(problem) => return self.without_a_desktop(&problem),
        };
        let (mut crashes, mut number) = (Crashes::default(), None);
        loop {
            let mut screen = match self.screen(&place, number, asked).await {
                Ok(screen) => screen,
                Err(_) if asked.is_cancelled() => return End::Cancelled,
                Err(problem) => return self.without_a_desktop(&problem),
            };
            number = Some(screen.display.number);
            let gone = match self.window_on(&mut screen, &place, asked).await {
                Ok(end) => return end,
                Err(gone) => gone,
            };
            let problem = format!("The screen {}", gone.in_words());
            place.clear_screen();
            let Some(wait) = crashes.count(Instant::now()) else {
                return self.without_a_desktop(&format!("{problem}. It ended too often, and is left alone."));
            };
            self.journal.starting(&problem);
            self.journal.say(&format!(
                "{problem}. It is begun again with the app in {} s.",
                wait.as_secs()
            ));
            tokio::select! {
                () = sleep(wait) => {}
                () = asked.cancelled() => return End::Cancelled,
            }
        }
    }

    fn without_a_desktop(&self, problem: &str) -> End {
        self.journal.fail(problem);
        End::Code(UNAVAILABLE)
    }

    /// The app on one screen: how the app ended, or how the screen did.
    async fn window_on(
        &self,
        screen: &mut Screen,
        place: &Place,
        asked: &CancellationToken,
    ) -> Result<End, Ended> {
        let (display, stop, over) = (
            screen.display.clone(),
            asked.child_token(),
            CancellationToken::new(),
        );
        let app = async {
            self.until_managed(&display, &stop).await;
            let end = self
                .app(Parts::new(self, place, &display).shown_on(), &stop)
                .await;
            if !asked.is_cancelled() && !display.answers().await {
                // Then it is the screen's end that counts.
                let _ = tokio::time::timeout(SCREEN_TOO, over.cancelled()).await;
            }
            over.cancel();
            end
        };
        let watched = async {
            let gone = tokio::select! {
                ended = screen.gone() => Some(ended),
                () = over.cancelled() => None,
            };
            stop.cancel();
            over.cancel();
            gone
        };
        let (end, gone, ()) = tokio::join!(app, watched, self.furnish(place, &display, &over));
        screen.stop().await;
        match gone {
            Some(gone) if !asked.is_cancelled() => Err(gone),
            _ => Ok(end),
        }
    }
}
