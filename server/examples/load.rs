//! The other two sides of `make bench-proxy`: an app that answers as fast as it can, and clients that ask as fast as
//! they can.
//!
//! `load serve PORT` · `load http|socket|raw ADDRESS PATH CONNECTIONS BYTES MS` ·
//! `load idle ADDRESS PATH CONNECTIONS` (opens sockets, then waits for the end of its input) ·
//! `load panel PORT PLAIN DIR` (the panel as it is served, and its router alone, in one process)

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use engine::{Engine, EngineConfig};
use server::{Panel, Site, SiteOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut builder = match arguments.as_slice() {
        ["panel", ..] => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    builder.enable_all().build()?.block_on(async {
        match arguments.as_slice() {
            ["panel", port, plain, dir] => panel(port.parse()?, plain.parse()?, dir).await,
            ["serve", port] => serve(port.parse()?).await,
            ["idle", address, path, connections] => idle(address.parse()?, path, connections.parse()?).await,
            [kind, address, path, connections, bytes, ms] => {
                let load = Load {
                    kind: Kind::of(kind)?,
                    address: address.parse()?,
                    path: (*path).to_owned(),
                    bytes: bytes.parse()?,
                };
                load.run(connections.parse()?, Duration::from_millis(ms.parse()?))
                    .await
            }
            _ => Err("see the top of this file".into()),
        }
    })
}

/// Answers `/…/<bytes>` with so many bytes, repeats what comes after an upgrade, and what is no request at all.
async fn serve(port: u16) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client that goes away is no failure.
        tokio::spawn(async move { answer(stream).await.ok() });
    }
}

async fn answer(mut stream: TcpStream) -> Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    let mut filled = 0;
    let mut prepared = (0, Vec::new());
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        if !buffer.starts_with(b"GET ") {
            stream.write_all(&buffer[..filled]).await?;
            return repeat(stream, buffer).await;
        }
        let Some(end) = head_end(&buffer[..filled]) else {
            continue;
        };
        let head = str::from_utf8(&buffer[..end])?;
        let path = head.split(' ').nth(1).unwrap_or_default();
        if path.ends_with("/ws") {
            stream.write_all(SWITCHING.as_bytes()).await?;
            stream.write_all(&buffer[end..filled]).await?;
            return repeat(stream, buffer).await;
        }
        let size: usize = path.rsplit('/').next().unwrap_or_default().parse().unwrap_or(0);
        if prepared.0 != size || prepared.1.is_empty() {
            let mut whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").into_bytes();
            whole.resize(whole.len() + size, b'x');
            prepared = (size, whole);
        }
        stream.write_all(&prepared.1).await?;
        buffer.copy_within(end..filled, 0);
        filled -= end;
    }
}

async fn repeat(mut stream: TcpStream, mut buffer: Vec<u8>) -> Result<()> {
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}

/// Serves the router twice: behind everything that stands before it, and as axum alone would.
async fn panel(port: u16, plain: u16, dir: &str) -> Result<()> {
    let config = EngineConfig::new(dir.into(), std::env::current_exe()?);
    let panel = Panel::new(Engine::open(config).await?, true, &[]);
    let router = server::router(panel.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let plain = TcpListener::bind(("127.0.0.1", plain)).await?;
    tokio::spawn(async move { axum::serve(plain, router).await });
    let (site, shutdown) = (Site::new(panel.clone(), SiteOptions::default()), panel.shutdown);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(server::serve::serve(listener, site, None, shutdown).await?)
}

async fn idle(address: SocketAddr, path: &str, connections: usize) -> Result<()> {
    let mut kept = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut stream = upgraded(address, path).await?;
        stream.write_all(b"hello").await?;
        stream.read_exact(&mut [0; 5]).await?;
        kept.push(stream);
    }
    say(&format!("{}", kept.len()));
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    Ok(())
}

