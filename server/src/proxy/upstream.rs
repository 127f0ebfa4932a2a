//! One request to an app and its answer.

use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::body::{Answer, Lease};
use super::place::Target;
use super::pool::{self, Sender};
use crate::relay::Side;
use crate::site::Upload;
use crate::state::Panel;

/// Headers an app's answer may have; some set a cookie for every preference.
const HEADERS_MAX: usize = 256;

/// What is read from an app at once, bytes. Each read wakes both sides, so more is better, up to where the allocator
/// takes each piece from the kernel anew (128 KiB): a body of 1 MB costs 320 µs with half of this, 400 with four times
/// as much, 216 so.
const READ_MAX: usize = 120 * 1024;

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
    if !may_repeat(&request) {
        // What may be sent only once must not go to a connection whose end this thread has not looked at yet.
        tokio::task::yield_now().await;
    }
    while let Some(mut sender) = pool::take(target.route.run.key).await {
        // An app may close an idle connection in the very moment it is used. What was not sent at all comes
        // back; what may be asked twice without harm is asked again.
        let again = repeatable(&request);
        match sender.try_send_request(request).await {
            Ok(answer) => return Ok(wrap(panel, target, sender, answer)),
            Err(mut failed) => match failed.take_message().or(again) {
                Some(unsent) => request = unsent,
                None => return Err(failed.into_error().into()),
            },
        }
    }
    let mut sender = connect(panel, target).await?;
    let answer = sender.send_request(request).await?;
    Ok(wrap(panel, target, sender, answer))
}

/// A new connection to the app, on this thread.
pub(super) async fn connect(panel: &Panel, target: &Target<'_>) -> Result<Sender, Unreachable> {
    let stream = panel.engine.instances.connect(target.route.instance.id).await?;
    let (sender, connection) = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_buf_size(READ_MAX)
        .handshake(TokioIo::new(Side::of(stream)))
        .await?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "the connection to an app ended early");
        }
    });
    Ok(sender)
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

fn wrap(panel: &Panel, target: &Target<'_>, sender: Sender, answer: Response<Incoming>) -> Response<Answer> {
    let (mut head, incoming) = answer.into_parts();
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        // Nobody asked for it.
        head.status = StatusCode::BAD_GATEWAY;
    }
    let lease = Lease {
        run: target.route.run.key,
        sender,
    };
    Response::from_parts(head, Answer::new(incoming, lease, &panel.shutdown, target.cut))
}
