//! The way to the apps: `/instance/<slug>/…` and its alias `/app/<slug>/…`.
//!
//! # How it works
//! The guard has checked login, Host and Origin already. A request is given to the app as it came, apart from
//! what belongs to one connection only and what is the panel's own (its cookie, its token). Bodies stream
//! both ways without limit; an upgrade (WebSocket) becomes a plain copy of bytes. Whatever is not `started`
//! gets a page that says why.

mod body;
mod pool;
mod request;
mod response;
mod tunnel;
mod upstream;
mod waiting;

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Extension, Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::any;
use types::blueprints::Subpath;
use types::instances::{Instance, Status};

pub(crate) use pool::Pool;

use crate::credentials::Credential;
use crate::error::HttpError;
use crate::headers::FromApp;
use crate::origin::is_upgrade;
use crate::state::Panel;

pub(crate) fn router() -> Router<Panel> {
    Router::new()
        .route("/instance/{*path}", any(handle))
        .route("/app/{*path}", any(handle))
}

/// What one request asks of which app.
struct Target {
    instance: Instance,
    /// `/instance/<slug>`, without the slash at the end.
    prefix: String,
    /// Whether the app is asked without the prefix.
    strip: bool,
}

async fn handle(
    State(panel): State<Panel>,
    Extension(credential): Extension<Credential>,
    client: Option<Extension<ConnectInfo<SocketAddr>>>,
    request: Request,
) -> Result<Response, HttpError> {
    let Some((slug, rest)) = split(request.uri().path()) else {
        return Ok(Redirect::temporary(&with_slash(request.uri())).into_response());
    };
    let rest = rest.to_owned();
    let Some(instance) = panel.engine.instances.by_slug(slug).await? else {
        return Ok(waiting::no_such_app(request.headers(), slug));
    };
    if instance.status != Status::Started {
        return Ok(waiting::page(&panel, request.headers(), &instance).await);
    }
    let prefix = format!("/instance/{}", instance.slug);
    let target = Target {
        strip: subpath(&panel, &instance).await != Subpath::Keep,
        instance,
        prefix,
    };
    let client = client.map(|Extension(ConnectInfo(peer))| peer.ip());
    forward(&panel, &credential, client, &target, &rest, request).await
}

async fn forward(
    panel: &Panel,
    credential: &Credential,
    client: Option<IpAddr>,
    target: &Target,
    rest: &str,
    mut request: Request,
) -> Result<Response, HttpError> {
    let asked = request::Asked::read(&request);
    let upgrade = is_upgrade(request.headers()).then(|| hyper::upgrade::on(&mut request));
    *request.uri_mut() = upstream_uri(target, rest, request.uri());
    request::prepare(&mut request, target, credential, client, upgrade.is_some());
    let answer = match upgrade {
        Some(browser) => tunnel::open(panel, credential, target, request, browser).await,
        None => upstream::exchange(panel, target, request).await,
    };
    match answer {
        Ok(mut answer) => {
            response::prepare(&mut answer, target, &asked);
            answer.extensions_mut().insert(FromApp);
            Ok(answer)
        }
        Err(error) => {
            tracing::info!(instance.id = %target.instance.id, %error, "an app could not be reached");
            Ok(waiting::unreachable(panel, &asked.headers, &target.instance).await)
        }
    }
}

/// The slug and what follows its slash; none when there is no slash.
fn split(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/instance/")
        .or_else(|| path.strip_prefix("/app/"))?
        .split_once('/')
}

/// The same address with a slash after its path: relative links of an app need it.
fn with_slash(uri: &Uri) -> String {
    match uri.query() {
        Some(query) => format!("{}/?{query}", uri.path()),
        None => format!("{}/", uri.path()),
    }
}

fn upstream_uri(target: &Target, rest: &str, uri: &Uri) -> Uri {
    let prefix = if target.strip { "" } else { target.prefix.as_str() };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Its parts were parts of a parsed address, so this cannot fail; the root is a harmless answer if it does.
    format!("{prefix}/{rest}{query}")
        .parse()
        .unwrap_or_else(|_| Uri::from_static("/"))
}

/// How the app behaves below a prefix: asked once per run, because the catalogue reads files.
async fn subpath(panel: &Panel, instance: &Instance) -> Subpath {
    if let Some(known) = panel.apps().subpath(instance) {
        return known;
    }
    let blueprint = panel.engine.blueprints.get(&instance.base_blueprint).await;
    let subpath = blueprint.map_or_else(
        |error| {
            tracing::warn!(instance.id = %instance.id, %error, "no blueprint says how the app wants to be reached");
            Subpath::default()
        },
        |blueprint| blueprint.subpath,
    );
    panel.apps().keep_subpath(instance, subpath);
    subpath
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_falls_into_app_and_rest() {
        assert_eq!(split("/instance/a/x/y"), Some(("a", "x/y")));
        assert_eq!(split("/app/a/"), Some(("a", "")));
        assert_eq!(split("/instance/a"), None);
        assert_eq!(with_slash(&Uri::from_static("/app/a?x=1")), "/app/a/?x=1");
    }
}
