//! What became of handing over one message, in words that both programs store, show and decide on.
//!
//! The texts are the server's own words where it said any, cleaned of everything that steers a terminal.

mod advice;

use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::oauth;
use crate::text;

/// Longest text of a failure or reply that is kept, in bytes.
const TEXT_BYTES: usize = 600;
/// Longest pause a server is granted, in seconds.
pub const LONGEST_PAUSE_S: u32 = 3_600;

/// What a mail server said to one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The server took responsibility for the message.
    Sent {
        /// Its words, usually with a queue id.
        reply: String,
    },
    /// Not now: the message is good for all we know; try again later.
    Deferred(Failure),
    /// Never: the server refuses this message for good.
    Refused(Failure),
    /// The whole message was handed over and no verdict came back; sending the same bytes again is right.
    Unknown(Failure),
}

impl Outcome {
    /// The failure, unless it was sent.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Sent { .. } => None,
            Self::Deferred(failure) | Self::Refused(failure) | Self::Unknown(failure) => Some(failure),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { reply } => write!(f, "sent: {reply}"),
            Self::Deferred(failure) => write!(f, "deferred: {failure}"),
            Self::Refused(failure) => write!(f, "refused: {failure}"),
            Self::Unknown(failure) => write!(f, "outcome unknown: {failure}"),
        }
    }
}

/// Why a message was not taken, or a server not reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{kind}: {text}")]
pub struct Failure {
    /// What to tell apart when deciding.
    pub kind: FailureKind,
    /// The server's own words with their codes, or what we saw happen: one line without control characters.
    pub text: String,
    /// It is about the recipient alone: another one may well be reached. Otherwise it would befall whoever is written to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recipient: bool,
}

impl Failure {
    /// A failure with its text made safe to show.
    #[must_use]
    pub fn new(kind: FailureKind, text: impl AsRef<str>) -> Self {
        Self { kind, text: shown(text.as_ref()), recipient: false }
    }

    /// The same failure, about the recipient alone.
    #[must_use]
    pub fn of_recipient(self) -> Self {
        Self { recipient: true, ..self }
    }

    /// An error of the operating system on a connection; `what` says which connection and step.
    #[must_use]
    pub fn from_io(error: &io::Error, what: &str) -> Self {
        let problem = match error.kind() {
            io::ErrorKind::ConnectionRefused => ConnectionProblem::Refused,
            io::ErrorKind::TimedOut => ConnectionProblem::TimedOut,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted => ConnectionProblem::Closed,
            _ => ConnectionProblem::Unreachable,
        };
        Self::new(FailureKind::Connection(problem), format!("{what}: {error}"))
    }

    /// One sentence on what to do about it: what is known of the server's words, else what is true of the kind.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        oauth::known(&self.text).map_or(self.kind.advice(), |known| known.fix)
    }

    /// How long the other side asked to be left alone.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        match self.kind {
            FailureKind::Throttled { seconds } => Some(Duration::from_secs(seconds.into())),
            _ => None,
        }
    }
}

/// The time in Exchange Online's `Suggested Backoff Time: 299961 milliseconds`, wherever it stands.
#[must_use]
pub fn suggested_backoff(text: &str) -> Option<Duration> {
    let (_, rest) = text.split_once("Suggested Backoff Time:")?;
    let millis = rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some(Duration::from_millis(millis))
}

/// A text from outside, as it is stored and shown.
pub(crate) fn shown(text: &str) -> String {
    text::one_line(text.trim(), TEXT_BYTES)
}

/// Kinds of failure that call for different decisions or different advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A 4xx reply, or another that says that it passes: the server asks to come back later.
    Temporary,
    /// The server asks to be left alone for this long.
    Throttled {
        /// At most an hour: a server that is wrong about itself must not silence us for longer.
        seconds: u32,
    },
    /// A 5xx reply about this message, its sender or its recipient.
    Permanent,
    /// The recipient's mailbox takes nothing more until somebody makes room: the message is good, and waits.
    MailboxFull,
    /// User name, password or their absence; says nothing about the message.
    Authentication,
    /// The server was not reached or did not stay.
    Connection(ConnectionProblem),
    /// The connection could not be made private.
    Tls(TlsProblem),
    /// The message is larger than the server takes (RFC 1870).
    TooLarge,
    /// The server said something that is not the protocol.
    ProtocolUnclear,
    /// Our own settings: an unreadable password or CA file, a bad name.
    Settings,
}

/// How a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionProblem {
    /// The host name has no address.
    Unresolved,
    /// Nobody listens on the port.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The other side closed the connection.
    Closed,
    /// The network knows no way there, or another error of the operating system.
    Unreachable,
    /// The HTTP proxy in between did not open the way.
    Proxy,
}

/// Why a connection could not be made private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsProblem {
    /// The server has nothing newer than TLS 1.1, or only ciphers that are no longer safe.
    TooOld,
    /// The certificate is for another name.
    WrongName,
    /// The certificate is expired or not valid yet.
    Expired,
    /// The certificate is self-signed or its issuer is not known here.
    UnknownIssuer,
    /// The certificate is not the pinned one.
    PinMismatch,
    /// The server does not offer STARTTLS.
    NotOffered,
    /// The server takes nothing in clear.
    Required,
    /// The port does not speak TLS from the first byte.
    NotTls,
    /// Anything else; see the text.
    Other,
}

impl FailureKind {
    /// The kind for a server that asks for this much time.
    #[must_use]
    pub fn throttled(pause: Duration) -> Self {
        let seconds = pause.as_millis().div_ceil(1_000).min(u128::from(LONGEST_PAUSE_S));
        Self::Throttled { seconds: u32::try_from(seconds).unwrap_or(LONGEST_PAUSE_S) }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Temporary => "temporary failure",
            Self::Throttled { seconds } => return write!(f, "asked to wait {seconds} s"),
            Self::Permanent => "permanent failure",
            Self::MailboxFull => "mailbox full",
            Self::Authentication => "authentication failed",
            Self::TooLarge => "message too large",
            Self::ProtocolUnclear => "unclear answer",
            Self::Settings => "settings",
            Self::Connection(ConnectionProblem::Unresolved) => "name not found",
            Self::Connection(ConnectionProblem::Refused) => "connection refused",
            Self::Connection(ConnectionProblem::TimedOut) => "no answer in time",
            Self::Connection(ConnectionProblem::Closed) => "connection closed",
            Self::Connection(ConnectionProblem::Unreachable) => "not reachable",
            Self::Connection(ConnectionProblem::Proxy) => "no way through the proxy",
            Self::Tls(TlsProblem::TooOld) => "TLS too old",
            Self::Tls(TlsProblem::WrongName) => "certificate for another name",
            Self::Tls(TlsProblem::Expired) => "certificate not valid now",
            Self::Tls(TlsProblem::UnknownIssuer) => "certificate from an unknown issuer",
            Self::Tls(TlsProblem::PinMismatch) => "certificate is not the pinned one",
            Self::Tls(TlsProblem::NotOffered) => "TLS not offered",
            Self::Tls(TlsProblem::Required) => "TLS required",
            Self::Tls(TlsProblem::NotTls) => "not TLS",
            Self::Tls(TlsProblem::Other) => "TLS failed",
        })
    }
}
