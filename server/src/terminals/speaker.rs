//! The half of a terminal's socket that tells the browser what happens.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use engine::terminals::{Output, Viewer};
use futures_util::SinkExt as _;
use futures_util::stream::SplitSink;
use tokio::sync::{mpsc, watch};
use tokio::time::Interval;

use super::listener::Heard;
use super::words::{ENDING, LOGGED_OUT, STUCK, Say};
use super::{Over, Step};
use crate::credentials::Credential;
use crate::state::Panel;

/// How long one message may take to leave.
const SEND_TIMEOUT: Duration = Duration::from_secs(15);

/// Between two looks at how the other side does.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Every so many looks the other side is pinged, and its login looked at: below every idle limit of proxies in between.
const PING_EVERY: u32 = 4;

/// A socket from which nothing came for so long is dead; an answer to a ping counts.
const SILENCE_MAX: Duration = Duration::from_secs(65);

/// A viewer that holds programs back and shows nothing for so long is sent away; it may come back.
const STUCK_MAX: Duration = Duration::from_secs(10);

/// Tells the browser what happens.
pub(super) struct Speaker<'a> {
    pub(super) panel: &'a Panel,
    pub(super) credential: &'a Credential,
    pub(super) viewer: Viewer,
    pub(super) out: Out,
    pub(super) heard: &'a Heard,
    pub(super) answering: mpsc::Receiver<Say>,
    pub(super) taking: watch::Receiver<u64>,
    pub(super) logins: watch::Receiver<()>,
    pub(super) looks: Interval,
    pub(super) looked: u32,
}

impl Speaker<'_> {
    pub(super) async fn run(mut self) -> Step {
        let begin = self.viewer.begin();
        self.out
            .say(&Say::Begin {
                from: begin.from,
                end: begin.end,
                taken: begin.taken,
            })
            .await?;
        loop {
            tokio::select! {
                biased;
                () = self.panel.shutdown.cancelled() => return self.out.close(ENDING).await,
                _ = self.logins.changed() => self.check_login().await?,
                Some(answer) = self.answering.recv() => self.out.say(&answer).await?,
                Ok(()) = self.taking.changed() => self.say_taken().await?,
                _ = self.looks.tick() => self.look().await?,
                output = self.viewer.next() => self.out.show(output).await?,
            }
        }
    }

    /// However much was typed meanwhile, the last place says it all.
    async fn say_taken(&mut self) -> Step {
        let place = *self.taking.borrow_and_update();
        self.out.say(&Say::Taken { place }).await
    }

    async fn look(&mut self) -> Step {
        if self.heard.silence() > SILENCE_MAX {
            return Err(Over);
        }
        if self.viewer.hands().is_stuck(STUCK_MAX) {
            return self.out.close(STUCK).await;
        }
        self.looked += 1;
        if self.looked.is_multiple_of(PING_EVERY) {
            self.check_login().await?;
            self.out.send(Message::Ping(Bytes::new())).await?;
        }
        Ok(())
    }

    async fn check_login(&mut self) -> Step {
        if self.credential.is_valid(self.panel).await {
            return Ok(());
        }
        self.out.close(LOGGED_OUT).await
    }
}

/// The way to the browser.
pub(super) struct Out {
    pub(super) sink: SplitSink<WebSocket, Message>,
}

impl Out {
    async fn show(&mut self, output: Output) -> Step {
        match output {
            Output::Bytes { offset, bytes } => {
                let mut message = Vec::with_capacity(bytes.len() + 8);
                message.extend_from_slice(&offset.to_be_bytes());
                message.extend_from_slice(&bytes);
                self.send(Message::Binary(message.into())).await
            }
            Output::Lost(bytes) => self.say(&Say::Lost { bytes }).await,
            Output::Size(size, own) => self.say(&Say::Size { size, own }).await,
            Output::Ended(how) => self.say(&Say::Ended { how }).await,
        }
    }

    async fn say(&mut self, message: &Say) -> Step {
        let text = serde_json::to_string(message).map_err(|_| Over)?;
        self.send(Message::Text(text.into())).await
    }

    pub(super) async fn close(&mut self, (code, reason): (u16, &str)) -> Step {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        self.send(Message::Close(Some(frame))).await?;
        Err(Over)
    }

    async fn send(&mut self, message: Message) -> Step {
        match tokio::time::timeout(SEND_TIMEOUT, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }
}
