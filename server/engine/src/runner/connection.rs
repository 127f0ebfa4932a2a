//! A connection of the panel to a shim.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::process;
use crate::shim::protocol::{Answer, Hello, LINE_LIMIT, Open};
use crate::shim::record::SOCKET;

/// A shim that does not answer within this was stopped by somebody, or hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A stream to a shim after the first exchange.
pub(super) struct Connection {
    pub(super) stream: BufReader<UnixStream>,
}

/// Connects to the shim of a run directory.
pub(super) async fn open(run_dir: &Path, open: &Open) -> io::Result<(Connection, Hello)> {
    match tokio::time::timeout(ANSWER_LIMIT, greet(run_dir, open)).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "its supervisor does not answer",
        )),
    }
}

async fn greet(run_dir: &Path, open: &Open) -> io::Result<(Connection, Hello)> {
    // The directory stays open until the connection is made: the short path goes through it.
    let (_directory, path) = process::short_path(run_dir, SOCKET)?;
    let stream = UnixStream::connect(path).await?;
    let mut connection = Connection {
        stream: BufReader::new(stream),
    };
    connection.send(open).await?;
    match connection.receive().await? {
        Some(Answer::Hello(hello)) if hello.uuid == open.uuid && hello.generation == open.generation => {
            Ok((connection, hello))
        }
        Some(Answer::Hello(_)) => Err(io::Error::other("another run answered")),
        Some(Answer::Refused(reason)) => Err(io::Error::new(io::ErrorKind::PermissionDenied, reason)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl Connection {
    /// Sends one line.
    pub(super) async fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line).await
    }

    /// Receives one line; none at the end.
    pub(super) async fn receive<T: serde::de::DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let mut line = Vec::new();
        let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
        (&mut self.stream)
            .take(limit)
            .read_until(b'\n', &mut line)
            .await?;
        if line.is_empty() {
            Ok(None)
        } else {
            Ok(Some(serde_json::from_slice(&line)?))
        }
    }
}
