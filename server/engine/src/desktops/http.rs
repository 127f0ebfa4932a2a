//! The few questions that are asked of what streams a desktop.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Answers with the picture on the screen, and not at all while there is none: nothing else tells whether it streams.
pub(super) const SCREENSHOT: &str = "/api/screenshot";
/// Answers as long as the program itself does.
pub(super) const HEALTH: &str = "/api/health";

/// The longest that an answer is waited for.
const LIMIT: Duration = Duration::from_secs(10);
/// The largest picture, bytes.
const BODY_MAX: u64 = 64 * 1024 * 1024;

/// Where a desktop is streamed from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Socket {
    /// Its path.
    pub(super) path: PathBuf,
    /// Who listens there, where that is another user than ours.
    pub(super) user: Option<u32>,
}

impl Socket {
    /// A connection. A desktop's user can put a link to somebody else's socket in the place of its own, and we might be
    /// let in where the user is not: hence a look at who answers.
    pub(crate) async fn connect(&self) -> io::Result<UnixStream> {
        let stream = UnixStream::connect(&self.path).await?;
        match self.user {
            Some(user) if stream.peer_cred()?.uid() != user => Err(io::ErrorKind::PermissionDenied.into()),
            _ => Ok(stream),
        }
    }
}

/// Asks at a socket.
pub(super) async fn ask(socket: &Socket, path: &str) -> io::Result<Vec<u8>> {
    let asked = async { get(&mut socket.connect().await?, path).await };
    tokio::time::timeout(LIMIT, asked).await?
}

/// Gets one page; anything but 200 is an error. The stream is used up.
pub(super) async fn get(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    path: &str,
) -> io::Result<Vec<u8>> {
    // HTTP/1.0: the end of the answer is the end of the stream.
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(BODY_MAX).read_to_end(&mut answer).await?;
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let head = head.ok_or(io::ErrorKind::UnexpectedEof)?;
    match status(&answer) {
        Some(200) => Ok(answer.split_off(head + 4)),
        status => Err(io::Error::other(format!("it answers with {status:?}"))),
    }
}

/// The status of `HTTP/1.0 200 OK`.
pub(super) fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    line.split(' ').nth(1)?.parse().ok()
}

/// Width and height of a PNG, from its first chunk (`IHDR`, see PNG 3, section 11.2.1).
pub(super) fn size(png: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    png.starts_with(b"\x89PNG\r\n\x1a\n")
        .then(|| Some((side(16)?, side(20)?)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(answer: &str) -> io::Result<Vec<u8>> {
        let (mut here, mut there) = tokio::io::duplex(1024);
        there.write_all(answer.as_bytes()).await?;
        there.shutdown().await?;
        get(&mut here, "/").await
    }

    #[test]
    fn a_picture_tells_its_size() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x05\0\0\0\x02\xd0\x08";
        assert_eq!(size(png), Some((1280, 720)));
        assert_eq!((size(&png[..20]), size(b"GIF89a")), (None, None));
    }

    #[tokio::test]
    async fn a_socket_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let _listener = tokio::net::UnixListener::bind(&path).unwrap();
        let own = nix::unistd::geteuid().as_raw();
        let connect = async |user| {
            let path = path.clone();
            Socket { path, user }.connect().await
        };
        assert!(connect(None).await.is_ok() && connect(Some(own)).await.is_ok());
        assert!(connect(Some(own + 1)).await.is_err());
    }

    #[tokio::test]
    async fn only_a_whole_answer_that_is_good_counts() {
        assert_eq!(
            answered("HTTP/1.1 200 OK\r\nA: b\r\n\r\nhi").await.unwrap(),
            b"hi"
        );
        for bad in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "hi\r\n\r\n",
        ] {
            assert!(answered(bad).await.is_err(), "{bad:?}");
        }
    }
}
