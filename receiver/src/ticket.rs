//! Tickets: what people work on. A ticket is the sum of its events; every event carries its reason.
//!
//! Pure. [`reconcile`] compares the findings that hold with the tickets there are and says what changes. It looks at states, not
//! at changes alone, so that judging again after a crash gives the same answer and a ticket that could not be opened for lack
//! of room is opened later.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::limits;
use serde::{Deserialize, Serialize};

use crate::evaluate::finding::{Finding, FindingChange, Phase};
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
    /// Since when its matter held when it was last opened or reopened: names the episode.
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
    SeenAgain,
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
            Self::SeenAgain => "seen_again",
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
            Self::Commented | Self::Acknowledged | Self::BecameStale | Self::SeenAgain | Self::Closed => {
                false
            }
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
            What::SeenAgain => self.stale = false,
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

/// How tickets follow findings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TicketPolicy {
    /// What comes back within this time reopens its ticket; after it a new one is opened.
    pub reopen_within: SignedDuration,
    /// Most unresolved tickets of one system.
    pub most_open: usize,
}

impl Default for TicketPolicy {
    fn default() -> Self {
        Self { reopen_within: SignedDuration::from_hours(24), most_open: limits::OPEN_TICKETS_PER_SYSTEM }
    }
}

/// A ticket to open or to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketChange {
    /// Open one with this key; the store gives it a number.
    Open {
        /// The rule.
        rule: RuleId,
        /// The subject.
        subject: String,
        /// Its first event, always [`What::Opened`].
        event: TicketEvent,
    },
    /// Add an event to an existing one.
    Event {
        /// Which.
        number: TicketNumber,
        /// What happened.
        event: TicketEvent,
    },
}

/// What must happen to the tickets so that they say what the findings say.
#[must_use]
pub fn reconcile(
    tickets: &[Ticket],
    findings: &[Finding],
    changes: &[FindingChange],
    host: &str,
    policy: &TicketPolicy,
    now: Timestamp,
) -> Vec<TicketChange> {
    let about =
        |ticket: &&Ticket, rule: &RuleId, subject: &str| &ticket.rule == rule && ticket.subject == subject;
    let mut out = Vec::new();
    let mut unresolved = tickets.iter().filter(|ticket| ticket.state.is_unresolved()).count();

    for ticket in tickets.iter().filter(|ticket| ticket.state.is_unresolved()) {
        let holds = findings.iter().any(|finding| {
            about(&ticket, &finding.rule, &finding.subject) && finding.phase != Phase::Pending
        });
        if !holds {
            out.push(event(ticket.number, What::Resolved, end_reason(ticket, changes), now));
            unresolved -= 1;
        }
    }
    for finding in findings.iter().filter(|finding| finding.phase != Phase::Pending) {
        let ticket = tickets
            .iter()
            .filter(|ticket| about(ticket, &finding.rule, &finding.subject))
            .max_by_key(|ticket| ticket.number);
        match ticket {
            Some(ticket) if ticket.state.is_unresolved() => out.extend(follow(ticket, finding, host, now)),
            Some(ticket) if ticket.state == TicketState::Resolved => {
                out.extend(come_back(ticket, finding, host, policy, now));
            }
            _ if unresolved < policy.most_open => {
                out.push(open(finding, host, now));
                unresolved += 1;
            }
            _ => {}
        }
    }
    out
}

fn event(number: TicketNumber, what: What, reason: String, at: Timestamp) -> TicketChange {
    TicketChange::Event { number, event: TicketEvent { at, what, reason, by: "mailbeat".into() } }
}

fn title(finding: &Finding, host: &str) -> String {
    if host.is_empty() { finding.title.clone() } else { format!("{host}: {}", finding.title) }
}

fn open(finding: &Finding, host: &str, now: Timestamp) -> TicketChange {
    let what = What::Opened { title: title(finding, host), severity: finding.severity, since: finding.since };
    TicketChange::Open {
        rule: finding.rule.clone(),
        subject: finding.subject.clone(),
        event: TicketEvent { at: now, what, reason: finding.evidence.clone(), by: "mailbeat".into() },
    }
}

/// An unresolved ticket follows its finding's severity and staleness.
fn follow(ticket: &Ticket, finding: &Finding, host: &str, now: Timestamp) -> Vec<TicketChange> {
    let mut out = Vec::new();
    let stale = finding.phase == Phase::Stale;
    if stale != ticket.stale {
        let what = if stale { What::BecameStale } else { What::SeenAgain };
        out.push(event(ticket.number, what, finding.evidence.clone(), now));
    }
    if !stale && finding.severity != ticket.severity {
        let what = What::SeverityChanged {
            from: ticket.severity,
            to: finding.severity,
            title: title(finding, host),
        };
        out.push(event(ticket.number, what, finding.evidence.clone(), now));
    }
    out
}

/// A resolved ticket whose matter holds: the same episode stays resolved (a person said so) unless it became more urgent; a new
/// episode reopens it, or closes it and opens another when too much time has passed.
fn come_back(
    ticket: &Ticket,
    finding: &Finding,
    host: &str,
    policy: &TicketPolicy,
    now: Timestamp,
) -> Vec<TicketChange> {
    let resolved_at = ticket.resolved_at.unwrap_or(ticket.opened_at);
    let same_episode = finding.since <= ticket.holds_since;
    if finding.phase == Phase::Stale || (same_episode && finding.severity <= ticket.severity) {
        return vec![];
    }
    if now.duration_since(resolved_at) <= policy.reopen_within {
        let what =
            What::Reopened { severity: finding.severity, title: title(finding, host), since: finding.since };
        return vec![event(ticket.number, what, finding.evidence.clone(), now)];
    }
    let closed = format!("it came back after more than {:#}; a new ticket goes on", policy.reopen_within);
    vec![event(ticket.number, What::Closed, closed, now), open(finding, host, now)]
}

fn end_reason(ticket: &Ticket, changes: &[FindingChange]) -> String {
    let ended = changes.iter().find_map(|change| match change {
        FindingChange::Ended { finding, reason }
            if finding.rule == ticket.rule && finding.subject == ticket.subject =>
        {
            Some(reason.clone())
        }
        _ => None,
    });
    ended.unwrap_or_else(|| "it no longer holds".into())
}
