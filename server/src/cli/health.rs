//! `aikore healthcheck`: one plain request, no runtime, so that a container may ask often.

use std::io::{self, Read as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::Failure;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Good when the panel answers 200.
pub(super) fn check(mut address: SocketAddr) -> Result<(), Failure> {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    let unreachable = |error| Failure::new(format!("No panel answers at {address}: {error}."));
    let mut answer = ask(address).map_err(unreachable)?;
    if answer.starts_with("HTTP/1.1 308") {
        // So answers a panel that speaks TLS.
        answer = ask_over_tls(address).map_err(unreachable)?;
    }
    if answer.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    let line = answer.lines().next().unwrap_or("nothing").to_owned();
    Err(Failure::new(format!(
        "What listens at {address} is not well: {line}."
    )))
}

fn ask(address: SocketAddr) -> io::Result<String> {
    exchange(&mut connect(address)?, address)
}

fn ask_over_tls(address: SocketAddr) -> io::Result<String> {
    let config = crate::tls::trust_all().map_err(io::Error::other)?;
    let name = ServerName::from(address.ip());
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    exchange(&mut StreamOwned::new(session, connect(address)?), address)
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

fn exchange(stream: &mut (impl io::Read + io::Write), address: SocketAddr) -> io::Result<String> {
    write!(
        stream,
        "GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    stream.flush()?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
