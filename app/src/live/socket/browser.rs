//! One WebSocket that is opened again whenever it is lost.

use std::pin::pin;
use std::time::Duration;

use crate::paths::at;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::stream::{SplitSink, once, select};
use futures_util::{SinkExt, StreamExt};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, WebSocketError};
use leptos::prelude::*;
use types::events::{ClientMessage, ServerMessage};
use web_sys::js_sys::{Date, Math};

use crate::json;
use crate::live::{Live, Next};

/// How often the connection is looked at; every second time it is pinged.
const TICK: Duration = Duration::from_millis(12_500);

/// A server silent for so long is gone, milliseconds.
const SILENCE_MAX_MS: f64 = 60_000.0;

/// First and last pause between two attempts, milliseconds.
const PAUSE_MS: (f64, f64) = (250.0, 10_000.0);

/// The close code of a session that ended.
const LOGGED_OUT: u16 = 4401;

/// What the socket's task is told.
enum Input {
    /// By this tab's components.
    Say(ClientMessage),
    /// By the server.
    Heard(Result<Message, WebSocketError>),
    /// The server closed.
    Closed,
    /// Time to look at the connection.
    Tick,
    /// The tab became visible or hidden, or the network came back.
    Wake,
    /// The pause with this number is over.
    Retry(u32),
}

/// Sends to the socket's task.
pub(in crate::live) struct Outbox(UnboundedSender<Input>);

impl Outbox {
    pub(in crate::live) fn say(&self, message: ClientMessage) {
        let _ = self.0.unbounded_send(Input::Say(message));
    }
}

/// Starts the task that keeps the tab connected.
#[expect(clippy::unnecessary_wraps, reason = "on the server there is none")]
pub(in crate::live) fn open(live: Live) -> Option<Outbox> {
    let (sender, inbox) = unbounded();
    for event in ["visibilitychange", "online", "pageshow"] {
        let sender = sender.clone();
        // Both live as long as the tab, so nothing takes them away again.
        let _listener = window_event_listener_untyped(event, move |_| {
            let _ = sender.unbounded_send(Input::Wake);
        });
    }
    let ticks = sender.clone();
    set_interval(
        move || {
            let _ = ticks.unbounded_send(Input::Tick);
        },
        TICK,
    );
    let task = Task {
        live,
        sender: sender.clone(),
        inbox,
    };
    leptos::task::spawn_local(task.run());
    Some(Outbox(sender))
}

/// Whether nobody sees this tab.
pub(in crate::live) fn is_hidden() -> bool {
    document().hidden()
}

struct Task {
    live: Live,
    sender: UnboundedSender<Input>,
    inbox: UnboundedReceiver<Input>,
}

type Sink = SplitSink<WebSocket, Message>;

impl Task {
    async fn run(mut self) {
        let mut failures = 0;
        loop {
            let mut session = Session {
                live: self.live,
                greeted: false,
                heard: Date::now(),
                ticks: 0,
            };
            if let Ok(socket) = WebSocket::open(&address()) {
                match session.run(socket, &mut self.inbox).await {
                    End::Lost => {}
                    End::Resync => continue,
                    End::LoggedOut => return,
                }
            }
            if session.greeted {
                failures = 0;
            }
            self.live.lost(session.heard);
            self.pause(failures).await;
            failures += 1;
        }
    }

    /// Waits longer after each failure, at most until the tab is looked at.
    async fn pause(&mut self, failures: u32) {
        let longest = (PAUSE_MS.0 * f64::from(1 << failures.min(10))).min(PAUSE_MS.1);
        let jittered = longest * (0.5 + 0.5 * Math::random());
        let sender = self.sender.clone();
        set_timeout(
            move || {
                let _ = sender.unbounded_send(Input::Retry(failures));
            },
            Duration::from_secs_f64(jittered / 1000.0),
        );
        while let Some(input) = self.inbox.next().await {
            match input {
                Input::Retry(number) if number == failures => return,
                Input::Wake if !is_hidden() => return,
                _ => {} // what is wanted is said anew after the snapshot
            }
        }
    }
}

/// One connection from its opening to its end.
struct Session {
    live: Live,
    greeted: bool,
    heard: f64,
    ticks: u32,
}

/// Why a session ends.
enum End {
    Lost,
    /// A new connection is wanted at once.
    Resync,
    /// The page is on its way to the login; until it is there another try would only be refused.
    LoggedOut,
}

impl Session {
    async fn run(&mut self, socket: WebSocket, inbox: &mut UnboundedReceiver<Input>) -> End {
        let (mut sink, stream) = socket.split();
        let incoming = stream.map(Input::Heard).chain(once(async { Input::Closed }));
        let mut inputs = pin!(select(incoming, inbox));
        while let Some(input) = inputs.next().await {
            if let Err(end) = self.handle(input, &mut sink).await {
                return end;
            }
        }
        End::Lost
    }

    async fn handle(&mut self, input: Input, sink: &mut Sink) -> Result<(), End> {
        match input {
            Input::Heard(Ok(Message::Text(text))) => self.hear(&text, sink).await,
            Input::Heard(Err(WebSocketError::ConnectionClose(close))) if close.code == LOGGED_OUT => {
                // The server sends this page's reload to the login.
                let _ = window().location().reload();
                Err(End::LoggedOut)
            }
            Input::Heard(Err(_)) | Input::Closed => Err(End::Lost),
            Input::Say(message) if self.greeted => say(sink, &message).await,
            Input::Wake if self.greeted => {
                for wish in self.live.viewing(is_hidden()) {
                    say(sink, &wish).await?;
                }
                Ok(())
            }
            Input::Heard(Ok(Message::Bytes(telegram))) => {
                self.heard = Date::now();
                let live = self.live;
                live.at_home(|| live.heard(telegram));
                Ok(())
            }
            Input::Tick => self.tick(sink).await,
            // Before the snapshot nothing is said: all that is wanted then is said after it.
            Input::Say(_) | Input::Wake | Input::Retry(_) => Ok(()),
        }
    }

    async fn hear(&mut self, text: &str, sink: &mut Sink) -> Result<(), End> {
        self.heard = Date::now();
        let Ok(message) = json::read::<ServerMessage>(text) else {
            leptos::logging::warn!("a message of the panel cannot be read; reload this page");
            return Ok(());
        };
        let live = self.live;
        match live.at_home(|| live.apply(message)) {
            Next::Listen => {}
            Next::Say(message) => say(sink, &message).await?,
            Next::Reconnect => return Err(End::Resync),
            Next::Greet => {
                self.greeted = true;
                for wish in live.wishes(is_hidden()) {
                    say(sink, &wish).await?;
                }
            }
        }
        Ok(())
    }

    async fn tick(&mut self, sink: &mut Sink) -> Result<(), End> {
        if Date::now() - self.heard > SILENCE_MAX_MS {
            return Err(End::Lost);
        }
        self.ticks += 1;
        if self.greeted && self.ticks.is_multiple_of(2) {
            say(sink, &ClientMessage::Ping).await?;
        }
        Ok(())
    }
}

async fn say(sink: &mut Sink, message: &ClientMessage) -> Result<(), End> {
    let Ok(text) = json::write(message) else {
        return Ok(());
    };
    sink.send(Message::Text(text)).await.map_err(|_| End::Lost)
}

/// `/ws` of the server this page came from.
fn address() -> String {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") {
        "wss"
    } else {
        "ws"
    };
    format!("{scheme}://{}{}", location.host().unwrap_or_default(), at("/ws"))
}
