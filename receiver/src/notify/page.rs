//! The values a notification's templates are filled with: cleaned, cut, and said as people of that language say them.

use serde::Serialize;

use jiff::Timestamp;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::text;

use super::{About, NotificationView};
use crate::evaluate::own::OWN_NAME;
use crate::render::words::{self, Words};
use crate::ticket::{TicketEvent, What};

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
/// What stands in a ticket where a person gave no comment.
pub(crate) const NO_COMMENT: &str = "no comment";

#[derive(Debug, Serialize)]
pub(super) struct Page {
    lang: Locale,
    /// The colour of the page: `resolved`, or the severity's word.
    tone: &'static str,
    /// What a list of mails shows beside the subject.
    preview: String,
    ticket: String,
    /// The ticket's title without the host, which is said beside it.
    title: String,
    /// The same with a capital.
    headline: String,
    about: Option<Shown>,
    severity: &'static str,
    state: &'static str,
    /// Number, state, severity and age on one line.
    stands: String,
    stale: bool,
    opened_at: String,
    since: String,
    /// For a resolved ticket: how long it held.
    held_for: Option<String>,
    /// It was over before its beginning could be told: this is the only mail about it.
    untold: bool,
    respond_within: String,
    respond_until: String,
    contact: String,
    /// What to type, one command a line.
    commands: String,
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
    from: Option<&'static str>,
    to: Option<&'static str>,
    /// Who, where it was a person.
    by: Option<String>,
    evidence: Vec<String>,
    /// The evidence as one text.
    lines: String,
    cut: bool,
}

impl Page {
    pub(super) fn of(view: &NotificationView, locale: Locale) -> Self {
        let (ticket, words) = (&view.ticket, words::of(locale));
        let since = since(&view.event).unwrap_or(ticket.holds_since);
        let resolved = view.event.what == What::Resolved;
        let before: Vec<&TicketEvent> = view.history.iter().filter(|event| **event != view.event).collect();
        let newest = &before[before.len().saturating_sub(HISTORY)..];
        let (severity, state) = (words.severity(ticket.severity), words.state(ticket.state));
        let opened_at = locale.second(ticket.opened_at);
        let event = Row::of(&view.event, EVIDENCE_LINES, words);
        let title = line(&words.said(&title(view)));
        Self {
            lang: locale,
            tone: if resolved { "resolved" } else { ticket.severity.as_str() },
            preview: event.evidence.first().cloned().unwrap_or_default(),
            ticket: ticket.number.to_string(),
            headline: text::capitalised(&title),
            title,
            about: view.about.as_ref().map(Shown::of),
            severity,
            state,
            stands: format!("{}, {state}, {severity}, {}", ticket.number, words.opened(&opened_at)),
            stale: ticket.stale,
            opened_at,
            since: locale.second(since),
            held_for: resolved.then(|| locale.roughly(view.event.at.duration_since(since))),
            untold: resolved && view.earlier.is_empty(),
            respond_within: locale.exactly(view.response_time),
            respond_until: locale
                .second(view.event.at.saturating_add(view.response_time).unwrap_or(view.event.at)),
            contact: line(&view.contact.name),
            commands: commands(view, resolved),
            event,
            before: newest.iter().map(|event| Row::of(event, HISTORY_LINES, words)).collect(),
        }
    }
}

/// What to type about the ticket.
fn commands(view: &NotificationView, resolved: bool) -> String {
    let number = view.ticket.number;
    let mut lines = vec![format!("mailbeat-receiver tickets show {number}")];
    if !resolved {
        lines.push(format!("mailbeat-receiver tickets ack {number}"));
        lines.extend(
            view.about.iter().map(|about| format!("mailbeat-receiver systems show {}", about.system)),
        );
    }
    lines.join("\n")
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
    fn of(event: &TicketEvent, most_lines: usize, words: &dyn Words) -> Self {
        let (from, to) = match event.what {
            What::Opened { severity, .. } | What::Reopened { severity, .. } => (None, Some(severity)),
            What::SeverityChanged { from, to, .. } => (Some(from), Some(to)),
            _ => (None, None),
        };
        let by_us = event.by == "mailbeat";
        let lines = event.reason.lines().map(str::trim_end).filter(|line| !line.is_empty());
        // What a person wrote stays as it was written.
        let said = |line: &str| if by_us || line == NO_COMMENT { words.said(line) } else { line.to_owned() };
        let mut evidence: Vec<String> =
            lines.take(most_lines + 1).map(|line| text::one_line(&said(line), EVIDENCE_LINE_BYTES)).collect();
        let cut = evidence.len() > most_lines;
        evidence.truncate(most_lines);
        Self {
            at: words.locale().second(event.at),
            event: event.what.as_str(),
            from: from.map(|severity| words.severity(severity)),
            to: to.map(|severity| words.severity(severity)),
            by: (!by_us).then(|| line(&event.by)),
            lines: evidence.join("\n"),
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
    let host = view.about.as_ref().map_or(OWN_NAME, |about| about.host.as_str());
    let without_host = title.strip_prefix(host).and_then(|rest| rest.strip_prefix(": "));
    line(without_host.unwrap_or(title))
}

fn since(event: &TicketEvent) -> Option<Timestamp> {
    match event.what {
        What::Opened { since, .. } | What::Reopened { since, .. } => Some(since),
        _ => None,
    }
}
