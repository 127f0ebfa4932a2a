//! Upgraded connections: after the app agreed, bytes are relayed both ways.

use std::time::Duration;

use axum::http::{Request, Response, StatusCode};
use futures_util::StreamExt as _;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;

use super::body::Answer;
use super::line::{self, Room};
use super::place::Target;
use super::seats::Sitting;
use super::upstream::{self, Unreachable};
use crate::credentials::Credential;
use crate::relay::{End, Side, relay};
use crate::serve::{Wire, seldom};
use crate::site::Upload;
use crate::state::Panel;

/// How often the login of an open tunnel is looked at, besides at every logout.
const CHECK_EVERY: Duration = Duration::from_mins(1);

/// Asks the app to switch protocols; if it does, joins both sides.
pub(super) async fn open(
    panel: &Panel,
    credential: &Credential,
    target: &mut Target<'_>,
    request: Request<Upload>,
    browser: OnUpgrade,
) -> Result<Response<Answer>, Unreachable> {
    let side = upstream::connect(panel, target).await?;
    let (mut sender, connection) = line::open(side, Room::Ample).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "the connection to an app ended early");
        }
    });
    let mut answer = sender.send_request(request).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(answer.map(Answer::last));
    }
    let app = hyper::upgrade::on(&mut answer);
    let ways = Ways {
        cut: target.cut.cloned(),
        sitting: target.sitting.take(),
    };
    tokio::spawn(join(panel.clone(), credential.clone(), ways, browser, app));
    Ok(answer.map(|_| Answer::empty()))
}

/// What a tunnel lives on besides its login.
struct Ways {
    /// The public port.
    cut: Option<CancellationToken>,
    /// The seat of who controls a desktop; it is held until the tunnel ends.
    sitting: Option<Sitting>,
}

impl Ways {
    /// Waits until one is closed.
    async fn until_closed(&self) {
        let cut = async {
            match &self.cut {
                Some(cut) => cut.cancelled().await,
                None => std::future::pending().await,
            }
        };
        let taken = async {
            match &self.sitting {
                Some(sitting) => sitting.until_taken().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = cut => {}
            () = taken => {}
        }
    }
}

/// Relays until both sides ended, the panel ends, the login does, or the way there is cut.
async fn join(panel: Panel, credential: Credential, ways: Ways, browser: OnUpgrade, app: OnUpgrade) {
    let (browser, app) = match tokio::try_join!(browser, app) {
        Ok(sides) => sides,
        Err(error) => {
            tracing::debug!(%error, "a connection was not upgraded");
            return;
        }
    };
    // The seat is held until the tunnel ends: it counts as an open connection of this thread.
    let ((browser, _seat), (app, ())) = match (
        browser.downcast::<TokioIo<Wire>>(),
        app.downcast::<TokioIo<Side>>(),
    ) {
        (Ok(browser), Ok(app)) => {
            let (side, seat) = browser.io.into_inner().into_parts();
            let one = End {
                side,
                early: browser.read_buf,
            };
            let other = End {
                side: app.io.into_inner(),
                early: app.read_buf,
            };
            ((one, seat), (other, ()))
        }
        (browser, app) => return stream(browser.err(), app.err()),
    };
    let mut over = seldom(async {
        tokio::select! {
            () = panel.shutdown.cancelled() => {}
            () = ways.until_closed() => {}
            () = until_logged_out(&panel, &credential) => {}
        }
    });
    tokio::select! {
        biased;
        ended = relay(browser, app) => if let Err(error) = ended {
            tracing::debug!(%error, "a tunnel ended early");
        },
        Some(()) = over.next() => {}
    }
}

/// Both kinds of connections are made here, so this does not happen.
fn stream(browser: Option<Upgraded>, app: Option<Upgraded>) {
    tracing::error!(
        browser = browser.is_some(),
        app = app.is_some(),
        "an upgraded connection is of an unknown kind"
    );
}

async fn until_logged_out(panel: &Panel, credential: &Credential) {
    let mut logins = panel.logins();
    // Boxed, because a tunnel that waits should not hold room for a query.
    while Box::pin(credential.is_valid(panel)).await {
        tokio::select! {
            _ = logins.changed() => {}
            () = tokio::time::sleep(CHECK_EVERY) => {}
        }
    }
}
