//! The values a notification's templates are filled with: cleaned, cut, and said as people say them.

use serde::Serialize;

use jiff::Timestamp;
use mailbeat_shared::text;

use super::{About, NotificationView};
use crate::render;
use crate::ticket::{TicketEvent, TicketState, What};

/// Longest name or title shown, in bytes.
const LINE_BYTES: usize = 200;
/// Longest line of evidence shown, in bytes.
const EVIDENCE_LINE_BYTES: usize = 500;
/// Most lines of evidence shown for the event that is told.
const EVIDENCE_LINES: usize = 40;
/// Most lines of evidence shown for an event in the history.
const HISTORY_LINES: usize = 2;
/// Most events of history.
const HISTORY: usize = 20;

#[derive(Debug, Serialize)]
pub(super) struct Page {
    ticket: String,
    /// The ticket's title without the host, which is said beside it.
    title: String,
    about: Option<Shown>,
    severity: String,
    state: String,
    stale: bool,
    opened_at: String,
    since: String,
    /// For a resolved ticket: how long it held.
    held_for: Option<String>,
    respond_within: String,
    respond_until: String,
    contact: String,
    event: Row,
    /// The events before it, oldest first.
    before: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Shown {
    customer: String,
    host: String,
    system: String,
    contract: String,
}

/// An event, as the template `event` takes it.
#[derive(Debug, Serialize)]
struct Row {
    at: String,
    event: &'static str,
    from: Option<String>,
    to: Option<String>,
    /// Who, where it was a person.
    by: Option<String>,
    evidence: Vec<String>,
    cut: bool,
}

impl Page {
    pub(super) fn of(view: &NotificationView) -> Self {
        let ticket = &view.ticket;
        let since = since(&view.event).unwrap_or(ticket.holds_since);
        let resolved = view.event.what == What::Resolved;
        let before: Vec<&TicketEvent> = view.history.iter().filter(|event| **event != view.event).collect();
        let newest = &before[before.len().saturating_sub(HISTORY)..];
        Self {
            ticket: ticket.number.to_string(),
            title: title(view),
            about: view.about.as_ref().map(Shown::of),
            severity: ticket.severity.to_string(),
            state: state(ticket.state).to_owned(),
            stale: ticket.stale,
            opened_at: render::time(ticket.opened_at),
            since: render::time(since),
            held_for: resolved.then(|| {
                render::roughly(view.event.at.duration_since(since).max(jiff::SignedDuration::ZERO))
            }),
            respond_within: render::exactly(view.response_time),
            respond_until: render::time(
                view.event.at.saturating_add(view.response_time).unwrap_or(view.event.at),
            ),
            contact: line(&view.contact.name),
            event: Row::of(&view.event, EVIDENCE_LINES),
            before: newest.iter().map(|event| Row::of(event, HISTORY_LINES)).collect(),
        }
    }
}

impl Shown {
    fn of(about: &About) -> Self {
        Self {
            customer: line(&about.customer),
            host: line(&about.host),
            system: about.system.to_string(),
            contract: about.contract.to_string(),
        }
    }
}

impl Row {
    fn of(event: &TicketEvent, most_lines: usize) -> Self {
        let (from, to) = match &event.what {
            What::Opened { severity, .. } | What::Reopened { severity, .. } => (None, Some(severity)),
            What::SeverityChanged { from, to, .. } => (Some(from), Some(to)),
            _ => (None, None),
        };
        let lines = event.reason.lines().map(str::trim_end).filter(|line| !line.is_empty());
        let mut evidence: Vec<String> =
            lines.take(most_lines + 1).map(|line| text::one_line(line, EVIDENCE_LINE_BYTES)).collect();
        let cut = evidence.len() > most_lines;
        evidence.truncate(most_lines);
        Self {
            at: render::time(event.at),
            event: event.what.as_str(),
            from: from.map(ToString::to_string),
            to: to.map(ToString::to_string),
            by: (event.by != "mailbeat").then(|| line(&event.by)),
            evidence,
            cut,
        }
    }
}

fn line(text: &str) -> String {
    text::one_line(text.trim(), LINE_BYTES)
}

/// The title as the event says it, or the ticket's.
fn title(view: &NotificationView) -> String {
    let title = match &view.event.what {
        What::Opened { title, .. } | What::SeverityChanged { title, .. } | What::Reopened { title, .. } => {
            title
        }
        _ => &view.ticket.title,
    };
    let host = view.about.as_ref().map_or("", |about| about.host.as_str());
    let without_host = title.strip_prefix(host).and_then(|rest| rest.strip_prefix(": "));
    line(without_host.unwrap_or(title))
}

fn since(event: &TicketEvent) -> Option<Timestamp> {
    match event.what {
        What::Opened { since, .. } | What::Reopened { since, .. } => Some(since),
        _ => None,
    }
}

fn state(state: TicketState) -> &'static str {
    match state {
        TicketState::Open => "Open",
        TicketState::Acknowledged => "Acknowledged",
        TicketState::Resolved => "Resolved",
        TicketState::Closed => "Closed",
    }
}
