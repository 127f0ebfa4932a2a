//! Connections that stay open: WebSockets and event streams.

use axum::http::StatusCode;
use futures_util::future::join_all;
use types::autopsy::{LiveChannel, LiveKind};
use url::Url;

use super::browser::{Browser, Wanted, Whose};
use super::scripts;

/// Where well-known apps have theirs, below their root: a word of their pages or scripts, the kind, the path.
const WELL_KNOWN: [(&str, LiveKind, &str); 6] = [
    ("queue/join", LiveKind::Websocket, "queue/join"),
    ("/ws", LiveKind::Websocket, "ws"),
    ("_stcore", LiveKind::Websocket, "_stcore/stream"),
    ("kernel", LiveKind::Websocket, "api/kernels"),
    ("kernel", LiveKind::Websocket, "api/events/subscribe"),
    ("gradio", LiveKind::Events, "gradio_api/heartbeat/autopsy"),
];

/// Looked at on one way.
const CHANNELS_MAX: usize = 10;

/// Looks for the channels of an app that is asked directly; only those that open are told.
pub(super) async fn discover(browser: &Browser<'_>, page: &str, text: &str) -> Vec<LiveChannel> {
    let mut wanted: Vec<(LiveKind, String)> = WELL_KNOWN
        .iter()
        .filter(|(word, _, _)| page.contains(word) || text.contains(word))
        .map(|(_, kind, path)| (*kind, (*path).to_owned()))
        .collect();
    let root = browser.approach.root.clone();
    let named = scripts::sockets(text)
        .into_iter()
        .map(|address| (LiveKind::Websocket, address))
        .chain(
            scripts::event_streams(text)
                .into_iter()
                .map(|address| (LiveKind::Events, address)),
        );
    for (kind, address) in named {
        let below = below(browser, &address).unwrap_or_default();
        if !below.is_empty() && !wanted.iter().any(|known| *known == (kind, below.clone())) {
            wanted.push((kind, below));
        }
    }
    wanted.truncate(CHANNELS_MAX);
    let trying = wanted
        .into_iter()
        .map(|(kind, path)| try_one(browser, &root, kind, path));
    let mut tried = join_all(trying).await;
    tried.retain(|channel| channel.opens);
    tried
}

/// Tries on another way what opened directly.
pub(super) async fn retry(browser: &Browser<'_>, known: &[LiveChannel]) -> Vec<LiveChannel> {
    let root = browser.approach.root.clone();
    let trying = known
        .iter()
        .map(|channel| try_one(browser, &root, channel.kind, channel.path.clone()));
    join_all(trying).await
}

/// An address of the app's own as a path below its root; none for what is elsewhere.
fn below(browser: &Browser<'_>, address: &str) -> Option<String> {
    let root = &browser.approach.root;
    let mut url = root.join(address).ok()?;
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        _ => "",
    };
    if !scheme.is_empty() {
        url = Url::parse(&url.as_str().replacen(url.scheme(), scheme, 1)).ok()?;
    }
    let own = browser.whose(&url) == Whose::Own;
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    own.then(|| {
        path.strip_prefix(root.path())
            .unwrap_or(path)
            .trim_start_matches('/')
            .to_owned()
    })
}

async fn try_one(browser: &Browser<'_>, root: &Url, kind: LiveKind, path: String) -> LiveChannel {
    let wanted = match kind {
        LiveKind::Websocket => Wanted::WebSocket,
        LiveKind::Events => Wanted::Events,
    };
    let journey = match root.join(&path) {
        Ok(url) => Some(browser.open(&url, wanted).await),
        Err(_) => None,
    };
    let answer = journey.as_ref().and_then(|journey| journey.answer());
    let opens = answer.is_some_and(|answer| match kind {
        LiveKind::Websocket => answer.status == StatusCode::SWITCHING_PROTOCOLS,
        LiveKind::Events => {
            answer.status.is_success() && answer.is_type("text/event-stream") && answer.complete
        }
    });
    LiveChannel {
        kind,
        path,
        opens,
        status: answer.map(|answer| answer.status.as_u16()),
    }
}
