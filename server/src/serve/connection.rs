//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use types::instances::PublicAccess;

use super::heads::{Heads, TwoLengths};
use super::patience::{Held, Waiting};
use super::seldom;
use super::wire::Wire;
use super::workers::Seat;
use crate::forwards::{self, Public};
use crate::relay::Side;
use crate::site::{HEAD_MAX, Site, Upload};
use crate::tls::Tls;

/// How long a client may take to send the head of a request, and how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);

/// How long the beginning of a connection (TLS, the first bytes) may take.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// Silence after which the kernel asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// What is read from a client at once, bytes; see the same of an app.
const READ_MAX: usize = 120 * 1024;

/// Requests one HTTP/2 connection may have open at a time.
const STREAMS_MAX: u32 = 200;

/// What an HTTP/2 client may send ahead, bytes, per request and in all: enough for fast uploads.
const WINDOW: u32 = 1024 * 1024;
const WINDOW_ALL: u32 = 4 * 1024 * 1024;

/// How an HTTP/2 connection begins that was not agreed upon by TLS.
const PREFACE: &[u8; 4] = b"PRI ";

/// How a TLS connection begins.
const HANDSHAKE: u8 = 0x16;

/// What connections need to be served.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) site: Arc<Site>,
    pub(super) tls: Option<Tls>,
    pub(super) shutdown: CancellationToken,
    /// The public port it is, if it is not the panel's own.
    pub(super) public: Option<Arc<Public>>,
}

impl Door {
    /// The same at a public port.
    pub(super) fn at(&self, public: Option<Arc<Public>>) -> Self {
        let closed = public.as_ref().map(|public| public.closed.clone());
        Self {
            site: self.site.clone(),
            tls: self.tls.clone(),
            shutdown: closed.unwrap_or_else(|| self.shutdown.clone()),
            public,
        }
    }
}

/// One connection, whatever it is for. What speaks HTTP is boxed, because raw ones that wait should not hold
/// room for it.
pub(super) async fn connection(door: Door, stream: TcpStream, peer: SocketAddr, seat: Seat) {
    prepare(&stream);
    let Some(public) = door.public.clone() else {
        return Box::pin(converse(door, stream, peer, seat)).await;
    };
    let tenancy = public.tenancy();
    if tenancy.access == PublicAccess::Open {
        forwards::join(door.site.panel(), &tenancy, stream).await;
        drop(seat);
        return;
    }
    let mut over = seldom(public.over());
    tokio::select! {
        biased;
        () = Box::pin(converse(door, stream, peer, seat)) => {}
        Some(()) = over.next() => {}
    }
}

fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    // A browser that vanished (a laptop that fell asleep) must not keep its tunnel for ever.
    let alive = TcpKeepalive::new().with_time(KEEPALIVE);
    let _ = SockRef::from(stream).set_tcp_keepalive(&alive);
}

/// A connection that speaks HTTP.
async fn converse(door: Door, stream: TcpStream, peer: SocketAddr, seat: Seat) {
    let shutdown = door.shutdown.clone();
    let begin = tokio::select! {
        begin = begin(&door, stream) => begin,
        () = shutdown.cancelled() => return,
    };
    let ended = match begin {
        Ok(Begin::Text(side)) => text(&door, side, peer, seat).await,
        Ok(Begin::Frames(side)) => frames(&door, side, peer, seat).await,
        Ok(Begin::PlainOnTls(side)) => lead_to_tls(side, seat).await,
        Ok(Begin::Nothing) => Ok(()),
        Err(error) => {
            tracing::debug!(%error, %peer, "a connection did not begin");
            Ok(())
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}

enum Begin {
    /// HTTP/1.
    Text(Side),
    /// HTTP/2.
    Frames(Side),
    /// Plain HTTP where TLS is spoken.
    PlainOnTls(Side),
    Nothing,
}

async fn begin(door: &Door, stream: TcpStream) -> std::io::Result<Begin> {
    let mut first = [0; PREFACE.len()];
    // A connection that says nothing at all (browsers open some ahead) may wait as long as an idle one.
    let Ok(seen) = timeout(HEAD_TIMEOUT, stream.peek(&mut first)).await else {
        return Ok(Begin::Nothing);
    };
    let seen = seen?;
    if seen == 0 {
        return Ok(Begin::Nothing);
    }
    let Some(tls) = &door.tls else {
        return Ok(if &first == PREFACE {
            Begin::Frames(Side::Tcp(stream))
        } else {
            Begin::Text(Side::Tcp(stream))
        });
    };
    if first[0] != HANDSHAKE {
        return Ok(Begin::PlainOnTls(Side::Tcp(stream)));
    }
    let stream = timeout(BEGIN_TIMEOUT, tls.accept(stream)).await??;
    let frames = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let side = Side::Other(Box::new(stream));
    Ok(if frames {
        Begin::Frames(side)
    } else {
        Begin::Text(side)
    })
}

async fn text(door: &Door, side: Side, peer: SocketAddr, seat: Seat) -> hyper::Result<()> {
    let (two_lengths, waiting) = (TwoLengths::default(), Waiting::new());
    let wire = Wire::new(side, Some(Heads::new(two_lengths.clone())), seat).telling(&waiting);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (asked, public, two_lengths) = (door.site.clone(), door.public.clone(), two_lengths.seen());
        let busy = waiting.head_came();
        async move {
            let request = request.map(Upload::Wire);
            let answering = asked.answer_at(public.as_deref(), request, peer, two_lengths);
            Ok::<_, Infallible>(answering.await.map(|body| Held { body, _busy: busy }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_header_size(HEAD_MAX)
        .max_buf_size(READ_MAX)
        .half_close(true)
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let mut outside = seldom(outside(door, &waiting));
    tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        Some(happened) = outside.next() => match happened {
            Outside::Silence => Ok(()),
            Outside::Shutdown => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    }
}

/// What ends a connection from outside.
enum Outside {
    Silence,
    Shutdown,
}

async fn outside(door: &Door, waiting: &Waiting) -> Outside {
    tokio::select! {
        () = waiting.took_longer_than(HEAD_TIMEOUT) => Outside::Silence,
        () = door.shutdown.cancelled() => Outside::Shutdown,
    }
}

async fn frames(door: &Door, side: Side, peer: SocketAddr, seat: Seat) -> hyper::Result<()> {
    let waiting = Waiting::new();
    let wire = Wire::new(side, None, seat).telling(&waiting);
    let (asked, public, asking) = (door.site.clone(), door.public.clone(), waiting.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (asked, public) = (asked.clone(), public.clone());
        let busy = asking.head_came();
        async move {
            let request = request.map(Upload::Wire);
            let answering = asked.answer_at(public.as_deref(), request, peer, false);
            Ok::<_, Infallible>(answering.await.map(|body| Held { body, _busy: busy }))
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_MAX).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW_ALL)
        .keep_alive_interval(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(wire), service);
    let mut connection = std::pin::pin!(connection);
    let mut outside = seldom(outside(door, &waiting));
    tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        Some(_) = outside.next() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Says to a plain client where to go.
async fn lead_to_tls(side: Side, seat: Seat) -> hyper::Result<()> {
    let service = service_fn(|request: hyper::Request<Incoming>| async move {
        Ok::<_, Infallible>(crate::tls::speak_tls(&request))
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(BEGIN_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(Wire::new(side, None, seat)), service)
        .await
}
