//! What reaches the apps and what comes back, with real apps behind real instances.

mod answers;
mod bodies;
mod certificates;
mod conformance;
mod hosts;
mod memory;
mod pages;
mod requests;
mod secrets;
mod security;
mod sockets;
mod standing;
mod streams;
pub(crate) mod tls;

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use serde_json::Value;
use server::SiteOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use types::instances::{Instance, InstanceChange, Status};

use crate::support::{DEADLINE, Fixture, empty, request, standing, until};

/// A blueprint that runs one of the test apps and says how it likes its prefix.
fn blueprint(script: &str, subpath: &str) -> String {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/panel");
    format!(
        "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = Upstream\n# aikore.category = Test\n\
         # aikore.venv_type = none\n# aikore.ready = http\n# aikore.health_path = /health\n\
         # aikore.stop_grace = 1\n# aikore.subpath = {subpath}\n### AIKORE-METADATA-END ###\n\
         exec python3 -u '{dir}/{script}.py'\n"
    )
}

async fn panel(open: bool, options: SiteOptions) -> Fixture {
    standing(open, options, |dir| {
        let blueprints = dir.join("blueprints");
        std::fs::create_dir_all(&blueprints).unwrap();
        for (name, script, subpath) in [
            ("strip", "upstream", "strip"),
            ("keep", "upstream", "yes"),
            ("conformance", "conformance", "strip"),
        ] {
            std::fs::write(blueprints.join(format!("{name}.sh")), blueprint(script, subpath)).unwrap();
        }
    })
    .await
}

/// A panel, its cookie, and a started app.
struct Behind {
    fixture: Fixture,
    cookie: String,
    app: Instance,
}

impl Behind {
    async fn start(blueprint: &str) -> Self {
        Self::standing(blueprint, SiteOptions::default()).await
    }

    async fn standing(blueprint: &str, options: SiteOptions) -> Self {
        let fixture = panel(false, options).await;
        let cookie = fixture.set_up().await;
        let app = started(&fixture, "My app", blueprint).await;
        Self { fixture, cookie, app }
    }

    /// The conformance server behind a panel that asks for no login, on a real port.
    async fn conformance() -> (Self, SocketAddr) {
        let fixture = panel(true, SiteOptions::default()).await;
        let app = started(&fixture, "My app", "conformance").await;
        let cookie = String::new();
        let address = fixture.serve().await;
        (Self { fixture, cookie, app }, address)
    }

    /// Stops the app: no test leaves one behind.
    async fn stop(self) {
        self.fixture.engine.instances.stop(self.app.id).await.unwrap();
        until(&self.fixture, self.app.id, Status::Stopped).await;
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        request(method, &format!("/instance/my-app/{path}")).header("cookie", &self.cookie)
    }

    async fn get(&self, path: &str) -> Response<Body> {
        self.fixture.send(empty(self.request("GET", path))).await
    }
}

async fn started(fixture: &Fixture, name: &str, blueprint: &str) -> Instance {
    fixture.started(name, blueprint, InstanceChange::default()).await
}

/// The headers the app was sent.
fn sent(echo: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for pair in echo["headers"].as_array().unwrap() {
        let name: axum::http::HeaderName = pair[0].as_str().unwrap().parse().unwrap();
        headers.append(name, pair[1].as_str().unwrap().parse().unwrap());
    }
    headers
}

/// A client that writes every byte itself.
struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            read: Vec::new(),
        }
    }

    /// Begins a request to the app; `head` holds its further lines.
    async fn ask(&mut self, line: &str, head: &str) {
        let (method, path) = line.split_once(' ').unwrap();
        let text = format!("{method} /instance/my-app/{path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n");
        self.write(&text).await;
    }

    async fn write(&mut self, text: impl AsRef<[u8]>) {
        timeout(DEADLINE, self.stream.write_all(text.as_ref()))
            .await
            .unwrap()
            .unwrap();
    }

    /// What comes up to and with `end`.
    async fn until(&mut self, end: &str) -> String {
        let reading = async {
            loop {
                let found = self
                    .read
                    .windows(end.len())
                    .position(|part| part == end.as_bytes());
                if let Some(at) = found {
                    let rest = self.read.split_off(at + end.len());
                    return String::from_utf8(std::mem::replace(&mut self.read, rest)).unwrap();
                }
                let more = self.stream.read_buf(&mut self.read).await.unwrap();
                assert!(
                    more > 0,
                    "ended before {end:?}: {:?}",
                    String::from_utf8_lossy(&self.read)
                );
            }
        };
        timeout(DEADLINE, reading).await.unwrap()
    }

    /// Everything up to the end of the connection, which may also be a reset.
    async fn rest(&mut self) -> String {
        let reading = async { while matches!(self.stream.read_buf(&mut self.read).await, Ok(1..)) {} };
        timeout(DEADLINE, reading)
            .await
            .expect("the connection stays open");
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }
}

/// The whole answer to a request that ends its connection.
async fn exchange(address: SocketAddr, line: &str, head: &str) -> String {
    let mut client = Client::connect(address).await;
    client.ask(line, &format!("{head}Connection: close\r\n")).await;
    client.rest().await
}

/// The body of an answer with a known length.
fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}
