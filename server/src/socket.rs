//! The one WebSocket of a tab: events, samples and log pieces.
//!
//! # How it works
//! One task per socket. It subscribes to the bus first, then sends a snapshot, then what happens. Nothing is
//! queued for a slow reader: the bus drops what it cannot keep (and the socket says [`Event::Resync`]), logs
//! are read only when the last piece was taken, readings are only ever the newest. A reader that takes nothing
//! for [`SEND_TIMEOUT`] is cut off.

mod following;

use std::sync::Arc;
use std::time::Duration;

use app::links::RequestOrigin;
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use engine::alerts::Tally;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use types::alerts::{Alert, AlertPhase};
use types::events::{ClientMessage, Event, ServerMessage, Telegram};
use types::instances::Instance;
use types::jobs::Job;
use types::telemetry::Readings;

use crate::credentials::Credential;
use crate::pages::request_origin;
use crate::state::Panel;
use following::Following;

/// How long one message may take to leave.
const SEND_TIMEOUT: Duration = Duration::from_secs(15);

/// How often the other side is pinged: below every idle limit of proxies in between. Logins are looked at again too.
const PING_EVERY: Duration = Duration::from_secs(20);

/// A socket from which nothing came for so long is dead; an answer to a ping counts.
const SILENCE_MAX: Duration = Duration::from_secs(65);

/// The largest message a browser may send, bytes; they are all small.
const MESSAGE_MAX: usize = 64 * 1024;

/// How often the snapshot is read again because something changed meanwhile.
const SNAPSHOT_TRIES: u32 = 5;

/// A job that ended longer ago is not told to a new connection, milliseconds.
const JOBS_TOLD_MS: i64 = 10 * 60 * 1000;

/// Close codes for the browser's side: log in again, or come back later.
const LOGGED_OUT: (u16, &str) = (4401, "logged out");
const ENDING: (u16, &str) = (4503, "the panel is ending");

/// Answers `GET /ws`.
pub(crate) async fn open(
    State(panel): State<Panel>,
    Extension(credential): Extension<Credential>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let origin = request_origin(&panel, Some(&headers));
    upgrade
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .on_upgrade(move |socket| async move {
            let session = Session::new(panel, credential, origin, socket);
            // Why it ended is of interest to nobody: the browser comes back.
            let _ = session.run().await;
        })
}

/// The socket is over; nothing more can be sent.
struct Over;

type Step = Result<(), Over>;

struct Session {
    panel: Panel,
    credential: Credential,
    origin: RequestOrigin,
    socket: WebSocket,
    bus: broadcast::Receiver<Event>,
    alerts: broadcast::Receiver<Alert>,
    tally: watch::Receiver<Tally>,
    logins: watch::Receiver<()>,
    samples: Option<watch::Receiver<Arc<Readings>>>,
    /// Everything that is measured, not only the machine.
    readings: Option<watch::Receiver<Arc<Readings>>>,
    log: Option<Following>,
    pings: Interval,
    heard: Instant,
}

