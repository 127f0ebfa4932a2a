//! The app's pages and server functions, rendered here.

use std::sync::Arc;

use app::language::{of_request, within};
use app::links::RequestOrigin;
use app::tools::script::plain::Posted;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use leptos::config::LeptosOptions;
use leptos::prelude::{IntoView, provide_context, use_context};
use leptos_axum::LeptosRoutes;
use serde::Deserialize;

use crate::credentials::Credential;
use crate::error::{HttpError, Query};
use crate::site::arrival::asked_scheme;
use crate::state::Panel;
use crate::{assets, headers, interval, language, lite, login, origin, routes, scripts, theme};

/// Every page the app knows, and its server functions.
pub(crate) fn router(panel: &Panel) -> Router<Panel> {
    app::paths::built_as(&assets::build());
    let context = context(panel.clone());
    let document = document(panel);
    Router::new()
        // No page of a router of its own: this adds the server functions.
        .leptos_routes_with_context(panel, Vec::new(), context, document)
        .route("/", get(page))
        .route("/blueprints", get(page))
        .route("/instances/{id}/logs", get(page))
        .route("/instances/{id}/script", get(page).post(scripts::post))
        .merge(routes::blueprints::forms())
        .merge(routes::wheels::forms())
        .route("/trash", get(page))
        .route("/monitoring", get(page))
        .route("/alerts", get(page))
        .merge(routes::alerts::forms())
        .route("/login", get(login_page).post(login::log_in))
        .route("/setup", get(setup_page).post(login::set_up))
        .merge(lite::router(panel))
        .merge(login::router())
        .merge(theme::router())
        .merge(language::router())
        .merge(interval::router())
}

/// A page that needs no answer but itself.
async fn page(State(panel): State<Panel>, request: Request) -> Response {
    render(&panel, request).await
}

/// Who is logged in already is led on.
async fn login_page(State(panel): State<Panel>, Query(wish): Query<LoginWish>, request: Request) -> Response {
    if request.extensions().get::<Credential>().is_some() {
        return Redirect::to(&login::local_path(&wish.next)).into_response();
    }
    render(&panel, request).await
}

#[derive(Deserialize)]
struct LoginWish {
    #[serde(default)]
    next: String,
}

/// Shown only to who has the link of the log, or was told that it is used up.
async fn setup_page(
    State(panel): State<Panel>,
    Query(link): Query<SetupLink>,
    request: Request,
) -> Result<Response, HttpError> {
    if panel.is_open() || panel.engine.accounts.is_set_up().await? {
        return Ok(Redirect::to("/login").into_response());
    }
    let good = panel.engine.accounts.check_setup_token(&link.token).await.is_ok();
    if !good && link.error.as_deref() != Some("expired") {
        return Ok(Redirect::to("/setup?error=expired").into_response());
    }
    Ok(render(&panel, request).await)
}

#[derive(Deserialize)]
struct SetupLink {
    #[serde(default)]
    token: String,
    error: Option<String>,
}

/// Any other address: the app's own "not found" page.
pub(crate) async fn unknown(State(panel): State<Panel>, request: Request) -> Response {
    let mut answer = render(&panel, request).await;
    if answer.status() == StatusCode::OK {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    answer
}

async fn render(panel: &Panel, request: Request<Body>) -> Response {
    let handler = leptos_axum::render_app_async_with_context(context(panel.clone()), document(panel));
    let language = of_request(request.headers());
    within(language, handler(request)).await
}

/// A page with what became of a form that was posted to it.
pub(crate) async fn render_posted(panel: &Panel, request: Request<Body>, posted: Posted) -> Response {
    let context = context(panel.clone());
    let handler = leptos_axum::render_app_async_with_context(
        move || {
            context();
            provide_context(posted.clone());
        },
        document(panel),
    );
    let language = of_request(request.headers());
    within(language, handler(request)).await
}

fn document(panel: &Panel) -> impl Fn() -> leptos::prelude::AnyView + Clone + Send + Sync + 'static {
    use leptos::prelude::IntoAny;
    let options = Arc::new(<LeptosOptions as axum::extract::FromRef<Panel>>::from_ref(panel));
    move || {
        headers::allow_inline_scripts();
        app::shell((*options).clone()).into_view().into_any()
    }
}

/// What components and server functions find as context.
fn context(panel: Panel) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        provide_context(panel.engine.clone());
        let parts = use_context::<Parts>();
        provide_context(request_origin(&panel, parts.as_ref().map(|parts| &parts.headers)));
    }
}

/// How the asking browser reaches the panel.
pub(crate) fn request_origin(panel: &Panel, headers: Option<&HeaderMap>) -> RequestOrigin {
    RequestOrigin {
        scheme: headers.map_or("http", asked_scheme),
        host: headers.and_then(origin::host).unwrap_or("localhost").to_owned(),
        base: panel.base().to_owned(),
        ports_speak_tls: panel.speaks_tls(),
    }
}
