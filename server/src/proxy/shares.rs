//! Links that show a desktop to who has no login. The link's secret becomes a cookie for that one desktop.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use types::instances::InstanceId;

use super::place::Place;
use super::waiting;
use crate::credentials::{self, Credential, SAME_NAME_MAX};
use crate::state::{Panel, on_main};

/// The cookie.
pub(crate) const COOKIE: &str = "aikore_watch";
/// The value of the query that a link has.
const KEY: &str = "share";

/// What a link allows; none where nobody came by one. An answer is the way in, or that the link is over.
pub(crate) async fn admit(
    panel: &Panel,
    place: &Place<'_>,
    headers: &HeaderMap,
    uri: &Uri,
) -> Option<Result<Credential, Response>> {
    let id = place.shared_desktop()?;
    if let Some(secret) = secret_of(uri) {
        return Some(Err(match until(panel, id, &secret).await {
            Some(until) => enter(place, &secret, until),
            None => waiting::share_is_over(headers, place),
        }));
    }
    for secret in credentials::cookies(headers, COOKIE).take(SAME_NAME_MAX) {
        if until(panel, id, secret).await.is_some() {
            let secret = secret.to_owned();
            return Some(Ok(Credential::Share { id, secret }));
        }
    }
    None
}

fn secret_of(uri: &Uri) -> Option<String> {
    let query = url::form_urlencoded::parse(uri.query()?.as_bytes());
    let mut values = query.filter(|(name, _)| name == KEY);
    values.next().map(|(_, secret)| secret.into_owned())
}

async fn until(panel: &Panel, id: InstanceId, secret: &str) -> Option<i64> {
    let looking = panel.engine.desktops.shown_until(id, secret);
    match Box::pin(on_main(panel, looking)).await {
        Ok(until) => until,
        Err(error) => {
            tracing::error!(%error, "could not check a link to a desktop");
            None
        }
    }
}

/// Leads on without the secret in the address. What stands behind `#` stays: it tells the page that it is to watch.
fn enter(place: &Place<'_>, secret: &str, until: i64) -> Response {
    let path = place.whole_path();
    let mut answer = Redirect::to(&path).into_response();
    let seconds = (until - engine::now_ms()).max(0) / 1000;
    let cookie = format!("{COOKIE}={secret}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}
