//! One request to an app and its answer.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::Target;
use super::body::{self, Lease};
use super::pool::Sender;
use crate::state::Panel;

/// Headers an app's answer may have; some set a cookie for every preference.
const HEADERS_MAX: usize = 256;

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
    target: &Target,
    mut request: Request,
) -> Result<Response, Unreachable> {
    let (id, run) = (target.instance.id, target.instance.run);
    while let Some(mut sender) = panel.apps().take(id, run).await {
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

/// A new connection to the app.
pub(super) async fn connect(panel: &Panel, target: &Target) -> Result<Sender, Unreachable> {
    let stream = panel.engine.instances.connect(target.instance.id).await?;
    let (sender, connection) = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "the connection to an app ended early");
        }
    });
    Ok(sender)
}

fn repeatable(request: &Request) -> Option<Request> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    (reads && request.body().is_end_stream()).then(|| {
        let mut copy = Request::new(Body::empty());
        copy.method_mut().clone_from(request.method());
        copy.uri_mut().clone_from(request.uri());
        copy.headers_mut().clone_from(request.headers());
        copy
    })
}

fn wrap(panel: &Panel, target: &Target, sender: Sender, answer: Response<Incoming>) -> Response {
    let (mut head, incoming) = answer.into_parts();
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        // Nobody asked for it.
        head.status = StatusCode::BAD_GATEWAY;
    }
    let lease = Lease {
        pool: panel.apps().clone(),
        id: target.instance.id,
        run: target.instance.run,
        sender,
    };
    Response::from_parts(head, body::answer(incoming, lease, &panel.shutdown))
}
