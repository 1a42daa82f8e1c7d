//! What to do about each kind of failure, in one sentence. Pure words: what a server really said is in the failure's own text, which is
//! not looked at here.

use super::{ConnectionProblem, FailureKind, TlsProblem};

impl FailureKind {
    /// One sentence on what to do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Temporary => {
                "Nothing to do: it is tried again by itself; ask the mail server's administrator if it lasts."
            }
            Self::Throttled { .. } => {
                "Nothing to do: it is tried again after the time the server asked for; another route is used meanwhile."
            }
            Self::Permanent => "Ask the mail server's administrator why; check sender and recipient address.",
            Self::MailboxFull => "Tell the vendor, whose mailbox it is; reports wait in the queue meanwhile.",
            Self::Authentication => {
                "Check user name and password, and whether this account may use SMTP AUTH on this port."
            }
            Self::TooLarge => {
                "Send less, or ask the mail server's administrator to raise the message size limit."
            }
            Self::ProtocolUnclear => {
                "Check that host and port belong to the server meant, and what lies between (proxy, virus scanner)."
            }
            Self::Settings => "Correct the settings named here and try again.",
            Self::Connection(problem) => problem.advice(),
            Self::Tls(problem) => problem.advice(),
        }
    }
}

impl ConnectionProblem {
    fn advice(self) -> &'static str {
        match self {
            Self::Unresolved => "Check the host name and this machine's DNS.",
            Self::Refused => "Check the port, and that the mail server is running.",
            Self::TimedOut => {
                "Check host, port and `tls` mode (465 is implicit, 587 is starttls), and that no firewall is in between."
            }
            Self::Closed => {
                "Check that the server accepts connections from this machine, and that `tls` fits the port."
            }
            Self::Unreachable => "Check this machine's network.",
            Self::Proxy => {
                "Check `proxy` (address, user, password), and that the proxy allows CONNECT to this host and port."
            }
        }
    }
}

impl TlsProblem {
    fn advice(self) -> &'static str {
        match self {
            Self::TooOld => "The server must offer TLS 1.2 or 1.3; ask its administrator to enable it.",
            Self::WrongName => {
                "Use the name in the certificate as `host`, or pin the certificate with `tls_pin`."
            }
            Self::Expired => {
                "Renew the server's certificate; if it is not expired, check this machine's clock."
            }
            Self::UnknownIssuer => {
                "Give the issuing CA as `tls_ca`, or compare the fingerprint and set it as `tls_pin`."
            }
            Self::PinMismatch => {
                "If the server's certificate was renewed, compare the new fingerprint and set it as `tls_pin`; if not, somebody is in between."
            }
            Self::NotOffered => {
                "Use another port or `tls = \"implicit\"`; `tls = \"none\"` only in a network you trust."
            }
            Self::Required => "Set `tls = \"starttls\"`, or `tls = \"implicit\"` with its port.",
            Self::NotTls => {
                "The port does not begin with TLS: use `tls = \"starttls\"` (587) or the port for implicit TLS (465)."
            }
            Self::Other => "See the text; the server's log usually says more.",
        }
    }
}
