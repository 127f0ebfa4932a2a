//! A session whose app serves pages: the app goes on whatever becomes of the desktop.

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::Session;
use super::parts::Parts;
use super::screen::Screen;
use crate::desktops::place::Place;
use crate::instances::backoff::Crashes;
use crate::process::command::End;

impl Session {
    /// From beginning to end.
    pub(super) async fn page(&self, asked: &CancellationToken) -> End {
        let place = self.begin();
        let screen = match &place {
            Ok(place) => self.screen(place, None, asked).await,
            Err(problem) => Err(problem.clone()),
        };
        let shown_on = match (&place, &screen) {
            (Ok(place), Ok(screen)) => Parts::new(self, place, &screen.display).shown_on(),
            _ => Vec::new(),
        };
        let over = CancellationToken::new();
        let app = async {
            let end = self.app(shown_on, asked).await;
            over.cancel();
            end
        };
        let desktop = async {
            match (&place, screen) {
                (Ok(place), Ok(screen)) => self.screens(place, screen, &over).await,
                (_, Err(problem)) if !asked.is_cancelled() => {
                    self.journal
                        .fail(&format!("{problem} The app itself runs all the same."));
                }
                _ => {}
            }
        };
        tokio::join!(app, desktop).0
    }

    /// One screen after the other, until `over`.
    async fn screens(&self, place: &Place, mut screen: Screen, over: &CancellationToken) {
        let mut crashes = Crashes::default();
        loop {
            let (display, end) = (screen.display.clone(), over.child_token());
            let watched = async {
                let gone = tokio::select! {
                    ended = screen.gone() => Some(ended),
                    () = end.cancelled() => None,
                };
                end.cancel();
                gone
            };
            let (gone, ()) = tokio::join!(watched, self.furnish(place, &display, &end));
            screen.stop().await;
            let Some(gone) = gone else { return };
            let problem = format!("The screen {}", gone.in_words());
            place.clear_screen();
            self.journal.on_display(None);
            let Some(wait) = crashes.count(Instant::now()) else {
                self.journal.fail(&format!(
                    "{problem}. It ended too often, and is left alone until the next start; the app itself runs on."
                ));
                return;
            };
            self.journal.starting(&problem);
            self.journal.say(&format!(
                "{problem}. It is begun again in {} s; the app itself runs on.",
                wait.as_secs()
            ));
            drop(screen);
            tokio::select! {
                () = sleep(wait) => {}
                () = over.cancelled() => return,
            }
            screen = match self.screen(place, Some(display.number), over).await {
                Ok(screen) => screen,
                Err(_) if over.is_cancelled() => return,
                Err(problem) => return self.journal.fail(&format!("{problem} The app itself runs on.")),
            };
        }
    }
}
