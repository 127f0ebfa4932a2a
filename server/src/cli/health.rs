//! `aikore healthcheck`: one plain request, no runtime, so that a container may ask often.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

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
    let answer =
        ask(address).map_err(|error| Failure::new(format!("No panel answers at {address}: {error}.")))?;
    if answer.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    let line = answer.lines().next().unwrap_or("nothing").to_owned();
    Err(Failure::new(format!(
        "What listens at {address} is not well: {line}."
    )))
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
