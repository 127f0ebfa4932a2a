//! Every way to an app: below the panel, under names of its own, on a port with a login.

use std::fmt::Write as _;
use std::net::SocketAddr;

use axum::http::{Request, StatusCode};
use server::SiteOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use types::instances::{Instance, InstanceChange, PublicAccess, Status};

use super::askers::Askers;
use super::{From, HOWS, How, Seen, WHO, Who, told, verdict, with};
use crate::forwards::range;
use crate::support::{DEADLINE, Fixture, empty, json, location, request, set, text, until};

const BLUEPRINT: &str = "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = Upstream\n\
    # aikore.category = Test\n# aikore.venv_type = none\n# aikore.ready = http\n# aikore.health_path = /health\n\
    # aikore.stop_grace = 1\n# aikore.subpath = strip\n### AIKORE-METADATA-END ###\n";

/// A way to the app.
struct Way {
    /// The host that is asked, with its port.
    host: String,
    path: &'static str,
    /// Where it has to be asked over a connection.
    address: Option<SocketAddr>,
    /// Other origins of the same site.
    neighbours: Vec<&'static str>,
    /// The pass of somebody logged in, where the way has passes, and one whose login is over.
    passes: Option<(String, String)>,
}

pub(super) struct Table {
    pub(super) fixture: Fixture,
    askers: Askers,
    app: Instance,
    pub(super) port: SocketAddr,
}

impl Table {
    pub(super) async fn new() -> Self {
        Self::standing(SiteOptions::default(), None).await
    }

    pub(super) async fn standing(options: SiteOptions, tls: Option<server::tls::Tls>) -> Self {
        let range = range();
        let write = |dir: &std::path::Path| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/panel/upstream.py");
            let dir = dir.join("blueprints");
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(
                dir.join("upstream.sh"),
                format!("{BLUEPRINT}exec python3 -u '{script}'\n"),
            )
            .unwrap();
        };
        let fixture = set(false, options, write, |config| config.port_range = range).await;
        fixture.speak(tls).await;
        let askers = Askers::new(&fixture).await;
        let change = InstanceChange {
            public_port: Some(Some(range.first)),
            public_access: Some(PublicAccess::Login),
            hostname: Some("app.example".to_owned()),
            use_custom_hostname: Some(true),
            ..InstanceChange::default()
        };
        let app = fixture.started("My app", "upstream", change).await;
        let path = format!("/api/instances/{}/activate", app.id);
        let asked = with(
            request("POST", &path),
            askers.header(Who::User).into_iter().collect(),
        );
        assert_eq!(fixture.send(json(asked, "{}")).await.status(), StatusCode::OK);
        Self {
            fixture,
            askers,
            app,
            port: SocketAddr::from(([127, 0, 0, 1], range.first)),
        }
    }

    /// Stops the app: no test leaves one behind.
    pub(super) async fn stop(self) {
        self.fixture.engine.instances.stop(self.app.id).await.unwrap();
        until(&self.fixture, self.app.id, Status::Stopped).await;
    }

    async fn ways(&self) -> Vec<Way> {
        let below = |path| Way {
            host: "localhost:9000".to_owned(),
            path,
            address: None,
            neighbours: vec!["http://my-app.localhost:9000", "http://localhost:19001"],
            passes: None,
        };
        let mut all = vec![below("/instance/my-app/echo"), below("/app/my-app/echo")];
        // Who asks for what is not there learns nothing of it either.
        all.push(below("/instance/nobody/echo"));
        for (host, address) in [
            ("my-app.localhost:9000".to_owned(), None),
            ("app.example:9000".to_owned(), None),
            (self.port.to_string(), Some(self.port)),
        ] {
            let own_panel = if address.is_some() {
                "127.0.0.1:9000"
            } else {
                "localhost:9000"
            };
            let mut way = Way {
                path: "/echo",
                address,
                neighbours: vec![
                    "http://localhost:9000",
                    "http://other.localhost:9000",
                    "http://127.0.0.1:9000",
                ],
                passes: None,
                host,
            };
            let good = self
                .pass(&way, own_panel, &self.askers.header(Who::User).unwrap().1)
                .await;
            let over = self
                .fixture
                .engine
                .accounts
                .log_in(crate::support::PASSWORD, "x")
                .await
                .unwrap();
            let ended = self
                .pass(&way, own_panel, &format!("aikore_session={over}"))
                .await;
            self.fixture.engine.accounts.log_out(&over).await.unwrap();
            way.passes = Some((good, ended));
            all.push(way);
        }
        all
    }

    /// The cookie that lets a login in on this way.
    async fn pass(&self, way: &Way, panel: &str, session: &str) -> String {
        let to = format!("/pass?to=http%3A//{}/", way.host.replace(':', "%3A"));
        let asked = Request::builder()
            .uri(to)
            .header("host", panel)
            .header("cookie", session);
        let ticket = self.fixture.send(empty(asked)).await;
        let enter = location(&ticket)
            .strip_prefix(&format!("http://{}", way.host))
            .unwrap()
            .to_owned();
        let (head, _) = self.ask(way, How::Method("GET"), &enter, Vec::new()).await;
        let cookie = head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))
            .unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    fn shows(&self, way: &Way, who: Who) -> Option<(&'static str, String)> {
        match (&way.passes, who) {
            (Some((good, _)), Who::User) => Some(("cookie", good.clone())),
            (Some((_, ended)), Who::Expired) => Some(("cookie", ended.clone())),
            _ => self.askers.header(who),
        }
    }

    /// The head of the answer, in the order and spelling of HTTP/1, and its body.
    async fn ask(
        &self,
        way: &Way,
        how: How,
        path: &str,
        headers: Vec<(&'static str, String)>,
    ) -> (String, String) {
        let Some(address) = way.address else {
            let request = Request::builder()
                .method(how.method())
                .uri(path)
                .header("host", &way.host);
            let answer = self.fixture.send(empty(with(request, headers))).await;
            let mut head = format!("HTTP/1.1 {}\r\n", answer.status().as_u16());
            for (name, value) in answer.headers() {
                let _ = write!(head, "{name}: {}\r\n", value.to_str().unwrap());
            }
            return (head, text(answer).await);
        };
        let mut asked = format!("{} {path} HTTP/1.1\r\nHost: {}\r\n", how.method(), way.host);
        if how != How::WebSocket {
            asked.push_str("Connection: close\r\n");
        }
        for (name, value) in headers {
            let _ = write!(asked, "{name}: {value}\r\n");
        }
        let answer = over(address, &format!("{asked}\r\n")).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_owned(), body.to_owned())
    }
}

