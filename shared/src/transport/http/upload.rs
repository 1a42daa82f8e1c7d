//! A request's body that counts what of it is on its way, so that a slow line is told from a dead one.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// Bytes handed on at a time.
const PIECE: usize = 16 * 1024;

/// The body. The connection takes the next piece once there is room for it.
pub(super) struct Upload {
    rest: Bytes,
    taken: Arc<AtomicUsize>,
}

/// How much was taken so far, in bytes; it only grows.
#[derive(Clone)]
pub(super) struct Progress(Arc<AtomicUsize>);

impl Progress {
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Upload {
    pub(super) fn of(body: Vec<u8>) -> Self {
        Self { rest: body.into(), taken: Arc::default() }
    }

    pub(super) fn progress(&self) -> Progress {
        Progress(Arc::clone(&self.taken))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let bytes = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(bytes);
        self.taken.fetch_add(bytes, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
