//! The stream under lettre's connection: a TCP connection that becomes private in place, and that hands lettre one
//! bounded line at a time.
//!
//! lettre 0.11.23 reads a line of any length into memory, refuses replies that are not UTF-8 or have unusual codes,
//! keeps what a server sent before STARTTLS for after it, and shows no more of a reply than its error text. So lines
//! are limited, repaired and remembered here, and what came too early is refused.

use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::reply::Reply;
use crate::transport::outcome::{Failure, FailureKind, TlsProblem};
use crate::transport::tls::{Connector, PeerCertificate, TlsStream, peer_certificate, protocol, tls_failure};

/// Longest line of a reply, in bytes; RFC 5321 section 4.5.3.1.5 allows 512.
const LINE_BYTES: usize = 2_000;
/// Largest reply, in bytes.
const REPLY_BYTES: usize = 32_000;
/// What follows the last line of a message on the line.
const END_OF_MESSAGE: &[u8; 5] = b"\r\n.\r\n";

enum Stream {
    Plain(TcpStream),
    Private(Box<TlsStream<TcpStream>>),
    /// While a handshake runs, and after it failed.
    Gone,
}

struct Inner {
    stream: Stream,
    peer: SocketAddr,
    /// Received and not yet handed on: less than a line, or what follows it.
    received: Vec<u8>,
    /// The line being handed on, and how much of it was.
    line: Vec<u8>,
    handed: usize,
    /// The replies of this exchange; the last one may be incomplete.
    said: Vec<String>,
    /// We wrote since the last line came: the next line begins a new reply.
    wrote: bool,
    sent_bytes: u64,
    sent_tail: [u8; 5],
}

/// A shared handle: lettre reads and writes through one clone, the session watches through another.
#[derive(Clone)]
pub(super) struct Socket(Arc<Mutex<Inner>>);

impl Socket {
    pub(super) fn new(tcp: TcpStream, peer: SocketAddr) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            stream: Stream::Plain(tcp),
            peer,
            received: vec![],
            line: vec![],
            handed: 0,
            said: vec![],
            wrote: true,
            sent_bytes: 0,
            sent_tail: [0; 5],
        })))
    }

    /// A panic while the lock was held leaves nothing half done that matters: the session is dropped anyway.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an exchange: forgets what was said before.
    pub(super) fn begin(&self) {
        self.lock().said.clear();
    }

    /// Reply number `n` (from 0) of this exchange, if it came whole.
    pub(super) fn reply(&self, n: usize) -> Option<Reply> {
        self.lock().said.get(n).and_then(|text| Reply::parse(text))
    }

    /// Bytes taken by the stream so far: whether a long upload moves.
    pub(super) fn sent_bytes(&self) -> u64 {
        self.lock().sent_bytes
    }

    /// Whether the end of a message is the last thing that was sent: from here on the server may have taken it.
    pub(super) fn message_ended(&self) -> bool {
        &self.lock().sent_tail == END_OF_MESSAGE
    }

    /// The address we speak to.
    pub(super) fn peer(&self) -> SocketAddr {
        self.lock().peer
    }

    /// Whether the connection is private.
    pub(super) fn is_private(&self) -> bool {
        matches!(self.lock().stream, Stream::Private(_))
    }

    /// Makes the connection private. Anything the server sent before the handshake is refused: it could be
    /// somebody else's answer to our next command (CVE-2011-0411 and its kin).
    pub(super) async fn make_private(
        &self,
        tls: &Connector,
        host: &str,
        limit: Duration,
    ) -> Result<(&'static str, Option<PeerCertificate>), Failure> {
        let tcp = {
            let mut inner = self.lock();
            if !inner.received.is_empty() {
                return Err(tls_failure(
                    TlsProblem::Other,
                    format!("{host} sent more than an answer before TLS began"),
                ));
            }
            let Stream::Plain(tcp) = mem::replace(&mut inner.stream, Stream::Gone) else {
                return Err(Failure::new(FailureKind::ProtocolUnclear, "TLS begun twice"));
            };
            tcp
        };
        let stream = tls.connect(tcp, host, limit).await?;
        let seen = (protocol(&stream), peer_certificate(&stream));
        self.lock().stream = Stream::Private(Box::new(stream));
        Ok(seen)
    }
}

impl Inner {
    /// Takes the next whole line out of what was received; remembers it as it came, hands it on as lettre takes it.
    fn next_line(&mut self) -> io::Result<bool> {
        let Some(end) = self.received.iter().position(|byte| *byte == b'\n') else {
            if self.received.len() > LINE_BYTES {
                return Err(unclear("the server sent a line longer than any reply"));
            }
            return Ok(false);
        };
        let line: Vec<u8> = self.received.drain(..=end).collect();
        if mem::take(&mut self.wrote) || self.said.is_empty() {
            self.said.push(String::new());
        }
        if let Some(reply) = self.said.last_mut() {
            reply.push_str(&String::from_utf8_lossy(&line));
            if line.len() > LINE_BYTES || reply.len() > REPLY_BYTES {
                return Err(unclear("the server sent a reply longer than any reply"));
            }
        }
        self.line = as_lettre_takes_it(&line);
        self.handed = 0;
        Ok(true)
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut chunk = [0; 1024];
        let mut buf = ReadBuf::new(&mut chunk);
        ready!(match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(cx, &mut buf),
            Stream::Private(tls) => Pin::new(tls).poll_read(cx, &mut buf),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })?;
        self.received.extend_from_slice(buf.filled());
        Poll::Ready(Ok(buf.filled().len()))
    }

    fn note_sent(&mut self, bytes: &[u8]) {
        self.wrote = true;
        self.sent_bytes += bytes.len() as u64;
        let mut tail = self.sent_tail.to_vec();
        tail.extend_from_slice(&bytes[bytes.len().saturating_sub(5)..]);
        self.sent_tail.copy_from_slice(&tail[tail.len() - 5..]);
    }
}

fn unclear(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// lettre's parser wants UTF-8, CRLF, a blank after a code without text, and no second digit above 5 (`571`).
fn as_lettre_takes_it(line: &[u8]) -> Vec<u8> {
    let mut text: Vec<u8> = String::from_utf8_lossy(line).trim_end().as_bytes().to_vec();
    if text.len() >= 3 && text[..3].iter().all(u8::is_ascii_digit) {
        text[1] = text[1].min(b'5');
        if text.len() == 3 {
            text.push(b' ');
        }
    }
    text.extend_from_slice(b"\r\n");
    text
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        while inner.handed == inner.line.len() {
            if !inner.next_line()? && ready!(inner.poll_fill(cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        let Inner { line, handed, .. } = &mut *inner;
        let count = buf.remaining().min(line.len() - *handed);
        buf.put_slice(&line[*handed..*handed + count]);
        *handed += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut inner = self.lock();
        // An answer nobody asked for would be taken for the answer to what is written now.
        if !inner.wrote && !inner.received.is_empty() {
            return Poll::Ready(Err(unclear("the server answered out of turn")));
        }
        let count = ready!(match &mut inner.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Stream::Private(tls) => Pin::new(tls).poll_write(cx, bytes),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })?;
        inner.note_sent(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.lock().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Private(tls) => Pin::new(tls).poll_flush(cx),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.lock().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Private(tls) => Pin::new(tls).poll_shutdown(cx),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncTokioStream for Socket {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({})", self.peer())
    }
}
