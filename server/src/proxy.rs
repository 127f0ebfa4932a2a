//! The way to the apps: `/instance/<slug>/…`, its alias `/app/<slug>/…`, and host names of their own.
//!
//! # How it works
//! Login, Host and Origin are checked as for the panel itself. A request is given to the app as it came, apart
//! from what belongs to one connection only and what is the panel's own (its cookies, its token). Bodies stream
//! both ways without limit; an upgrade (WebSocket) becomes a plain relay of bytes. Whatever is not `started`
//! gets a page that says why. All of it runs on the thread of the client's connection, with connections to the
//! app that live there too.

mod body;
mod desktop;
mod line;
mod marks;
mod place;
mod pool;
mod request;
mod response;
mod seats;
pub(crate) mod shares;
mod tunnel;
mod upstream;
mod waiting;

use axum::http::{HeaderMap, Request, Response, Uri};
use axum::response::{IntoResponse as _, Redirect};
use types::blueprints::Subpath;
use types::instances::Status;

pub(crate) use body::Answer;
pub(crate) use marks::Marks;
pub(crate) use place::{Place, is_own_cookie};
pub(crate) use seats::Seats;

use crate::addresses::{Manners, Route};
use crate::credentials::Credential;
use crate::guard;
use crate::headers;
use crate::origin::is_upgrade;
use crate::site::arrival::Arrival;
use crate::site::{Download, Upload};
use crate::state::{Panel, on_main};
use place::Target;

/// Answers a request to an app.
pub(crate) async fn answer(
    panel: &Panel,
    place: Place<'_>,
    arrival: &Arrival,
    request: Request<Upload>,
) -> Response<Download> {
    let answered = match guard::admit_to_app(panel, &place, &request).await {
        Ok(credential) => serve(panel, &credential, &place, arrival, request).await,
        Err(refused) => Err(refused),
    };
    answered.unwrap_or_else(|mut own| {
        headers::protect(own.headers_mut());
        own.map(Download::Panel)
    })
}

/// The app's answer, or the panel's instead of it.
async fn serve(
    panel: &Panel,
    credential: &Credential,
    place: &Place<'_>,
    arrival: &Arrival,
    mut request: Request<Upload>,
) -> Result<Response<Download>, axum::response::Response> {
    if place.is_reserved(request.uri().path()) {
        return Err(Box::pin(place.own_answer(panel, &request)).await);
    }
    let Some(route) = place.route() else {
        return Err(waiting::no_such_app(request.headers(), place));
    };
    if let Some(slash) = place.missing_slash(request.uri()) {
        return Err(Redirect::temporary(&slash).into_response());
    }
    if route.instance.status != Status::Started {
        return Err(Box::pin(waiting::page(
            panel,
            credential,
            request.headers(),
            place,
            &route.instance,
        ))
        .await);
    }
    let (manners, sitting) = if place.is_desktop() {
        let sitting = desktop::admit(panel, place, &route.instance, credential, arrival, &mut request)
            .map_err(|said| *said)?;
        (Manners::of_desktop(), sitting)
    } else {
        (manners(panel, route).await, None)
    };
    let keeps = manners.subpath == Subpath::Keep;
    if let Some(home) = place.home(request.uri(), keeps) {
        return Err(Redirect::temporary(&home).into_response());
    }
    let mut target = place.target(panel, route, manners);
    target.sitting = sitting;
    forward(panel, credential, arrival, target, place, request).await
}

async fn forward(
    panel: &Panel,
    credential: &Credential,
    arrival: &Arrival,
    mut target: Target<'_>,
    place: &Place<'_>,
    mut request: Request<Upload>,
) -> Result<Response<Download>, axum::response::Response> {
    let asked = request::Asked::read(&request);
    let upgrade = may_upgrade(request.headers()).then(|| hyper::upgrade::on(&mut request));
    *request.uri_mut() = upstream_uri(&target, place, request.uri());
    request::prepare(&mut request, &target, credential, arrival, upgrade.is_some());
    let answer = match upgrade {
        Some(browser) => Box::pin(tunnel::open(panel, credential, &mut target, request, browser)).await,
        None => upstream::exchange(panel, &target, request).await,
    };
    match answer {
        Ok(mut answer) => {
            response::prepare(&mut answer, &target, &asked);
            Ok(answer.map(Download::App))
        }
        Err(error) => {
            let instance = &target.route.instance;
            tracing::info!(instance.id = %instance.id, %error, "an app could not be reached");
            let headers: HeaderMap = asked.for_page();
            Err(Box::pin(waiting::unreachable(panel, credential, &headers, place, instance)).await)
        }
    }
}

/// Whether a client wants to go on in another protocol than HTTP. HTTP/2 would be a way around everything that is
/// checked and removed here, so its upgrade is not passed on; clients go on without.
fn may_upgrade(headers: &HeaderMap) -> bool {
    let http = |value: &axum::http::HeaderValue| {
        let words = value.to_str().unwrap_or_default();
        words
            .split(',')
            .any(|word| word.trim().to_ascii_lowercase().starts_with("h2"))
    };
    is_upgrade(headers) && !headers.get_all(axum::http::header::UPGRADE).iter().any(http)
}

/// What the app is asked for.
fn upstream_uri(target: &Target<'_>, place: &Place<'_>, uri: &Uri) -> Uri {
    let asked = uri.path_and_query().map_or("/", |path| path.as_str());
    let rest = place.rest(asked);
    // Its parts were parts of a parsed address, so this cannot fail; the root is a harmless answer if it does.
    let wanted = if target.app_prefix.is_empty() && rest.starts_with('/') {
        axum::http::uri::PathAndQuery::try_from(rest)
    } else {
        axum::http::uri::PathAndQuery::try_from(format!(
            "{}/{}",
            target.app_prefix,
            rest.trim_start_matches('/')
        ))
    };
    wanted.map_or_else(|_| Uri::from_static("/"), Uri::from)
}

/// How the app behaves.
async fn manners(panel: &Panel, route: &Route) -> Manners {
    if let Some(known) = route.run.manners.get() {
        return *known;
    }
    let asking = route.run.manners.get_or_try_init(|| async {
        let blueprint = panel
            .engine
            .blueprints
            .get(&route.instance.base_blueprint)
            .await?;
        Ok::<_, engine::Error>(Manners {
            subpath: blueprint.subpath,
            script_cookies: blueprint.script_cookies,
        })
    });
    match Box::pin(on_main(panel, asking)).await {
        Ok(manners) => *manners,
        Err(error) => {
            let id = route.instance.id;
            tracing::warn!(instance.id = %id, %error, "no blueprint says how the app wants to be reached");
            Manners::default()
        }
    }
}
