//! Tickets: what people work on. A ticket is the sum of its events; every event carries its reason.
//!
//! [`reconcile()`] says how tickets follow the findings of the rules; people add events by commands. Both go the same way into
//! the store.

mod reconcile;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::reconcile::{TicketChange, TicketPolicy, close, reconcile};
use crate::evaluate::{RuleId, Severity, UnknownWord};

/// The number people say: `MB-1001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketNumber(pub i64);

impl TicketNumber {
    /// The first ever given.
    pub const FIRST: Self = Self(1001);
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MB-{}", self.0)
    }
}

impl std::str::FromStr for TicketNumber {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let digits =
            text.trim().trim_start_matches(['m', 'M']).trim_start_matches(['b', 'B']).trim_start_matches('-');
        digits.parse().map(Self).map_err(|_| UnknownWord(text.to_owned()))
    }
}

impl Serialize for TicketNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// Nobody has taken it.
    Open,
    /// Somebody has.
    Acknowledged,
    /// What it is about is over; it may reopen for a while.
    Resolved,
    /// Over for good.
    Closed,
}

impl TicketState {
    /// The word in the store and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// Open or Acknowledged: somebody should still do something.
    #[must_use]
    pub fn is_unresolved(self) -> bool {
        matches!(self, Self::Open | Self::Acknowledged)
    }
}

impl std::str::FromStr for TicketState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let all = [Self::Open, Self::Acknowledged, Self::Resolved, Self::Closed];
        all.into_iter().find(|state| state.as_str() == text).ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// One matter people work on. Its key is (customer, system, rule, subject); one ticket a key is not Closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// Its number.
    pub number: TicketNumber,
    /// The rule it came from.
    pub rule: RuleId,
    /// What it is about within the system.
    pub subject: String,
    /// One line.
    pub title: String,
    /// How urgent it is now.
    pub severity: Severity,
    /// Where it stands.
    pub state: TicketState,
    /// Its subject is no longer reported.
    pub stale: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Since when its matter held when it was last opened, reopened or seen again: names the episode.
    pub holds_since: Timestamp,
    /// When it was last resolved.
    pub resolved_at: Option<Timestamp>,
}

/// A change of a ticket, dated when it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TicketEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// Why, for people.
    pub reason: String,
    /// Who: `mailbeat`, or a person's name.
    pub by: String,
}

/// What can happen to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// It came to be.
    Opened {
        /// One line.
        title: String,
        /// How urgent.
        severity: Severity,
        /// Since when its matter holds.
        since: Timestamp,
    },
    /// It became more or less urgent.
    SeverityChanged {
        /// Before.
        from: Severity,
        /// Now.
        to: Severity,
        /// The title now.
        title: String,
    },
    /// Somebody wrote something.
    Commented,
    /// Somebody took it.
    Acknowledged,
    /// Its subject is no longer reported.
    BecameStale,
    /// Its subject is reported again, and it still holds.
    SeenAgain {
        /// Since when it is seen to hold again; not told by what was written before there was a word for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// What it is about is over.
    Resolved,
    /// It was over and is back.
    Reopened {
        /// How urgent now.
        severity: Severity,
        /// The title now.
        title: String,
        /// Since when its matter holds again.
        since: Timestamp,
    },
    /// Over for good.
    Closed,
}

impl What {
    /// The word in the store and in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::SeverityChanged { .. } => "severity_changed",
            Self::Commented => "commented",
            Self::Acknowledged => "acknowledged",
            Self::BecameStale => "became_stale",
            Self::SeenAgain { .. } => "seen_again",
            Self::Resolved => "resolved",
            Self::Reopened { .. } => "reopened",
            Self::Closed => "closed",
        }
    }

    /// Whether the people responsible are told by a notification of its own.
    #[must_use]
    pub fn notifies(&self) -> bool {
        match self {
            Self::Opened { .. } | Self::Reopened { .. } | Self::Resolved => true,
            Self::SeverityChanged { from, to, .. } => to > from,
            Self::Commented
            | Self::Acknowledged
            | Self::BecameStale
            | Self::SeenAgain { .. }
            | Self::Closed => false,
        }
    }
}

impl Ticket {
    /// The ticket that its first event makes; `None` if that event is not [`What::Opened`].
    #[must_use]
    pub fn open(number: TicketNumber, rule: RuleId, subject: String, event: &TicketEvent) -> Option<Self> {
        let What::Opened { title, severity, since } = &event.what else { return None };
        Some(Self {
            number,
            rule,
            subject,
            title: title.clone(),
            severity: *severity,
            state: TicketState::Open,
            stale: false,
            opened_at: event.at,
            holds_since: *since,
            resolved_at: None,
        })
    }

    /// The ticket after an event. Opening is not an event of an existing ticket and changes nothing.
    pub fn apply(&mut self, event: &TicketEvent) {
        match &event.what {
            What::Opened { .. } | What::Commented => {}
            What::SeverityChanged { to, title, .. } => {
                self.severity = *to;
                self.title.clone_from(title);
            }
            What::Acknowledged => self.state = TicketState::Acknowledged,
            What::BecameStale => self.stale = true,
            What::SeenAgain { since } => {
                self.stale = false;
                self.holds_since = since.unwrap_or(self.holds_since);
            }
            What::Resolved => {
                self.state = TicketState::Resolved;
                self.stale = false;
                self.resolved_at = Some(event.at);
            }
            What::Reopened { severity, title, since } => {
                self.state = TicketState::Open;
                self.holds_since = *since;
                self.severity = *severity;
                self.title.clone_from(title);
            }
            What::Closed => self.state = TicketState::Closed,
        }
    }
}
