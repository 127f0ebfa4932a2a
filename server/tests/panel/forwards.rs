//! Public ports, with real sockets in front and real apps behind.

mod activation;
mod garbage;
mod logins;
mod patience;
mod raw;
mod restarts;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use server::SiteOptions;
use server::tls::Tls;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use types::instances::{Instance, InstanceChange, InstanceId, PublicAccess, Status};
use types::ports::PortRange;

use crate::support::{DEADLINE, Fixture, empty, json as with_json, request, set, until, value};

/// Longer than any test, so that nothing is cut.
const LONG: Duration = Duration::from_hours(1);

fn blueprint(script: &str) -> String {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/panel");
    format!(
        "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = Ports\n# aikore.category = Test\n\
         # aikore.venv_type = none\n# aikore.ready = tcp\n# aikore.stop_grace = 1\n# aikore.subpath = strip\n\
         ### AIKORE-METADATA-END ###\nexec python3 -u '{dir}/{script}.py'\n"
    )
}

fn write_blueprints(data_dir: &Path) {
    let dir = data_dir.join("blueprints");
    std::fs::create_dir_all(&dir).unwrap();
    for script in ["ports", "upstream", "conformance"] {
        std::fs::write(dir.join(format!("{script}.sh")), blueprint(script)).unwrap();
    }
    let patient = blueprint("conformance").replace("exec ", "LIFETIME=1800 exec ");
    std::fs::write(dir.join("patient.sh"), patient).unwrap();
}

/// Ports that no other test uses, neither of this run nor of one beside it.
pub(crate) fn range() -> PortRange {
    loop {
        let first = rand::random_range(10_000..20_900);
        let range = PortRange {
            first,
            last: first + 2,
        };
        let free = |port| std::net::TcpListener::bind(("0.0.0.0", port)).is_ok();
        if !range.contains(19_001) && range.ports().all(free) {
            return range;
        }
    }
}

/// A panel on a real port.
struct Ports {
    fixture: Fixture,
    panel: SocketAddr,
    /// The one port its instances share.
    port: u16,
    cookie: String,
    apps: Vec<InstanceId>,
}

impl Ports {
    /// One that asks for no login.
    async fn open(drain: Duration) -> Self {
        Self::with(true, drain).await
    }

    async fn with(open: bool, drain: Duration) -> Self {
        Self::standing(SiteOptions::default(), open, drain).await
    }

    async fn standing(options: SiteOptions, open: bool, drain: Duration) -> Self {
        Self::speaking(None, options, open, drain).await
    }

    async fn speaking(tls: Option<Tls>, options: SiteOptions, open: bool, drain: Duration) -> Self {
        let range = range();
        let fixture = set(open, options, write_blueprints, |config| {
            config.port_range = range;
            config.forward_drain = drain;
            config.bind_public = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        })
        .await;
        let cookie = if open {
            String::new()
        } else {
            fixture.set_up().await
        };
        Self {
            panel: fixture.speak(tls).await,
            fixture,
            port: range.first,
            cookie,
            apps: Vec::new(),
        }
    }

    /// A started instance on the shared port.
    async fn start(&mut self, name: &str, blueprint: &str, access: PublicAccess) -> InstanceId {
        let instances = &self.fixture.engine.instances;
        let id = self.fixture.create(name, blueprint).await.id;
        let change = InstanceChange {
            public_port: Some(Some(self.port)),
            public_access: Some(access),
            ..InstanceChange::default()
        };
        instances.update(id, change, false).await.unwrap();
        instances.start(id).await.unwrap();
        until(&self.fixture, id, Status::Started).await;
        self.apps.push(id);
        id
    }

    async fn ask(&self, method: &str, path: &str) -> (u16, Value) {
        let asked = request(method, path).header("cookie", &self.cookie);
        let answer = self.fixture.send(empty(asked)).await;
        (answer.status().as_u16(), value(answer).await)
    }

    async fn activate(&self, id: InstanceId, force: &str) -> (u16, Value) {
        self.ask("POST", &format!("/api/instances/{id}/activate?force={force}"))
            .await
    }

    /// Activates, whoever has the port.
    async fn take(&self, id: InstanceId) {
        let (status, answer) = self.activate(id, "true").await;
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    }

