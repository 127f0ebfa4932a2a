//! One request to an app and its answer.

use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};

use super::body::{Answer, Lease};
use super::line::{Line, Room};
use super::place::Target;
use super::pool;
use crate::relay::Side;
use crate::site::Upload;
use crate::state::Panel;

/// Why an app did not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    /// No connection.
    #[error("no connection: {0}")]
    Connect(#[from] engine::Error),
    /// A connection, but no answer.
    #[error("no answer: {0}")]
    Exchange(#[from] hyper::Error),
}

/// Sends a request over an idle connection or a new one.
pub(super) async fn exchange(
    panel: &Panel,
    target: &Target<'_>,
    mut request: Request<Upload>,
) -> Result<Response<Answer>, Unreachable> {
    let mut room = Room::Usual;
    if !may_repeat(&request) {
        // What may be sent only once needs all the room there is, and must not go to a connection whose end this
        // thread has not looked at yet.
        room = Room::Ample;
        tokio::task::yield_now().await;
    }
    loop {
        let kind = (target.route.run.key, target.desktop, room);
        let (mut line, idle) = match pool::take(kind).await {
            Some(line) => (line, true),
            None => (Line::new(connect(panel, target).await?, room).await?, false),
        };
        let again = repeatable(&request);
        let mut failed = match line.ask(request).await {
            Ok(answer) => return Ok(wrap(panel, target, Lease { kind, line }, answer)),
            Err(failed) => failed,
        };
        // An app may close an idle connection in the very moment it is used, and may answer with more than fits.
        // What was not sent at all comes back; what may be asked twice without harm is asked again.
        let too_large = room == Room::Usual && failed.error().is_parse_too_large();
        match failed.take_message().or(again) {
            Some(unsent) if idle || too_large => request = unsent,
            _ => return Err(failed.into_error().into()),
        }
        if too_large {
            room = Room::Ample;
        }
    }
}

/// A new connection to the app.
pub(super) async fn connect(panel: &Panel, target: &Target<'_>) -> Result<Side, Unreachable> {
    let id = target.route.instance.id;
    let stream = if target.desktop {
        Box::pin(panel.engine.desktops.connect(id)).await?
    } else {
        Box::pin(panel.engine.instances.connect(id)).await?
    };
    Ok(Side::of(stream))
}

/// Whether a request changes nothing and has no body.
fn may_repeat(request: &Request<Upload>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD) && request.body().is_end_stream()
}

/// A copy of such a request.
fn repeatable(request: &Request<Upload>) -> Option<Request<Upload>> {
    may_repeat(request).then(|| {
        let mut copy = Request::new(Upload::Nothing);
        copy.method_mut().clone_from(request.method());
        copy.uri_mut().clone_from(request.uri());
        copy.headers_mut().clone_from(request.headers());
        copy
    })
}

fn wrap(panel: &Panel, target: &Target<'_>, lease: Lease, answer: Response<Incoming>) -> Response<Answer> {
    let (mut head, incoming) = answer.into_parts();
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        // Nobody asked for it.
        head.status = StatusCode::BAD_GATEWAY;
    }
    Response::from_parts(head, Answer::new(incoming, lease, &panel.shutdown, target.cut))
}