async fn upgraded(address: SocketAddr, path: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    while head_end(&answer).is_none() {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the upgrade was cut".into());
        }
    }
    if !answer.starts_with(b"HTTP/1.1 101") {
        return Err(format!("no upgrade: {}", String::from_utf8_lossy(&answer)).into());
    }
    Ok(stream)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Requests over connections that stay.
    Http,
    /// Bytes there and back over upgraded connections.
    Socket,
    /// The same over plain ones.
    Raw,
}

impl Kind {
    fn of(word: &str) -> Result<Self> {
        Ok(match word {
            "http" => Self::Http,
            "socket" => Self::Socket,
            "raw" => Self::Raw,
            other => return Err(format!("what is {other}?").into()),
        })
    }
}

#[derive(Clone)]
struct Load {
    kind: Kind,
    address: SocketAddr,
    path: String,
    bytes: usize,
}

impl Load {
    /// Prints rounds per second and the time of one round, in microseconds.
    async fn run(self, connections: usize, time: Duration) -> Result<()> {
        let mut streams = Vec::with_capacity(connections);
        for _ in 0..connections {
            streams.push(self.connect().await?);
        }
        let begun = Instant::now();
        let clients: Vec<_> = streams
            .into_iter()
            .map(|stream| tokio::spawn(self.clone().client(stream, begun + time)))
            .collect();
        let mut rounds = Vec::new();
        for client in clients {
            rounds.extend(client.await??);
        }
        let seconds = begun.elapsed().as_secs_f64();
        rounds.sort_unstable();
        let quantile = |percent: usize| rounds.get(rounds.len() * percent / 100).copied().unwrap_or(0);
        say(&format!(
            "{{\"rounds\":{},\"seconds\":{seconds:.4},\"p50\":{},\"p99\":{}}}",
            rounds.len(),
            quantile(50),
            quantile(99)
        ));
        Ok(())
    }

    async fn connect(&self) -> Result<TcpStream> {
        if self.kind == Kind::Socket {
            return upgraded(self.address, &self.path).await;
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn client(self, mut stream: TcpStream, until: Instant) -> Result<Vec<u64>> {
        let message = if self.kind == Kind::Http {
            format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", self.path, self.address).into_bytes()
        } else {
            vec![b'x'; self.bytes]
        };
        let mut buffer = vec![0; 256 * 1024];
        let mut rounds = Vec::with_capacity(1 << 16);
        let (mut reads, mut writes) = stream.split();
        while Instant::now() < until {
            let begun = Instant::now();
            if self.kind == Kind::Http {
                writes.write_all(&message).await?;
                let mut filled = 0;
                let end = loop {
                    filled += some(&mut reads, &mut buffer[filled..]).await?;
                    if let Some(end) = head_end(&buffer[..filled]) {
                        break end;
                    }
                };
                if !buffer.starts_with(b"HTTP/1.1 200") {
                    return Err(String::from_utf8_lossy(&buffer[..filled]).into());
                }
                let mut left = (end + self.bytes).saturating_sub(filled);
                while left > 0 {
                    left = left.saturating_sub(some(&mut reads, &mut buffer).await?);
                }
            } else {
                // Both at once, or large messages would wait for each other.
                let reading = async {
                    let mut left = self.bytes;
                    while left > 0 {
                        left = left.saturating_sub(some(&mut reads, &mut buffer).await?);
                    }
                    Ok(())
                };
                let writing =
                    async { Ok::<_, Box<dyn Error + Send + Sync>>(writes.write_all(&message).await?) };
                tokio::try_join!(writing, reading)?;
            }
            rounds.push(u64::try_from(begun.elapsed().as_micros())?);
        }
        Ok(rounds)
    }
}

async fn some(from: &mut (impl tokio::io::AsyncRead + Unpin), buffer: &mut [u8]) -> Result<usize> {
    match from.read(buffer).await? {
        0 => Err("the connection was cut".into()),
        read => Ok(read),
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(4).position(|part| part == b"\r\n\r\n")?;
    Some(at + 4)
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
