//! What waits for ten minutes still works then, whichever way it took.
//!
//! It is ignored by default, because it takes that long; CI runs it beside everything else (`scripts/test`).
//! `PATIENCE_SECONDS` makes it shorter for whoever works on it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use server::SiteOptions;
use server::tls::{Tls, self_signed};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use types::instances::{InstanceChange, PublicAccess};

use super::{LONG, Ports, exchange};
use crate::proxy::tls::client;
use crate::support::DEADLINE;

/// How long a connection may take to send its first head, and to begin TLS, and what the test allows on top.
const HEAD: Duration = Duration::from_mins(1);
const BEGIN: Duration = Duration::from_secs(15);
const SLACK: Duration = Duration::from_mins(1);

fn patience() -> Duration {
    let asked = std::env::var("PATIENCE_SECONDS").ok();
    asked.map_or(Duration::from_mins(10), |seconds| {
        Duration::from_secs(seconds.parse().unwrap())
    })
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection that is left alone.
struct Waiter {
    what: &'static str,
    stream: Box<dyn Stream>,
    read: String,
    /// Said when the time is over, if it is this side that has to.
    says: &'static str,
    /// What comes then.
    expects: &'static str,
}

impl Waiter {
    /// Says something and waits for the beginning of an answer, if one comes at once.
    async fn begin(
        what: &'static str,
        stream: impl Stream + 'static,
        [first, answer]: [&str; 2],
        [says, expects]: [&'static str; 2],
    ) -> Self {
        let stream = Box::new(stream);
        let mut waiter = Self {
            what,
            stream,
            read: String::new(),
            says,
            expects,
        };
        waiter.say(first).await;
        waiter.until(answer).await;
        waiter
    }

    async fn say(&mut self, text: &str) {
        let said = timeout(DEADLINE, self.stream.write_all(text.as_bytes())).await;
        assert!(matches!(said, Ok(Ok(()))), "{}: {said:?}", self.what);
    }

    async fn until(&mut self, mark: &str) {
        let what = self.what;
        let reading = async {
            let mut piece = [0; 4096];
            while !self.read.contains(mark) {
                let more = self.stream.read(&mut piece).await;
                let more = more.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert!(more > 0, "{what} ended before {mark:?}: {}", self.read);
                self.read.push_str(str::from_utf8(&piece[..more]).unwrap());
            }
        };
        timeout(DEADLINE, reading)
            .await
            .unwrap_or_else(|_| panic!("{what}: {mark:?} did not come"));
    }

    async fn works(mut self) {
        let (says, expects) = (self.says, self.expects);
        self.say(says).await;
        self.until(expects).await;
        eprintln!("{} works", self.what);
    }
}

/// Events that come all the time, all of them in their order.
async fn counts(panel: SocketAddr) {
    let ticks = [
        "GET /instance/patient/ticks HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "tick 0\n",
    ];
    let stream = TcpStream::connect(panel).await.unwrap();
    let mut waiter = Waiter::begin("a stream of events", stream, ticks, ["", ""]).await;
    for number in 1.. {
        let next = format!("tick {number}\n");
        let end = format!("end after {number}\n");
        let mut piece = [0; 4096];
        while !waiter.read.contains(&next) && !waiter.read.contains(&end) {
            let more = timeout(DEADLINE, waiter.stream.read(&mut piece)).await;
            let more = more.expect("events stay out").unwrap();
            assert!(more > 0, "events ended before {next}");
            waiter.read = str::from_utf8(&piece[..more]).unwrap().to_owned();
        }
        if waiter.read.contains(&end) {
            assert!(number > 1);
            return eprintln!("{number} events came, one by one");
        }
    }
}

/// Who never finishes a head is cut, however it dribbles; `begun` is what it said at first.
async fn is_cut(what: &str, address: SocketAddr, begun: &[u8], limit: Duration) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let since = Instant::now();
    stream.write_all(begun).await.unwrap();
    let (mut read, mut write) = stream.split();
    let dribbling = async {
        loop {
            sleep(Duration::from_secs(1)).await;
            if !begun.is_empty() && write.write_all(b"x").await.is_err() {
                // What came before the cut is still to be read.
                std::future::pending::<()>().await;
            }
        }
    };
    let mut rest = Vec::new();
    let ended = tokio::select! {
        ended = timeout(limit + SLACK, read.read_to_end(&mut rest)) => ended,
        () = dribbling => unreachable!(),
    };
    assert!(ended.is_ok(), "{what} is still served");
    assert!(
        since.elapsed() > limit / 2,
        "{what} was cut after {:?}",
        since.elapsed()
    );
    eprintln!("{what} was cut after {} s", since.elapsed().as_secs());
}

/// Who has asked for nothing for a minute is let go of, also over HTTP/2.
async fn is_let_go_of(panel: SocketAddr) {
    let stream = TokioIo::new(TcpStream::connect(panel).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let since = Instant::now();
    let connected = tokio::spawn(connection);
    let request = Request::builder().uri(format!("http://{panel}/api/health"));
    let request = request.body(String::new()).unwrap();
    assert!(sender.send_request(request).await.unwrap().status().is_success());
    let ended = timeout(HEAD + SLACK, connected).await;
    assert!(ended.is_ok(), "a client that asks nothing is kept");
    assert!(since.elapsed() > HEAD / 2);
    eprintln!(
        "a client that asks nothing was let go of after {} s",
        since.elapsed().as_secs()
    );
}

/// How long who does not read yet may make everybody wait: longer than [`HEAD`], after which nobody is let go of whose
/// answer is on its way in the panel. What the kernel alone still holds after that, it gives up in its own time.
const PAUSE: Duration = Duration::from_secs(90);

/// Who does not read gets everything all the same, even where the last of it waits in the panel only. How much
/// the kernel takes is not known, so there is one of each size.
async fn is_waited_for(panel: SocketAddr, time: Duration) {
    let mut readers = Vec::new();
    for bytes in (500_000..8_000_000).step_by(100_000) {
        let mut stream = TcpStream::connect(panel).await.unwrap();
        let asked = format!("GET /instance/patient/large?bytes={bytes} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.unwrap();
        readers.push((bytes, stream));
    }
    sleep(time).await;
    for (bytes, mut stream) in readers {
        let (mut received, mut piece) = (0, vec![0; 1 << 16]);
        let reading = async {
            while received < bytes {
                match stream.read(&mut piece).await {
                    Ok(more @ 1..) => received += more,
                    other => panic!("{received} of {bytes} bytes came: {other:?}"),
                }
            }
        };
        timeout(DEADLINE, reading).await.unwrap();
    }
    eprintln!("who did not read got everything");
}

const UPGRADE: &str =
    "HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n";

/// One waiter per way and kind.
async fn waiters(ports: &Ports, open: SocketAddr, tls: SocketAddr, certificate: &Path) -> Vec<Waiter> {
    let (panel, login) = (ports.panel, SocketAddr::from(([127, 0, 0, 1], ports.port)));
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let plain = async |address| TcpStream::connect(address).await.unwrap();
    let secure = async || {
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let connecting = client(certificate, b"http/1.1").connect(name, plain(tls).await);
        connecting.await.unwrap()
    };
    let events = ["", "data: two\n"];
    let echo = ["are you there", "are you there"];
    let below = get("/instance/patient/events");
    let raw = format!("GET /instance/patient/raw {UPGRADE}");
    let own = format!("GET /raw {UPGRADE}");
    let secure_raw = raw.replace("Origin: http:", "Origin: https:");
    let upload = "POST /instance/patient/slow HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: 10\r\n\r\n12345";
    vec![
        Waiter::begin("silent events", plain(panel).await, [&below, "one\n"], events).await,
        Waiter::begin(
            "silent events over TLS",
            secure().await,
            [&below, "one\n"],
            events,
        )
        .await,
        Waiter::begin(
            "silent events at a port with a login",
            plain(login).await,
            [&get("/events"), "one\n"],
            events,
        )
        .await,
        Waiter::begin(
            "silent events at an open port",
            plain(open).await,
            [&get("/events"), "one\n"],
            events,
        )
        .await,
        Waiter::begin("an idle tunnel", plain(panel).await, [&raw, "hello "], echo).await,
        Waiter::begin(
            "an idle tunnel over TLS",
            secure().await,
            [&secure_raw, "hello "],
            echo,
        )
        .await,
        Waiter::begin(
            "an idle tunnel at a port with a login",
            plain(login).await,
            [&own, "hello "],
            echo,
        )
        .await,
        Waiter::begin(
            "an idle tunnel at an open port",
            plain(open).await,
            [&own, "hello "],
            echo,
        )
        .await,
        Waiter::begin(
            "a late answer",
            plain(panel).await,
            [&get("/instance/patient/late"), ""],
            ["", "at last"],
        )
        .await,
        Waiter::begin(
            "half an upload",
            plain(panel).await,
            [upload, ""],
            ["67890", "\r\n\r\n10"],
        )
        .await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes; CI runs it beside the rest"]
async fn ten_minutes_end_no_connection_but_those_that_never_asked() {
    let mut ports = Ports::standing(SiteOptions::default(), true, LONG).await;
    let open = ports.start("Open", "patient", PublicAccess::Open).await;
    let change = InstanceChange {
        public_port: Some(Some(ports.port + 1)),
        ..InstanceChange::default()
    };
    let instances = ports.fixture.engine.instances.clone();
    instances.update(open, change, false).await.unwrap();
    ports.take(open).await;
    let login = ports.start("Patient", "patient", PublicAccess::Login).await;
    ports.take(login).await;
    let at_open = SocketAddr::from(([127, 0, 0, 1], ports.port + 1));
    // The panel a second time, over TLS.
    let dir = tempfile::tempdir().unwrap();
    let files = self_signed(dir.path(), &[]).unwrap();
    let (certificate, tls) = (files.certificate.clone(), Tls::read(files).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at_tls = listener.local_addr().unwrap();
    let (site, shutdown) = (ports.fixture.site.clone(), ports.fixture.panel.shutdown.clone());
    tokio::spawn(server::serve::serve(listener, site, Some(tls), shutdown));

    let waiting = waiters(&ports, at_open, at_tls, &certificate).await;
    let mut beside = tokio::task::JoinSet::new();
    let (panel, at_login) = (ports.panel, SocketAddr::from(([127, 0, 0, 1], ports.port)));
    beside.spawn(counts(panel));
    beside.spawn(is_waited_for(panel, patience().min(PAUSE)));
    if patience() >= HEAD + SLACK {
        beside.spawn(is_let_go_of(panel));
    }
    for (what, address, begun, limit) in [
        (
            "a head that never ends",
            panel,
            &b"GET / HTTP/1.1\r\nX: "[..],
            HEAD,
        ),
        (
            "a head that never ends at a port with a login",
            at_login,
            b"GET / HTTP/1.1\r\nX: ",
            HEAD,
        ),
        ("a client that says nothing", panel, b"", HEAD),
        (
            "a handshake that never ends",
            at_tls,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            BEGIN,
        ),
    ] {
        // The limits are theirs, whatever time this test is given.
        if patience() >= limit + SLACK {
            beside.spawn(is_cut(what, address, begun, limit));
        }
    }
    let minutes = patience().as_secs().div_ceil(60);
    for minute in 1..=minutes {
        sleep(patience() / u32::try_from(minutes).unwrap()).await;
        eprintln!("minute {minute} of {minutes}");
    }
    for app in ["patient", "open"] {
        let released = exchange(panel, &format!("GET /instance/{app}/release"), "", "").await;
        assert!(released.ends_with("\"released\""), "{released}");
    }
    for waiter in waiting {
        waiter.works().await;
    }
    while let Some(ended) = beside.join_next().await {
        ended.unwrap();
    }
    ports.stop().await;
}
