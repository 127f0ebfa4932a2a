//! A panel on a data directory of its own, asked in memory or over a real port.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{Method, Request, Response, StatusCode, header};
use engine::{Engine, EngineConfig};
use http_body_util::BodyExt as _;
use serde_json::Value;
use server::site::Upload;
use server::tls::Tls;
use server::{Panel, Site, SiteOptions};
use tempfile::TempDir;
use tokio::time::timeout;
use types::instances::{Instance, InstanceChange, InstanceId, NewInstance, Status};

/// Generous: the machine may be busy.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) const PASSWORD: &str = "correct horse battery";

/// The host every in-memory request names.
pub(crate) const HOST: &str = "localhost:9000";

pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) panel: Panel,
    pub(crate) site: Arc<Site>,
    dir: TempDir,
}

pub(crate) async fn fixture() -> Fixture {
    with(false, |_| {}).await
}

/// A panel that asks for no login.
pub(crate) async fn open_fixture() -> Fixture {
    with(true, |_| {}).await
}

/// `prepare` may put files into the data directory first.
pub(crate) async fn with(open: bool, prepare: impl FnOnce(&Path)) -> Fixture {
    standing(open, SiteOptions::default(), prepare).await
}

/// A panel that is told where it stands.
pub(crate) async fn standing(open: bool, options: SiteOptions, prepare: impl FnOnce(&Path)) -> Fixture {
    set(open, options, prepare, |_| {}).await
}

/// A panel whose engine is told more.
pub(crate) async fn set(
    open: bool,
    options: SiteOptions,
    prepare: impl FnOnce(&Path),
    more: impl FnOnce(&mut EngineConfig),
) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let mut config = EngineConfig::new(dir.path().to_owned(), env!("CARGO_BIN_EXE_aikore").into());
    config.port_range = "21000-21400".parse().unwrap();
    config.base_path.clone_from(&options.base_path);
    more(&mut config);
    let engine = Engine::open(config).await.unwrap();
    let panel = Panel::new(engine.clone(), open, &["panel.example".to_owned()]);
    Fixture {
        site: Site::new(panel.clone(), options),
        engine,
        panel,
        dir,
    }
}

impl Fixture {
    pub(crate) fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    /// Asks; an answer of the API must be one that its description knows.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = send(&self.site, request).await;
        if let Some(known) = described_statuses(&method, &path) {
            let status = answer.status().as_str().to_owned();
            assert!(
                known.contains(&status),
                "{method} {path} answered {status}, described are {known:?}"
            );
        }
        answer
    }

    /// Chooses the first password; returns the cookie.
    pub(crate) async fn set_up(&self) -> String {
        let token = self.engine.accounts.new_setup_token().await.unwrap().unwrap();
        let secret = self.engine.accounts.set_up(&token, PASSWORD).await.unwrap();
        format!("aikore_session={secret}")
    }

    /// The cookie of a session that somebody ended.
    pub(crate) async fn ended_session(&self) -> String {
        let secret = self.engine.accounts.log_in(PASSWORD, "x").await.unwrap();
        self.engine.accounts.log_out(&secret).await.unwrap();
        format!("aikore_session={secret}")
    }

    pub(crate) async fn token(&self) -> String {
        let token = self.engine.accounts.new_token("test").await.unwrap();
        format!("Bearer {}", token.secret)
    }

    pub(crate) async fn create(&self, name: &str, blueprint: &str) -> Instance {
        let new = NewInstance {
            name: name.to_owned(),
            base_blueprint: blueprint.to_owned(),
            ..NewInstance::default()
        };
        self.engine.instances.create(new).await.unwrap()
    }

    /// A started instance; `change` is made before its start.
    pub(crate) async fn started(&self, name: &str, blueprint: &str, change: InstanceChange) -> Instance {
        let app = self.create(name, blueprint).await;
        let instances = &self.engine.instances;
        instances.update(app.id, change, false).await.unwrap();
        instances.start(app.id).await.unwrap();
        until(self, app.id, Status::Started).await;
        app
    }

    /// Serves on a real port until the fixture's token ends it.
    pub(crate) async fn serve(&self) -> SocketAddr {
        self.speak(None).await
    }

    pub(crate) async fn speak(&self, tls: Option<Tls>) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (site, shutdown) = (self.site.clone(), self.panel.shutdown.clone());
        tokio::spawn(server::serve::serve(listener, site, tls, shutdown));
        address
    }
}

/// The statuses that the API's description gives for a route; none where it knows no such route.
fn described_statuses(method: &Method, path: &str) -> Option<Vec<String>> {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(server::description()).unwrap());
    let is_this = |template: &str| {
        let (parts, own) = (template.split('/'), path.split('/'));
        parts.clone().count() == own.clone().count()
            && parts.zip(own).all(|(part, own)| part == own || part == "{id}")
    };
    let paths = DOCUMENT["paths"].as_object()?;
    let exact = paths.get(path);
    let item = exact.or_else(|| Some(paths.iter().find(|(template, _)| is_this(template))?.1))?;
    let answers = item[method.as_str().to_lowercase()]["responses"].as_object()?;
    Some(answers.keys().cloned().collect())
}

/// Asks in memory.
pub(crate) async fn send(site: &Site, request: Request<Body>) -> Response<Body> {
    let client = SocketAddr::from(([192, 0, 2, 1], 40_000));
    let answer = site.answer(request.map(Upload::memory), client, false).await;
    answer.map(Body::new)
}

/// A request as a browser's own page sends it, but for the cookie.
pub(crate) fn request(method: &str, path: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, HOST)
        .header(header::ORIGIN, format!("http://{HOST}"))
}

pub(crate) fn empty(builder: Builder) -> Request<Body> {
    builder.body(Body::empty()).unwrap()
}

pub(crate) fn json(builder: Builder, body: impl Into<Body>) -> Request<Body> {
    builder
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

pub(crate) fn form(builder: Builder, body: &str) -> Request<Body> {
    builder
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

pub(crate) async fn bytes(response: Response<Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

pub(crate) async fn text(response: Response<Body>) -> String {
    String::from_utf8(bytes(response).await.to_vec()).unwrap()
}

pub(crate) async fn value(response: Response<Body>) -> Value {
    serde_json::from_slice(&bytes(response).await).unwrap()
}

pub(crate) fn location(response: &Response<Body>) -> &str {
    response
        .headers()
        .get(header::LOCATION)
        .map_or("", |value| value.to_str().unwrap())
}

/// An error of the API: its status and its code.
pub(crate) async fn failure(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let body = value(response).await;
    assert!(
        body["message"]
            .as_str()
            .is_some_and(|message| message.ends_with(['.', '!', '?'])),
        "{body}"
    );
    assert!(body["hint"].is_string(), "{body}");
    (status, body["code"].as_str().unwrap().to_owned())
}

/// Waits until an instance has a status.
pub(crate) async fn until(fixture: &Fixture, id: InstanceId, status: Status) {
    let mut bus = fixture.engine.events.subscribe();
    let waiting = async {
        while fixture.engine.instances.get(id).await.unwrap().status != status {
            let _ = bus.recv().await;
        }
    };
    timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("never {}", status.as_str()));
}
