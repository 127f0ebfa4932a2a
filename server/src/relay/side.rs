//! A connection as the relay sees it: a socket, which can do more, or any other stream.

use std::any::Any;
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use engine::runner::Duplex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Several pieces that are no longer than this in all are copied together before they are written: the kernel takes
/// one piece faster than a list.
const JOINED_MAX: usize = 4096;

thread_local! {
    static JOINED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One connection.
pub(crate) enum Side {
    /// A socket.
    Tcp(TcpStream),
    /// Anything else, such as TLS.
    Other(Box<dyn Duplex>),
}

impl Side {
    /// Finds out what a stream is.
    pub(crate) fn of(stream: Box<dyn Duplex>) -> Self {
        let any: &dyn Any = &*stream;
        if !any.is::<TcpStream>() {
            return Self::Other(stream);
        }
        let any: Box<dyn Any> = stream;
        match any.downcast::<TcpStream>() {
            Ok(socket) => {
                let _ = socket.set_nodelay(true);
                Self::Tcp(*socket)
            }
            Err(_) => unreachable!("it was one a moment ago"),
        }
    }

    pub(super) fn socket(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(socket) => Some(socket),
            Self::Other(_) => None,
        }
    }
}

impl AsyncRead for Side {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Other(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Side {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Other(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => {
                let socket = Pin::new(socket);
                match pieces {
                    [only] => socket.poll_write(context, only),
                    _ if pieces.iter().map(|piece| piece.len()).sum::<usize>() <= JOINED_MAX => JOINED
                        .with_borrow_mut(|joined| {
                            joined.clear();
                            for piece in pieces {
                                joined.extend_from_slice(piece);
                            }
                            socket.poll_write(context, joined)
                        }),
                    _ => socket.poll_write_vectored(context, pieces),
                }
            }
            Self::Other(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(_) => true,
            Self::Other(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(_) => Poll::Ready(Ok(())),
            Self::Other(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Other(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
