//! Upgraded connections: after the app agreed, bytes are copied both ways.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::Target;
use super::upstream::{self, Unreachable};
use crate::credentials::Credential;
use crate::state::Panel;

/// How often the login of an open tunnel is looked at, besides at every logout.
const CHECK_EVERY: Duration = Duration::from_mins(1);

/// Asks the app to switch protocols; if it does, joins both sides.
pub(super) async fn open(
    panel: &Panel,
    credential: &Credential,
    target: &Target,
    request: Request,
    browser: OnUpgrade,
) -> Result<Response, Unreachable> {
    let mut sender = upstream::connect(panel, target).await?;
    let mut answer = sender.send_request(request).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(answer.map(Body::new));
    }
    let app = hyper::upgrade::on(&mut answer);
    tokio::spawn(join(panel.clone(), credential.clone(), browser, app));
    Ok(answer.map(|_| Body::empty()))
}

/// Copies until one side ends, the panel ends, or the login does.
async fn join(panel: Panel, credential: Credential, browser: OnUpgrade, app: OnUpgrade) {
    let (browser, app) = match tokio::try_join!(browser, app) {
        Ok(sides) => sides,
        Err(error) => {
            tracing::debug!(%error, "a connection was not upgraded");
            return;
        }
    };
    let (mut browser, mut app) = (TokioIo::new(browser), TokioIo::new(app));
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut browser, &mut app) => {}
        () = panel.shutdown.cancelled() => {}
        () = until_logged_out(&panel, &credential) => {}
    }
}

async fn until_logged_out(panel: &Panel, credential: &Credential) {
    let mut logins = panel.logins();
    while credential.is_valid(panel).await {
        tokio::select! {
            _ = logins.changed() => {}
            () = tokio::time::sleep(CHECK_EVERY) => {}
        }
    }
}
