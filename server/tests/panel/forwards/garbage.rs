//! What strangers send to a port harms nobody else on it.

mod strangers;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::ServerName;
use server::tls::{Tls, self_signed};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use types::instances::PublicAccess;

use super::{LONG, Ports};
use crate::proxy::tls::client;
use crate::running::until;
use crate::support::DEADLINE;
use strangers::Stranger;

/// Strangers at each door, and how many come at the same time; more, and others, by the environment.
fn load() -> u64 {
    number("STRANGERS", 320)
}
const AT_ONCE: u64 = 16;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Panics on the threads of connections; they end a connection only, so nobody else would see them.
fn count_panics() {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current()
                .name()
                .is_some_and(|name| name.starts_with("connections-"))
            {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            usual(panic);
        }));
    });
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Where strangers come, and others, too.
struct Door {
    address: SocketAddr,
    /// What stands before the app's own paths.
    prefix: &'static str,
    certificate: Option<PathBuf>,
}

impl Door {
    async fn enter(&self) -> Box<dyn Stream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let Some(certificate) = &self.certificate else {
            return Box::new(stream);
        };
        let name = ServerName::try_from("localhost").unwrap();
        Box::new(
            client(certificate, b"http/1.1")
                .connect(name, stream)
                .await
                .unwrap(),
        )
    }

    /// Sends all strangers while two of ours go on: one that asks, and one that has a tunnel.
    async fn withstand(&self) {
        let (seed, scheme) = (
            number("STRANGERS_SEED", 1),
            if self.certificate.is_some() {
                "https"
            } else {
                "http"
            },
        );
        let mut asking = Ours(self.enter().await);
        let mut tunnel = Ours(self.enter().await);
        let upgrade = format!(
            "GET {}raw HTTP/1.1\r\nHost: localhost\r\nOrigin: {scheme}://localhost\r\n\
             Connection: Upgrade\r\nUpgrade: raw\r\n\r\n",
            self.prefix
        );
        tunnel.exchange(&upgrade, "hello ").await;
        for first in (0..load()).step_by(usize::try_from(AT_ONCE).unwrap()) {
            let mut visits = tokio::task::JoinSet::new();
            for number in first..first + AT_ONCE {
                let stranger = Stranger::new(seed + number);
                // Half of them come inside of what is spoken here.
                if self.certificate.is_some() && number % 2 == 0 {
                    let inside = self.enter().await;
                    visits.spawn(stranger.talk(inside));
                } else {
                    visits.spawn(stranger.visit(TcpStream::connect(self.address).await.unwrap()));
                }
            }
            let path = format!("{}echo?after={first}", self.prefix);
            let answer = asking
                .exchange(
                    &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                    "\"trailers\": []}",
                )
                .await;
            assert!(
                answer.starts_with("HTTP/1.1 200 "),
                "seed {seed}, from {first}: {answer}"
            );
            assert!(
                answer.contains(&format!("echo?after={first}\"")),
                "seed {seed}, from {first}: {answer}"
            );
            let said = format!("after {first}.");
            assert_eq!(tunnel.exchange(&said, ".").await, said);
            while let Some(ended) = timeout(DEADLINE, visits.join_next())
                .await
                .expect("a stranger is kept for ever")
            {
                ended.unwrap();
            }
        }
        drop((asking, tunnel));
        let port = self.address.port();
        until("everybody is gone", || (connections(port) == 0).then_some(())).await;
    }
}

/// A connection that nobody may harm.
struct Ours(Box<dyn Stream>);

impl Ours {
    /// What comes up to and with a mark.
    async fn exchange(&mut self, says: &str, mark: &str) -> String {
        let talking = async {
            self.0.write_all(says.as_bytes()).await.unwrap();
            let (mut text, mut piece) = (String::new(), [0; 4096]);
            while !text.contains(mark) {
                let more = self.0.read(&mut piece).await.unwrap();
                assert!(more > 0, "cut after {text:?}");
                text.push_str(str::from_utf8(&piece[..more]).unwrap());
            }
            text
        };
        timeout(DEADLINE, talking).await.unwrap()
    }
}

/// Connections that a port of this machine still has: open, or left by one side only.
fn connections(port: u16) -> usize {
    let own = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let is_open = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, state) = (fields.next(), fields.nth(1));
        local.is_some_and(|local| local.ends_with(&own)) && matches!(state, Some("01" | "08"))
    };
    table.lines().filter(is_open).count()
}

/// A panel with an app below it, and the app's port.
async fn standing(access: PublicAccess) -> (Ports, Door) {
    count_panics();
    let mut ports = Ports::open(LONG).await;
    let id = ports.start("App", "conformance", access).await;
    ports.take(id).await;
    let door = Door {
        address: SocketAddr::from(([127, 0, 0, 1], ports.port)),
        prefix: "/",
        certificate: None,
    };
    (ports, door)
}

async fn end(ports: Ports) {
    assert!(ports.row(ports.apps[0]).await.forward_up);
    ports.stop().await;
    assert_eq!(
        PANICS.load(Ordering::Relaxed),
        0,
        "a connection's thread panicked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_an_open_port_harms_no_other_connection() {
    let (ports, door) = standing(PublicAccess::Open).await;
    door.withstand().await;
    end(ports).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_a_port_with_a_login_harms_no_other_connection() {
    let (ports, door) = standing(PublicAccess::Login).await;
    door.withstand().await;
    end(ports).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_panels_own_port_harms_no_other_connection() {
    let (ports, _) = standing(PublicAccess::Login).await;
    let door = Door {
        address: ports.panel,
        prefix: "/instance/app/",
        certificate: None,
    };
    door.withstand().await;
    end(ports).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_before_and_inside_tls_harms_no_other_connection() {
    let (ports, _) = standing(PublicAccess::Login).await;
    let dir = tempfile::tempdir().unwrap();
    let files = self_signed(dir.path(), &[]).unwrap();
    let certificate = Some(files.certificate.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (site, shutdown) = (ports.fixture.site.clone(), ports.fixture.panel.shutdown.clone());
    let tls = Tls::read(files).unwrap();
    tokio::spawn(server::serve::serve(listener, site, Some(tls), shutdown));
    let door = Door {
        address,
        prefix: "/instance/app/",
        certificate,
    };
    door.withstand().await;
    end(ports).await;
}
