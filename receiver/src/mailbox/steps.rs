//! The way to a mailbox, step by step, for a person who wants to see where it ends.

use std::fmt;

use jiff::Timestamp;

use super::MailboxError;

/// The steps in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepName {
    /// The settings are complete and safe.
    Settings,
    /// The name has addresses.
    Resolve,
    /// One of them answers.
    Connect,
    /// The connection becomes private: certificate name, days left.
    Tls,
    /// The server knows us.
    Authenticate,
    /// What the server can do that we use: IDLE, MOVE, UIDPLUS.
    Capabilities,
    /// The Maildir is there and is ours.
    Maildir,
    /// A folder, with its UIDVALIDITY and UIDNEXT, or whether it would be created.
    Folder(String),
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings => f.write_str("settings"),
            Self::Resolve => f.write_str("resolve the name"),
            Self::Connect => f.write_str("connect"),
            Self::Tls => f.write_str("make the connection private (TLS)"),
            Self::Authenticate => f.write_str("authenticate"),
            Self::Capabilities => f.write_str("what the server can do"),
            Self::Maildir => f.write_str("find the Maildir"),
            Self::Folder(name) => write!(f, "folder {name}"),
        }
    }
}

/// One step and what was seen.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which one.
    pub name: StepName,
    /// What was seen, or why it ended here.
    pub result: Result<String, MailboxError>,
}

/// Notes the steps as they are taken. Every connection takes them; only a probe reads them.
#[derive(Debug, Default)]
pub(super) struct Steps {
    taken: Vec<Step>,
    now: Option<Timestamp>,
}

impl Steps {
    /// For somebody who looks at `now`.
    pub(super) fn at(now: Timestamp) -> Self {
        Self { taken: Vec::new(), now: Some(now) }
    }

    /// What was noted.
    pub(super) fn into_taken(self) -> Vec<Step> {
        self.taken
    }

    /// Until when a certificate is valid, and for a person how many days that is.
    pub(super) fn validity(&self, not_after: Timestamp) -> String {
        let until = format!("valid until {}", not_after.strftime("%Y-%m-%d"));
        match self.now {
            Some(now) => format!("{until} ({} days left)", not_after.duration_since(now).as_hours() / 24),
            None => until,
        }
    }

    /// Notes a result and hands it on; `seen` says what a person wants to know of a success.
    pub(super) fn judge<T, E: Into<MailboxError>>(
        &mut self,
        name: StepName,
        result: Result<T, E>,
        seen: impl FnOnce(&T) -> String,
    ) -> Result<T, MailboxError> {
        let result = result.map_err(Into::into);
        let noted = result.as_ref().map(seen).map_err(Clone::clone);
        self.taken.push(Step { name, result: noted });
        result
    }
}
