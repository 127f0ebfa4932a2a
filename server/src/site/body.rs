//! Bodies on their way through: named kinds instead of boxes, because an app's bytes pass here.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use crate::proxy::Answer;

/// What a client sends.
pub enum Upload {
    /// From a connection.
    Wire(Incoming),
    /// From memory. Requests are looked at while something is waited for, hence the lock that nobody waits for.
    Memory(Mutex<Body>),
    /// None.
    Nothing,
}

impl Upload {
    /// A body in memory.
    pub fn memory(body: Body) -> Self {
        Self::Memory(Mutex::new(body))
    }
}

/// What a client is sent.
pub enum Download {
    /// The panel's.
    Panel(Body),
    /// An app's.
    App(Answer),
}

fn lock(body: &Mutex<Body>) -> MutexGuard<'_, Body> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unlocked(body: &mut Mutex<Body>) -> &mut Body {
    body.get_mut().unwrap_or_else(PoisonError::into_inner)
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Wire(body) => Pin::new(body)
                .poll_frame(context)
                .map(|frame| frame.map(|frame| frame.map_err(axum::Error::new))),
            Self::Memory(body) => Pin::new(unlocked(body)).poll_frame(context),
            Self::Nothing => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Wire(body) => body.is_end_stream(),
            Self::Memory(body) => lock(body).is_end_stream(),
            Self::Nothing => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Wire(body) => body.size_hint(),
            Self::Memory(body) => lock(body).size_hint(),
            Self::Nothing => SizeHint::with_exact(0),
        }
    }
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Panel(body) => Pin::new(body).poll_frame(context),
            Self::App(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Panel(body) => body.is_end_stream(),
            Self::App(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Panel(body) => body.size_hint(),
            Self::App(body) => body.size_hint(),
        }
    }
}
