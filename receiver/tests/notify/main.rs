//! What the people responsible get to read, from ticket events to mails and back from a bounce.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod bounces;
mod hostile;
mod languages;
mod renewals;
mod telling;
mod threads;

use jiff::{SignedDuration, Timestamp};
use mail_parser::{Message, MessageParser};
use mailbeat_receiver::evaluate::Severity;
use mailbeat_receiver::notify::bounce::{NotificationId, NotificationSecret};
use mailbeat_receiver::notify::{About, Contact, Letter, NotificationView, compose};
use mailbeat_receiver::ticket::{Ticket, TicketEvent, TicketNumber, What};
use mailbeat_shared::wire::id::SystemId;

fn at(minute: i64) -> Timestamp {
    "2026-11-22T03:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn event(minute: i64, what: What, reason: &str) -> TicketEvent {
    TicketEvent { at: at(minute), what, reason: reason.into(), by: "mailbeat".into() }
}

fn opened(title: &str, reason: &str) -> TicketEvent {
    let what = What::Opened { title: title.into(), severity: Severity::High, since: at(-5) };
    event(0, what, reason)
}

fn full() -> TicketEvent {
    opened(
        "scada-01: filesystem /var is 96 % full",
        "system.filesystem.utilization of /var is 96 % (Medium above 85 %, High above 95 %, Critical above 98 %)",
    )
}

/// The notification of the last of a ticket's events, told to Eva.
fn view(events: &[TicketEvent]) -> NotificationView {
    let number = TicketNumber(1001);
    let rule = "filesystem-full".parse().unwrap();
    let mut ticket = Ticket::open(number, rule, "/var".into(), &events[0]).unwrap();
    events[1..].iter().for_each(|event| ticket.apply(event));
    NotificationView {
        id: NotificationId { ticket: number, event: i64::try_from(events.len()).unwrap(), contact: 3 },
        about: Some(About {
            customer: "Stadtwerke Köln".into(),
            host: "scada-01".into(),
            system: SystemId::from_bytes([2; 16]),
            contract: "KOELN-2026-001".parse().unwrap(),
        }),
        response_time: ticket.severity.response_time(),
        ticket,
        event: events.last().unwrap().clone(),
        history: events.to_vec(),
        contact: Contact { name: "Eva Müller".into(), email: "eva@vendor.example".into(), locale: None },
        from: "Mailbeat <mailbeat@vendor.example>".into(),
        earlier: vec![],
    }
}

fn secret() -> NotificationSecret {
    NotificationSecret::from_random([1; 32])
}

fn letter(view: &NotificationView) -> Letter {
    compose(view, &secret()).unwrap()
}

fn parsed(letter: &Letter) -> Message<'_> {
    MessageParser::default().parse(&letter.bytes).unwrap()
}

fn text_of(letter: &Letter) -> String {
    parsed(letter).body_text(0).unwrap().replace("\r\n", "\n")
}

fn html_of(letter: &Letter) -> String {
    parsed(letter).body_html(0).unwrap().into_owned()
}

/// Keeps examples for a person to look at, where `MAILBEAT_EXAMPLE_MAILS` names a folder.
fn keep(name: &str, letter: &Letter) {
    if let Some(dir) = std::env::var_os("MAILBEAT_EXAMPLE_MAILS").map(std::path::PathBuf::from) {
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(format!("{name}.eml")), &letter.bytes).unwrap();
        std::fs::write(dir.join(format!("{name}.txt")), text_of(letter)).unwrap();
        std::fs::write(dir.join(format!("{name}.html")), html_of(letter)).unwrap();
    }
}
