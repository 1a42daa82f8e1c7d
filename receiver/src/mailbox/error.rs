//! What goes wrong with a mailbox, in kinds that call for different decisions or different advice.
//!
//! The texts are the server's own words where it said any, on one line and without what steers a terminal.

use std::fmt;
use std::time::Duration;

use mailbeat_shared::text;
use mailbeat_shared::transport::oauth;
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind, TlsProblem};

/// Longest text that is kept, in bytes.
const TEXT_BYTES: usize = 600;

/// A mailbox that did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {text}")]
pub struct MailboxError {
    /// What to tell apart when deciding.
    pub kind: ErrorKind,
    /// The server's words, or what we saw happen.
    pub text: String,
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The server was not reached or did not stay.
    Connection(ConnectionProblem),
    /// The connection could not be made private.
    Tls(TlsProblem),
    /// User name or password.
    Authentication,
    /// There is no such folder.
    FolderMissing,
    /// The server asks to be left alone for this long.
    Throttled(Duration),
    /// The server ended the session because the token it was opened with has expired; a new one opens the next.
    SessionExpired,
    /// The server understood and refused (NO).
    Refused,
    /// What was said is not the protocol, or over a limit.
    Protocol,
    /// Our own settings: an unreadable password or CA file, a bad name.
    Settings,
    /// The Maildir is not there (not mounted, not ours), or its disk failed.
    Unreachable,
}

impl ErrorKind {
    /// Whether the mailbox is of no more use after this and has to be connected anew.
    #[must_use]
    pub fn ends_session(self) -> bool {
        !matches!(self, Self::FolderMissing | Self::Refused)
    }

    /// Whether a mail may be to blame that was being fetched: the server's answer with it in could not be read.
    #[must_use]
    pub fn may_be_a_mails_fault(self) -> bool {
        matches!(self, Self::Protocol)
    }
}

impl MailboxError {
    /// An error with its text made safe to show.
    #[must_use]
    pub fn new(kind: ErrorKind, text: impl AsRef<str>) -> Self {
        Self { kind, text: text::one_line(text.as_ref().trim(), TEXT_BYTES) }
    }

    /// One sentence on what to do about it: what is known of the server's words, else what is true of the kind.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        oauth::known(&self.text).map_or_else(|| self.kind.advice(), |known| known.fix)
    }
}

impl ErrorKind {
    fn advice(self) -> &'static str {
        match self {
            ErrorKind::Authentication => {
                "Check user name and password, and whether this account may use IMAP with a password."
            }
            ErrorKind::Connection(ConnectionProblem::TimedOut) => {
                "Check host, port and `tls` mode (993 is implicit, 143 is starttls), and that no firewall is in between."
            }
            ErrorKind::Tls(TlsProblem::NotTls) => {
                "The port does not begin with TLS: use `tls = \"starttls\"` (143) or the port for implicit TLS (993)."
            }
            ErrorKind::Connection(problem) => FailureKind::Connection(problem).advice(),
            ErrorKind::Tls(problem) => FailureKind::Tls(problem).advice(),
            ErrorKind::FolderMissing => {
                "Check the folder's name in the mailbox's settings; the server lists others."
            }
            ErrorKind::Throttled(_) => {
                "Nothing to do: it is tried again after the time the server asked for; fewer mailboxes on one account help."
            }
            ErrorKind::SessionExpired => "Nothing to do: the mailbox is opened again with a new token.",
            ErrorKind::Refused => "Ask the mail server's administrator; its log usually says more.",
            ErrorKind::Protocol => {
                "Check that host and port belong to an IMAP server, and what lies between (proxy, virus scanner)."
            }
            ErrorKind::Settings => "Correct the settings named here and try again.",
            ErrorKind::Unreachable => {
                "Check that the Maildir's file system is mounted; a new Maildir is made by `mailbeat-receiver init`."
            }
        }
    }
}

impl From<Failure> for MailboxError {
    fn from(failure: Failure) -> Self {
        let kind = match failure.kind {
            FailureKind::Connection(problem) => ErrorKind::Connection(problem),
            FailureKind::Tls(problem) => ErrorKind::Tls(problem),
            FailureKind::Authentication => ErrorKind::Authentication,
            FailureKind::Settings => ErrorKind::Settings,
            FailureKind::Throttled { seconds } => ErrorKind::Throttled(Duration::from_secs(seconds.into())),
            FailureKind::Temporary
            | FailureKind::Permanent
            | FailureKind::TooLarge
            | FailureKind::MailboxFull => ErrorKind::Refused,
            FailureKind::ProtocolUnclear => ErrorKind::Protocol,
        };
        Self::new(kind, failure.text)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(problem) => FailureKind::Connection(*problem).fmt(f),
            Self::Tls(problem) => FailureKind::Tls(*problem).fmt(f),
            Self::Authentication => f.write_str("authentication failed"),
            Self::FolderMissing => f.write_str("folder missing"),
            Self::Throttled(wait) => write!(f, "asked to wait {} s", wait.as_secs()),
            Self::SessionExpired => f.write_str("session expired"),
            Self::Refused => f.write_str("refused"),
            Self::Protocol => f.write_str("unclear answer"),
            Self::Settings => f.write_str("settings"),
            Self::Unreachable => f.write_str("not reachable"),
        }
    }
}