/// What comes of bytes: all of it up to the end of the connection, or of the body whose length is told.
pub(super) async fn over(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let talking = async {
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        while !is_whole(&read) && matches!(stream.read_buf(&mut read).await, Ok(1..)) {}
        String::from_utf8_lossy(&read).into_owned()
    };
    timeout(DEADLINE, talking).await.expect("an answer that ends")
}

fn is_whole(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer);
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return false;
    };
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() >= length.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_an_app_lets_in_whom_the_rule_says() {
    let table = Table::new().await;
    for way in table.ways().await {
        let own = format!("http://{}", way.host);
        let mut from = vec![
            From::Own,
            From::Foreign,
            From::ForeignScript,
            From::Null,
            From::Missing,
        ];
        from.extend(way.neighbours.iter().map(|origin| From::Neighbour(origin)));
        for how in HOWS {
            for who in WHO {
                for from in &from {
                    let mut headers = told(how, *from, &own);
                    headers.extend(table.shows(&way, who));
                    let (head, body) = table.ask(&way, how, way.path, headers).await;
                    let case = format!("{how:?} {own}{} by {who:?} from {from:?}: {head}", way.path);
                    let seen = Seen {
                        status: head[9..12].parse().unwrap(),
                        location: String::new(),
                        sets_cookie: false,
                        body: body.clone(),
                    };
                    assert_eq!(seen.verdict(), verdict(how, who, *from, false), "{case}");
                    let ours = ["aikore_", "aik_"].iter().any(|word| body.contains(word));
                    assert!(
                        !ours || seen.status != StatusCode::OK,
                        "the app was given something of ours: {case}\n{body}"
                    );
                }
            }
        }
    }
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_foreign_name_no_app_answers_anybody() {
    let table = Table::new().await;
    for way in table.ways().await {
        for who in WHO {
            let foreign = Way {
                host: "evil.example:9000".to_owned(),
                neighbours: Vec::new(),
                passes: None,
                ..way
            };
            let mut headers = told(How::Method("POST"), From::Own, "http://evil.example:9000");
            headers.extend(table.shows(&way, who));
            let (head, _) = table.ask(&foreign, How::Method("POST"), way.path, headers).await;
            assert!(
                head.starts_with("HTTP/1.1 403"),
                "{} by {who:?}: {head}",
                way.host
            );
        }
    }
    table.stop().await;
}
