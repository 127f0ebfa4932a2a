//! The half of a terminal's socket that hears the browser.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use engine::terminals::Hands;
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::words::{Said, Say};
use super::{Over, Step};

/// When the other side was last heard.
pub(super) struct Heard(Mutex<Instant>);

impl Default for Heard {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Heard {
    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn silence(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// Hears what the browser says.
pub(super) struct Listener<'a> {
    pub(super) hands: Hands,
    pub(super) stream: SplitStream<WebSocket>,
    pub(super) heard: &'a Heard,
    pub(super) answers: mpsc::Sender<Say>,
    /// How much of what was typed arrived.
    pub(super) taken: watch::Sender<u64>,
}

impl Listener<'_> {
    pub(super) async fn run(mut self) -> Step {
        loop {
            let message = self.stream.next().await;
            self.heard.now();
            match message {
                Some(Ok(Message::Binary(message))) => self.type_in(&message),
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(said) => self.obey(said).await?,
                    Err(error) => tracing::debug!(%error, "a terminal's socket said something unknown"),
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Over),
            }
        }
    }

    fn type_in(&self, message: &[u8]) {
        let Some((place, typed)) = message.split_first_chunk() else {
            tracing::debug!("a terminal's socket typed without a place");
            return;
        };
        let place = u64::from_be_bytes(*place);
        if !self.hands.type_in(place, typed) {
            // Said once is enough, should it be asked faster than that leaves.
            let _ = self.answers.try_send(Say::Full);
        }
        let end = place.saturating_add(typed.len() as u64);
        self.taken.send_if_modified(|taken| {
            let is_news = *taken < end;
            *taken = end.max(*taken);
            is_news
        });
    }

    async fn obey(&self, said: Said) -> Step {
        match said {
            Said::Shown { place } => self.hands.shown(place),
            Said::Resize(size) => self.hands.resize(size),
            Said::Wait { on } => self.hands.wait_for_me(on),
            Said::Ping => self.answer(Say::Pong).await?,
        }
        Ok(())
    }

    async fn answer(&self, answer: Say) -> Step {
        self.answers.send(answer).await.map_err(|_| Over)
    }
}