impl Session {
    fn new(panel: Panel, credential: Credential, origin: RequestOrigin, socket: WebSocket) -> Self {
        let mut pings = tokio::time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            bus: panel.engine.events.subscribe(),
            alerts: panel.engine.alerts.subscribe(),
            tally: panel.engine.alerts.tally(),
            logins: panel.logins(),
            panel,
            credential,
            origin,
            socket,
            samples: None,
            readings: None,
            log: None,
            pings,
            heard: Instant::now(),
        }
    }

    async fn run(mut self) -> Step {
        self.snapshot().await?;
        let shutdown = self.panel.shutdown.clone();
        loop {
            tokio::select! {
                // In this order: what a person asked for must not starve behind a busy log.
                biased;
                () = shutdown.cancelled() => return self.close(ENDING).await,
                _ = self.logins.changed() => self.check_login().await?,
                message = self.socket.recv() => self.received(message).await?,
                event = self.bus.recv() => self.happened(event).await?,
                alert = self.alerts.recv() => self.alerted(alert).await?,
                _ = self.tally.changed() => self.count_alerts(String::new()).await?,
                _ = self.pings.tick() => self.ping().await?,
                readings = next(&mut self.samples) => {
                    self.say(&ServerMessage::Sample(readings.machine.sample.clone())).await?;
                }
                readings = next(&mut self.readings) => self.wire(&told(&readings)).await?,
                piece = Following::next(&mut self.log) => self.say(&piece).await?,
            }
        }
    }

    /// Rows such that every event sent afterwards is newer: read again while something happened meanwhile.
    async fn snapshot(&mut self) -> Step {
        for _ in 0..SNAPSHOT_TRIES {
            self.bus = self.bus.resubscribe();
            let rows = self.panel.engine.instances.list().await.map_err(|_| Over)?;
            if self.bus.is_empty() {
                return self.say_rows(rows).await;
            }
        }
        // A very busy moment. An older state may be sent after a newer one; the newest follows at once.
        let rows = self.panel.engine.instances.list().await.map_err(|_| Over)?;
        self.say_rows(rows).await
    }

    async fn say_rows(&mut self, rows: Vec<Instance>) -> Step {
        let rows = rows.into_iter().map(|row| self.origin.link(row)).collect();
        self.say(&ServerMessage::Snapshot(rows)).await?;
        self.count_alerts(String::new()).await?;
        self.say_jobs().await
    }

    /// What is under way, and what ended while this tab was perhaps not connected; the oldest first.
    async fn say_jobs(&mut self) -> Step {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.map_or(0, |passed| i64::try_from(passed.as_millis()).unwrap_or(i64::MAX));
        let is_recent = |job: &Job| {
            job.ended_at
                .is_none_or(|at| at > now.saturating_sub(JOBS_TOLD_MS))
        };
        let mut jobs = self.panel.engine.jobs.list();
        jobs.retain(is_recent);
        for job in jobs.into_iter().rev() {
            self.say(&ServerMessage::Event(Event::Job(job))).await?;
        }
        Ok(())
    }

    async fn happened(&mut self, event: Result<Event, RecvError>) -> Step {
        let event = match event {
            Ok(Event::Instance(row)) => Event::Instance(Box::new(self.origin.link(*row))),
            Ok(other) => other,
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(missed, "a socket lagged behind");
                Event::Resync
            }
            Err(RecvError::Closed) => return Err(Over),
        };
        self.say(&ServerMessage::Event(event)).await
    }

    /// One that was missed is in the list. What nobody is to be told of changes that list, too.
    async fn alerted(&mut self, alert: Result<Alert, RecvError>) -> Step {
        let mut news = String::new();
        match alert {
            Ok(alert) if !alert.silenced => {
                if alert.phase == AlertPhase::Firing {
                    news.clone_from(&alert.message);
                }
                self.wire(&Telegram::Alert(Box::new(alert))).await?;
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Err(Over),
        }
        self.count_alerts(news).await
    }

    async fn count_alerts(&mut self, news: String) -> Step {
        let Tally { count, changed_at } = *self.tally.borrow_and_update();
        let message = ServerMessage::Alerts {
            count,
            changed_at,
            news,
        };
        self.say(&message).await
    }

    async fn received(&mut self, message: Option<Result<Message, axum::Error>>) -> Step {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(message) => self.asked(message).await,
                Err(error) => {
                    tracing::debug!(%error, "a socket said something unknown");
                    Ok(())
                }
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => Ok(()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Over),
        }
    }

    async fn asked(&mut self, message: ClientMessage) -> Step {
        match message {
            ClientMessage::FollowLog {
                instance,
                run,
                offset,
            } => self.log = Some(Following::start(self.panel.engine.clone(), instance, run, offset)),
            ClientMessage::UnfollowLog => self.log = None,
            ClientMessage::Telemetry(true) => {
                let samples = self.panel.engine.telemetry.watch();
                self.say(&ServerMessage::Sample(self.panel.engine.telemetry.latest()))
                    .await?;
                self.samples = Some(samples);
            }
            ClientMessage::Telemetry(false) => self.samples = None,
            ClientMessage::Readings(true) => {
                let readings = self.panel.engine.telemetry.watch();
                let latest = self.panel.engine.telemetry.readings();
                self.wire(&told(&latest)).await?;
                self.readings = Some(readings);
            }
            ClientMessage::Readings(false) => self.readings = None,
            ClientMessage::Ping => self.say(&ServerMessage::Pong).await?,
        }
        Ok(())
    }

    async fn ping(&mut self) -> Step {
        if self.heard.elapsed() > SILENCE_MAX {
            return Err(Over);
        }
        self.check_login().await?;
        self.send(Message::Ping(axum::body::Bytes::new())).await
    }

    async fn check_login(&mut self) -> Step {
        if self.credential.is_valid(&self.panel).await {
            return Ok(());
        }
        self.close(LOGGED_OUT).await
    }

    async fn close(&mut self, (code, reason): (u16, &str)) -> Step {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        self.send(Message::Close(Some(frame))).await?;
        Err(Over)
    }

    async fn say(&mut self, message: &ServerMessage) -> Step {
        let text = serde_json::to_string(message).map_err(|_| Over)?;
        self.send(Message::Text(text.into())).await
    }

    async fn wire(&mut self, telegram: &Telegram) -> Step {
        let text = serde_json::to_vec(telegram).map_err(|_| Over)?;
        self.send(Message::Binary(text.into())).await
    }

    async fn send(&mut self, message: Message) -> Step {
        match tokio::time::timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }
}

fn told(readings: &Readings) -> Telegram {
    Telegram::Readings(Box::new(readings.clone()))
}

/// The next reading; never, when none is wanted or the sampler ended.
async fn next(samples: &mut Option<watch::Receiver<Arc<Readings>>>) -> Arc<Readings> {
    if let Some(receiver) = samples {
        if receiver.changed().await.is_ok() {
            return receiver.borrow_and_update().clone();
        }
        *samples = None;
    }
    std::future::pending().await
}