    async fn deactivate(&self, id: InstanceId) -> Value {
        let (status, answer) = self.ask("POST", &format!("/api/instances/{id}/deactivate")).await;
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
        answer
    }

    async fn set_pattern(&self, id: InstanceId, host: &str, pattern: &str) -> (u16, Value) {
        let asked = request("PUT", &format!("/api/instances/{id}/access-pattern"))
            .header("cookie", &self.cookie)
            .header("origin", format!("http://{host}"));
        let mut asked = with_json(asked, json!({"access_pattern": pattern}).to_string());
        asked.headers_mut().insert("host", host.parse().unwrap());
        asked
            .headers_mut()
            .insert("origin", format!("http://{host}").parse().unwrap());
        let answer = self.fixture.send(asked).await;
        (answer.status().as_u16(), value(answer).await)
    }

    async fn row(&self, id: InstanceId) -> Instance {
        self.fixture.engine.instances.get(id).await.unwrap()
    }

    async fn connect(&self) -> Talk {
        Talk::to(SocketAddr::from(([127, 0, 0, 1], self.port))).await
    }

    async fn refuses(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).await.is_err()
    }

    /// Waits for a row to be as wanted.
    async fn until(&self, id: InstanceId, wanted: impl Fn(&Instance) -> bool) -> Instance {
        let mut bus = self.fixture.engine.events.subscribe();
        let waiting = async {
            loop {
                let row = self.row(id).await;
                if wanted(&row) {
                    return row;
                }
                let _ = bus.recv().await;
            }
        };
        timeout(DEADLINE, waiting).await.expect("it did not come to that")
    }

    /// Stops the apps: no test leaves one behind.
    async fn stop(self) {
        for id in &self.apps {
            let _ = self.fixture.engine.instances.stop(*id).await;
        }
        for id in &self.apps {
            until(&self.fixture, *id, Status::Stopped).await;
        }
    }
}

/// A connection whose bytes the test writes itself.
struct Talk {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Talk {
    async fn to(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            read: Vec::new(),
        }
    }

    async fn say(&mut self, text: impl AsRef<[u8]>) {
        timeout(DEADLINE, self.stream.write_all(text.as_ref()))
            .await
            .unwrap()
            .unwrap();
    }

    /// What comes up to a mark, without it.
    async fn until(&mut self, mark: &str) -> String {
        let reading = async {
            loop {
                let found = self
                    .read
                    .windows(mark.len())
                    .position(|part| part == mark.as_bytes());
                if let Some(at) = found {
                    let rest = self.read.split_off(at + mark.len());
                    let mut text = std::mem::replace(&mut self.read, rest);
                    text.truncate(at);
                    return String::from_utf8(text).unwrap();
                }
                let more = self.stream.read_buf(&mut self.read).await.unwrap();
                assert!(more > 0, "ended: {:?}", String::from_utf8_lossy(&self.read));
            }
        };
        timeout(DEADLINE, reading).await.unwrap()
    }

    /// The name of the app at the other end; the connection may be used again.
    async fn who(&mut self) -> String {
        self.say("who\n").await;
        self.until("\n").await
    }

    /// Everything up to the end, which may also be a reset.
    async fn rest(&mut self) -> Vec<u8> {
        let reading = async { while matches!(self.stream.read_buf(&mut self.read).await, Ok(1..)) {} };
        timeout(DEADLINE, reading)
            .await
            .expect("the connection stays open");
        std::mem::take(&mut self.read)
    }
}

/// Sends one request over a connection of its own; the whole answer.
async fn exchange(address: SocketAddr, line: &str, head: &str, body: &str) -> String {
    let mut talk = Talk::to(address).await;
    let text = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{head}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    talk.say(text).await;
    String::from_utf8_lossy(&talk.rest().await).into_owned()
}

/// A header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let head = answer.split("\r\n\r\n").next().unwrap();
    let is_this = |line: &&str| {
        line.split_once(": ")
            .is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    head.lines()
        .find(is_this)
        .map_or("", |line| line.split_once(": ").unwrap().1)
}

fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("no answer: {answer:?}"))
        .parse()
        .unwrap()
}
