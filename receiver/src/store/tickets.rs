//! Tickets and their events. A ticket is never written but together with the event that changes it.
//!
//! What is opened or changed was decided by the rules or said by a person before. An event that people are told of leaves with
//! the rows of those who are told, in the same transaction. An event that cannot be read is a damaged store.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::sqlite::{StoreError, Tx, maybe_time, time, us, word};
use crate::evaluate::RuleId;
use crate::ticket::{Ticket, TicketEvent, TicketNumber, What};

/// Whose a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A customer's system: rows of both.
    System {
        /// Row of the customer.
        customer: i64,
        /// Row of the system.
        system: i64,
    },
    /// The receiver itself.
    Receiver,
}

impl Owner {
    /// The columns customer and system.
    pub(super) fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::System { customer, system } => (Some(customer), Some(system)),
            Self::Receiver => (None, None),
        }
    }
}

/// A ticket with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRow {
    /// The ticket.
    pub ticket: Ticket,
    /// Row of the customer, if it is a customer's.
    pub customer: Option<i64>,
    /// Row of the system, if it is about one.
    pub system: Option<i64>,
}

macro_rules! ticket_columns {
    () => {
        "number, rule, subject, title, severity, state, stale, opened_at, holds_since, resolved_at, customer, system"
    };
}

fn ticket(row: &Row<'_>) -> rusqlite::Result<TicketRow> {
    let ticket = Ticket {
        number: TicketNumber(row.get(0)?),
        rule: word(row, 1)?,
        subject: row.get(2)?,
        title: row.get(3)?,
        severity: word(row, 4)?,
        state: word(row, 5)?,
        stale: row.get(6)?,
        opened_at: time(row, 7)?,
        holds_since: time(row, 8)?,
        resolved_at: maybe_time(row, 9)?,
    };
    Ok(TicketRow { ticket, customer: row.get(10)?, system: row.get(11)? })
}

impl Tx<'_> {
    /// The tickets of a system, or of the receiver itself, that are not Closed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unclosed_tickets(&self, system: Option<i64>) -> Result<Vec<Ticket>, StoreError> {
        const SQL: &str = concat!(
            "-- unclosed_tickets
            SELECT ",
            ticket_columns!(),
            " FROM tickets WHERE coalesce(system, 0) = ?1 AND state <> 'closed' ORDER BY number"
        );
        self.all(SQL, params![system.unwrap_or(0)], |row| Ok(ticket(row)?.ticket))
    }

    /// Opens a ticket with its first event.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn open_ticket(
        &self,
        owner: Owner,
        rule: &RuleId,
        subject: &str,
        event: &TicketEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- open_ticket
            INSERT INTO tickets (customer, system, rule, subject, title, severity, state, opened_at, holds_since)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7, ?8)";
        let What::Opened { title, severity, since } = &event.what else { return Ok(()) };
        let (customer, system) = owner.columns();
        let params = params![
            customer,
            system,
            rule.as_str(),
            subject,
            title,
            severity.as_str(),
            us(event.at),
            us(*since)
        ];
        let number = TicketNumber(self.insert(SQL, params)?);
        tracing::info!(ticket = %number, rule = %rule, "ticket opened");
        self.put_event(number, customer, event, now)
    }

    /// Adds an event to a ticket, a rule's or a person's. `None`: there is no such ticket.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_ticket_event(
        &self,
        number: TicketNumber,
        event: &TicketEvent,
        now: Timestamp,
    ) -> Result<Option<Ticket>, StoreError> {
        const SQL: &str = "-- add_ticket_event
            UPDATE tickets SET title = ?2, severity = ?3, state = ?4, stale = ?5, holds_since = ?6, resolved_at = ?7
            WHERE number = ?1";
        let Some(mut row) = self.ticket(number)? else { return Ok(None) };
        row.ticket.apply(event);
        let is = &row.ticket;
        let params = params![
            number.0,
            is.title,
            is.severity.as_str(),
            is.state.as_str(),
            is.stale,
            us(is.holds_since),
            is.resolved_at.map(us)
        ];
        self.run(SQL, params)?;
        self.put_event(number, row.customer, event, now)?;
        Ok(Some(row.ticket))
    }

    fn put_event(
        &self,
        number: TicketNumber,
        customer: Option<i64>,
        event: &TicketEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- put_event
            INSERT INTO ticket_events (ticket, at, event, what, reason, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let what = serde_json::to_string(&event.what)
            .map_err(|error| StoreError::Corrupt { what: "a ticket event", detail: error.to_string() })?;
        let id = self.insert(
            SQL,
            params![number.0, us(event.at), event.what.as_str(), what, event.reason, event.by],
        )?;
        if event.what.notifies() {
            self.notify(id, customer, now)?;
        }
        Ok(())
    }

    /// One ticket.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ticket(&self, number: TicketNumber) -> Result<Option<TicketRow>, StoreError> {
        const SQL: &str = concat!(
            "-- ticket
            SELECT ",
            ticket_columns!(),
            " FROM tickets WHERE number = ?1"
        );
        self.one(SQL, params![number.0], ticket)
    }

    /// Tickets below a number, newest first; only those somebody should still work on, if asked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tickets(&self, unresolved: bool, before: i64, limit: u32) -> Result<Vec<TicketRow>, StoreError> {
        const SQL: &str = concat!(
            "-- tickets
            SELECT ",
            ticket_columns!(),
            " FROM tickets WHERE number < ?2 AND (NOT ?1 OR state IN ('open', 'acknowledged')) ORDER BY number DESC LIMIT ?3"
        );
        self.all(SQL, params![unresolved, before, limit], ticket)
    }

    /// A ticket's events, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ticket_events(&self, number: TicketNumber) -> Result<Vec<(i64, TicketEvent)>, StoreError> {
        const SQL: &str = "-- ticket_events
            SELECT id, at, what, reason, by FROM ticket_events WHERE ticket = ?1 ORDER BY id LIMIT 10000";
        self.all(SQL, params![number.0], |row| Ok((row.get(0)?, event(row, 1)?)))
    }

    /// The tickets that were resolved before a time and did not come back, to be closed: not those that a person resolved and whose
    /// matter holds on, or another would be opened of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn resolved_before(&self, before: Timestamp, limit: u32) -> Result<Vec<TicketNumber>, StoreError> {
        const SQL: &str = "-- resolved_before
            SELECT number FROM tickets t WHERE state = 'resolved' AND resolved_at < ?1 AND NOT EXISTS
                (SELECT 1 FROM findings f
                WHERE coalesce(f.system, 0) = coalesce(t.system, 0) AND f.rule = t.rule AND f.subject = t.subject)
            ORDER BY number LIMIT ?2";
        self.all(SQL, params![us(before), limit], |row| row.get(0).map(TicketNumber))
    }
}

/// The columns at, what, reason, by as an event.
pub(super) fn event(row: &Row<'_>, first: usize) -> rusqlite::Result<TicketEvent> {
    let what = serde_json::from_str(row.get_ref(first + 1)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(first + 1, rusqlite::types::Type::Text, Box::new(error))
    })?;
    Ok(TicketEvent { at: time(row, first)?, what, reason: row.get(first + 2)?, by: row.get(first + 3)? })
}
