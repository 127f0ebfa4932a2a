//! The WebSocket of a terminal.
//!
//! # How it works
//! Binary messages are bytes, with eight in front that say the place of the first one (big-endian): from the server
//! of all that was printed, from the browser of all that it typed. Text messages are JSON (`words.rs`). Who comes back
//! says how far it got (`from`) and who it is (`hand`), is told how much of its typing arrived, and sends the rest
//! again. Reading and writing go on beside each other, so a Ctrl-C never waits for output to leave.

mod listener;
mod speaker;
mod words;

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use engine::terminals::{Person, Viewer};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};
use types::terminals::TerminalId;

use crate::credentials::Credential;
use crate::error::{HttpError, Query, Segment};
use crate::state::Panel;
use listener::{Heard, Listener};
use speaker::{LOOK_EVERY, Out, Speaker};
use words::UNKNOWN;

/// The largest message a browser may send, bytes; longer input comes in several.
const MESSAGE_MAX: usize = 64 * 1024;

/// Answers that may wait for their turn; who asks faster than it is answered waits.
const ANSWERS: usize = 16;

#[derive(Deserialize)]
pub(crate) struct Begin {
    /// The place of the first byte not seen yet; none for all that is kept.
    from: Option<u64>,
    /// The name of what types; none for one that does not come back.
    hand: Option<u64>,
}

/// Answers `GET /ws/terminals/{id}`. That there is no such terminal is said by a close code: scripts in browsers
/// do not see the status of a socket that was refused.
pub(crate) async fn open(
    State(panel): State<Panel>,
    Extension(credential): Extension<Credential>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Segment(id): Segment<TerminalId>,
    Query(begin): Query<Begin>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, HttpError> {
    let person = person(&panel, &credential, client).await;
    let terminals = &panel.engine.terminals;
    let viewer = terminals.look(&id, begin.from, begin.hand, &person).ok();
    let upgrade = upgrade.max_message_size(MESSAGE_MAX).max_frame_size(MESSAGE_MAX);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let (sink, stream) = socket.split();
        let mut out = Out { sink };
        // Why it ended is of interest to nobody: the browser comes back.
        let _ = match viewer {
            Some(viewer) => serve(&panel, &credential, viewer, out, stream).await,
            None => out.close(UNKNOWN).await,
        };
    }))
}

/// Who is at the other end, for the audit.
pub(crate) async fn person(panel: &Panel, credential: &Credential, client: SocketAddr) -> Person {
    Person {
        who: credential.label(panel).await,
        from: client.ip().to_string(),
    }
}

/// The socket is over; nothing more can be sent.
struct Over;

type Step<T = ()> = Result<T, Over>;

async fn serve(
    panel: &Panel,
    credential: &Credential,
    viewer: Viewer,
    out: Out,
    stream: SplitStream<WebSocket>,
) -> Step {
    let heard = Heard::default();
    let (answers, answering) = mpsc::channel(ANSWERS);
    let (taken, taking) = watch::channel(viewer.begin().taken);
    let listener = Listener {
        hands: viewer.hands().clone(),
        stream,
        heard: &heard,
        answers,
        taken,
    };
    let mut looks = tokio::time::interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let speaker = Speaker {
        logins: panel.logins(),
        panel,
        credential,
        viewer,
        out,
        heard: &heard,
        answering,
        taking,
        looks,
        looked: 0,
    };
    tokio::select! {
        over = listener.run() => over,
        over = speaker.run() => over,
    }
}
