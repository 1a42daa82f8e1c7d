//! How tickets follow findings.
//!
//! Pure. [`reconcile()`] compares the findings that hold with the tickets there are and says what changes. It looks at states, not
//! at changes alone, so that judging again after a crash gives the same answer and a ticket that could not be opened for lack
//! of room is opened later.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::config_file;
use mailbeat_shared::wire::limits;
use serde::Deserialize;

use super::{Ticket, TicketEvent, TicketNumber, TicketState, What};
use crate::evaluate::RuleId;
use crate::evaluate::finding::{Finding, FindingChange, Phase};
use crate::evaluate::rules::is_about_what_is_reported;

/// How tickets follow findings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TicketPolicy {
    /// What comes back within this time reopens its ticket; after it a new one is opened.
    #[serde(deserialize_with = "config_file::span")]
    pub reopen_within: SignedDuration,
    /// Most unresolved tickets of one system about what it reports. That it is silent, copied or loses reports is always told.
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
    let counts = |rule: &RuleId| usize::from(is_about_what_is_reported(rule));
    let unresolved = tickets.iter().filter(|ticket| ticket.state.is_unresolved());
    let mut open_now: usize = unresolved.map(|ticket| counts(&ticket.rule)).sum();

    for ticket in tickets.iter().filter(|ticket| ticket.state.is_unresolved()) {
        let holds = findings.iter().any(|finding| {
            about(&ticket, &finding.rule, &finding.subject) && finding.phase != Phase::Pending
        });
        if !holds {
            out.push(event(ticket.number, What::Resolved, end_reason(ticket, changes), now));
            open_now -= counts(&ticket.rule);
        }
    }
    // Where there is not room for all that is seen now, the most urgent come first.
    let mut holding: Vec<&Finding> =
        findings.iter().filter(|finding| finding.phase != Phase::Pending).collect();
    holding.sort_by_key(|finding| Reverse(finding.severity));
    for finding in holding {
        let ticket = tickets
            .iter()
            .filter(|ticket| about(ticket, &finding.rule, &finding.subject))
            .max_by_key(|ticket| ticket.number);
        match ticket {
            Some(ticket) if ticket.state.is_unresolved() => out.extend(follow(ticket, finding, host, now)),
            Some(ticket) if ticket.state == TicketState::Resolved => {
                out.extend(come_back(ticket, finding, host, policy, now));
            }
            _ if open_now < policy.most_open || counts(&finding.rule) == 0 => {
                out.push(open(finding, host, now));
                open_now += counts(&finding.rule);
            }
            _ => {}
        }
    }
    out
}

/// Ends what is unresolved without looking whether it holds; what people resolved stays as they left it.
#[must_use]
pub fn close(tickets: &[Ticket], reason: &str, now: Timestamp) -> Vec<TicketChange> {
    let unresolved = tickets.iter().filter(|ticket| ticket.state.is_unresolved());
    unresolved.map(|ticket| event(ticket.number, What::Closed, reason.to_owned(), now)).collect()
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
        let seen_again = What::SeenAgain { since: Some(finding.since) };
        let what = if stale { What::BecameStale } else { seen_again };
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
