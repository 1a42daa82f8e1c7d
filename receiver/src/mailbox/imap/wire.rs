//! The connection below async-imap: one socket or TLS stream, with the [`Gate`] in front and an end to every silence.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, BufWriter, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::gate::Gate;

/// A socket, or TLS over one.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// The connection.
pub(super) struct Wire {
    // async-imap writes a command in four pieces; they become one packet.
    stream: BufWriter<Box<dyn Duplex>>,
    gate: Gate,
    patience: Duration,
    silence: Pin<Box<Sleep>>,
    waiting: bool,
}

impl Wire {
    /// Gives up when the other side neither sends nor takes anything for `patience` while we wait for it.
    pub(super) fn new(stream: Box<dyn Duplex>, patience: Duration) -> Self {
        let silence = Box::pin(tokio::time::sleep(patience));
        Self { stream: BufWriter::new(stream), gate: Gate::default(), patience, silence, waiting: false }
    }

    /// The stream, for STARTTLS. What was read and not yet used is thrown away by whoever holds it: bytes sent in clear
    /// must not count as said in private (RFC 9051 section 6.2.1).
    pub(super) fn into_stream(self) -> Box<dyn Duplex> {
        self.stream.into_inner()
    }

    /// From now on waits this long.
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
        self.waiting = false;
    }

    fn poll_silence<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if !self.waiting {
            self.silence.as_mut().reset(Instant::now() + self.patience);
            self.waiting = true;
        }
        ready!(self.silence.as_mut().poll(context));
        let text = format!("nothing came for {} s", self.patience.as_secs());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
    }

    fn limited<T>(
        &mut self,
        context: &mut Context<'_>,
        progress: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if progress.is_pending() {
            return self.poll_silence(context);
        }
        self.waiting = false;
        progress
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let progress = Pin::new(&mut self.stream).poll_read(context, buffer);
        ready!(self.limited(context, progress))?;
        let refused = |refusal| io::Error::new(io::ErrorKind::InvalidData, refusal);
        Poll::Ready(self.gate.pass(&mut buffer.filled_mut()[before..]).map_err(refused))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limited(context, progress)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_flush(context);
        self.limited(context, progress)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_shutdown(context);
        self.limited(context, progress)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}
