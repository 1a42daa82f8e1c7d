//! `tickets`: what people work on, and what they say about it.

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use serde::Serialize;

use super::Desk;
use crate::cli::Tickets;
use crate::render;
use crate::store::{TicketRow, Tx};
use crate::ticket::{Ticket, TicketEvent, TicketNumber, TicketState, What};

/// Most tickets listed at once.
const LISTED: u32 = 500;

/// `tickets`.
pub(super) fn run(desk: &Desk, command: &Tickets) -> anyhow::Result<()> {
    match command {
        Tickets::List { all } => list(desk, *all),
        Tickets::Show { number } => show(desk, *number),
        Tickets::Ack { number, comment, key } => {
            say(desk, *number, What::Acknowledged, comment, key.as_deref(), "is acknowledged")
        }
        Tickets::Comment { number, text, key } => {
            ensure!(!text.trim().is_empty(), "the comment is empty");
            say(desk, *number, What::Commented, text, key.as_deref(), "has a comment more")
        }
        Tickets::Resolve { number, comment, key } => {
            say(desk, *number, What::Resolved, comment, key.as_deref(), "is resolved")
        }
    }
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    ticket: Ticket,
    customer: Option<String>,
    host: Option<String>,
}

impl Row {
    fn of(tx: &Tx<'_>, row: TicketRow) -> anyhow::Result<Self> {
        let system = row.system.map(|id| tx.system(id)).transpose()?.flatten();
        let customer = row.customer.map(|id| tx.customer(id)).transpose()?.flatten();
        Ok(Self {
            ticket: row.ticket,
            customer: customer.map(|customer| customer.name),
            host: system.map(|system| system.host),
        })
    }
}

fn list(desk: &Desk, all: bool) -> anyhow::Result<()> {
    let rows = desk.reader()?.read(|tx| {
        let tickets = tx.tickets(!all, i64::MAX, LISTED)?;
        tickets.into_iter().map(|row| Row::of(tx, row)).collect::<anyhow::Result<Vec<Row>>>()
    })?;
    desk.list(&rows, &["ticket", "severity", "state", "customer", "opened", "title"], |row| {
        let stale = if row.ticket.stale { " (stale)" } else { "" };
        vec![
            row.ticket.number.to_string(),
            row.ticket.severity.to_string(),
            format!("{}{stale}", row.ticket.state.as_str()),
            row.customer.clone().unwrap_or_else(|| "(receiver)".into()),
            render::ago(row.ticket.opened_at, desk.now),
            row.ticket.title.clone(),
        ]
    })
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    row: Row,
    respond_until: Timestamp,
    events: Vec<TicketEvent>,
}

fn show(desk: &Desk, number: TicketNumber) -> anyhow::Result<()> {
    let whole = desk.reader()?.read(|tx| {
        let row = found(tx, number)?;
        let events = tx.ticket_events(number)?.into_iter().map(|(_, event)| event).collect();
        let respond_until = row.ticket.opened_at.saturating_add(row.ticket.severity.response_time())?;
        anyhow::Ok(Whole { row: Row::of(tx, row)?, respond_until, events })
    })?;
    let ticket = &whole.row.ticket;
    let mut text = format!(
        "{} {}\n  {} · {} · opened {} · respond until {}\n  customer {} · host {} · rule {} {}\n",
        ticket.number,
        ticket.title,
        ticket.severity,
        ticket.state.as_str(),
        render::time(ticket.opened_at),
        render::time(whole.respond_until),
        whole.row.customer.as_deref().unwrap_or("-"),
        whole.row.host.as_deref().unwrap_or("-"),
        ticket.rule,
        ticket.subject,
    );
    for event in &whole.events {
        let what = event.what.as_str().replace('_', " ");
        text += &format!("\n{}  {what} by {}\n    {}\n", render::time(event.at), event.by, event.reason);
    }
    desk.show(&whole, &text)
}

fn found(tx: &Tx<'_>, number: TicketNumber) -> anyhow::Result<TicketRow> {
    tx.ticket(number)?
        .with_context(|| format!("there is no ticket {number}; `tickets list --all` shows them"))
}

/// One transaction (R6): the ticket is looked at and changed in it, so a command that is repeated finds it done and says so; a
/// comment, which may well be made twice, by the key it was given with.
fn say(
    desk: &Desk,
    number: TicketNumber,
    what: What,
    words: &str,
    key: Option<&str>,
    done: &str,
) -> anyhow::Result<()> {
    let by =
        std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "operator".into());
    let ticket = desk.write(|tx| {
        let ticket = found(tx, number)?.ticket;
        if let Some(key) = key
            && !tx.take_action_key(&format!("{number} {} {key}", what.as_str()), desk.now)?
        {
            return Ok(ticket);
        }
        let state = ticket.state;
        match what {
            What::Acknowledged => {
                ensure!(state == TicketState::Open, "{number} is {} already", state.as_str())
            }
            What::Resolved => ensure!(state.is_unresolved(), "{number} is {} already", state.as_str()),
            _ => {}
        }
        let reason = if words.trim().is_empty() {
            crate::notify::NO_COMMENT.to_owned()
        } else {
            words.trim().to_owned()
        };
        tx.add_ticket_event(number, &TicketEvent { at: desk.now, what, reason, by }, desk.now)?
            .context("no such ticket")
    })?;
    desk.show(&ticket, &format!("{number} {done}"))
}
