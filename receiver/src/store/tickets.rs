//! Findings and tickets: what the pure rules look at, and what they decided, in one transaction.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::sqlite::{StoreError, Tx, maybe_time, time, us, word};
use super::systems::System;
use crate::evaluate::finding::{Finding, FindingChange};
use crate::evaluate::own::{Known, OwnView};
use crate::evaluate::{BranchView, Decision, Gap, RuleId, SystemView};
use crate::ticket::{Ticket, TicketChange, TicketEvent, TicketNumber, What};

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
    fn columns(self) -> (Option<i64>, Option<i64>) {
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
    /// Everything the rules may look at for one system.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn system_view(&self, system: &System, now: Timestamp) -> Result<SystemView, StoreError> {
        let mut branches = self.branches(system.id)?;
        let clock_skew = branches.first().map(|branch| branch.skew).unwrap_or_default();
        branches.sort_by_key(|branch| branch.id);
        let gaps = self.holes(system.id)?;
        let (customer, reported) = self.known_of(system)?;
        Ok(SystemView {
            system: system.system_id,
            host: system.host.clone(),
            customer,
            contract: system.contract.number.clone(),
            registered_at: system.registered_at,
            life_at: system.life_at,
            system_report_at: system.system_report_at,
            heartbeat_interval: system.heartbeat_every(),
            system_interval: system.system_report_every(),
            held_until: system.maintenance_until,
            paused: system.is_paused(now),
            system_reports_until: system.contract.valid_until,
            expected_until: system.contract.over_at(),
            deactivated_at: system.deactivated_at,
            clock_skew,
            branches: branches
                .into_iter()
                .map(|branch| BranchView {
                    incarnation: branch.incarnation,
                    began_at: branch.opened_at,
                    life_at: branch.life_at,
                })
                .collect(),
            gaps: gaps
                .into_iter()
                .map(|hole| Gap {
                    branch: hole.branch,
                    first: hole.range.0,
                    last: hole.range.1,
                    seen_at: hole.seen_at,
                })
                .collect(),
            reported,
            findings: self.findings(Some(system.id))?,
            tickets: self.unclosed_tickets(Some(system.id))?,
        })
    }

    /// What the receiver knows about itself, all but what only its loops know.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn own_view(&self) -> Result<OwnView, StoreError> {
        const REFUSED: &str = "-- own_view
            SELECT c.email, min(c.refused_at), coalesce((SELECT n.words FROM notifications n JOIN contacts o ON o.id = n.contact
                WHERE o.email = c.email AND n.state = 'refused' ORDER BY n.id DESC LIMIT 1), '')
            FROM contacts c WHERE c.refused_at IS NOT NULL GROUP BY c.email ORDER BY c.email LIMIT 200";
        let unreachable =
            |mailbox: super::MailboxRow| mailbox.unreachable.map(|(since, why)| (mailbox.name, since, why));
        let mailboxes = self.mailboxes()?;
        let ahead = mailboxes.iter().filter(|mailbox| !mailbox.ahead.is_zero());
        Ok(OwnView {
            ahead: ahead.map(|mailbox| (mailbox.name.clone(), mailbox.ahead)).collect(),
            unreachable: mailboxes.into_iter().filter_map(unreachable).collect(),
            quarantined: self.quarantine_summary()?,
            refused: self.all(REFUSED, [], |row| Ok((row.get(0)?, time(row, 1)?, row.get(2)?)))?,
            held_back: self.held_back()?,
            fills: self.fills()?,
            known: Known::default(),
            findings: self.findings(None)?,
            tickets: self.unclosed_tickets(None)?,
        })
    }

    fn findings(&self, system: Option<i64>) -> Result<Vec<Finding>, StoreError> {
        const SQL: &str = "-- findings
            SELECT rule, subject, severity, phase, since, title, evidence FROM findings
            WHERE coalesce(system, 0) = ?1 ORDER BY rule, subject";
        self.all(SQL, params![system.unwrap_or(0)], |row| {
            Ok(Finding {
                rule: word(row, 0)?,
                subject: row.get(1)?,
                severity: word(row, 2)?,
                phase: word(row, 3)?,
                since: time(row, 4)?,
                title: row.get(5)?,
                evidence: row.get(6)?,
            })
        })
    }

    fn unclosed_tickets(&self, system: Option<i64>) -> Result<Vec<Ticket>, StoreError> {
        const SQL: &str = concat!(
            "-- unclosed_tickets
            SELECT ",
            ticket_columns!(),
            " FROM tickets WHERE coalesce(system, 0) = ?1 AND state <> 'closed' ORDER BY number"
        );
        self.all(SQL, params![system.unwrap_or(0)], |row| Ok(ticket(row)?.ticket))
    }

    /// Writes what was decided: findings, tickets with their events, and who has to be told.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn write_decision(
        &self,
        owner: Owner,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (_, system) = owner.columns();
        for change in &decision.findings {
            match change {
                FindingChange::Put(finding) => self.put_finding(system, finding)?,
                FindingChange::Ended { finding, .. } => {
                    self.remove_finding(system, &finding.rule, &finding.subject)?;
                }
            }
        }
        for change in &decision.tickets {
            match change {
                TicketChange::Open { rule, subject, event } => {
                    self.open_ticket(owner, rule, subject, event, now)?;
                }
                TicketChange::Event { number, event } => {
                    self.add_ticket_event(*number, event, now)?;
                }
            }
        }
        if let (Some(reported), Some(system)) = (&decision.reported, system) {
            self.put_reported(system, reported)?;
        }
        decision.settled.iter().try_for_each(|gap| self.remove_hole(gap.branch, gap.first))
    }

    fn put_finding(&self, system: Option<i64>, is: &Finding) -> Result<(), StoreError> {
        const SQL: &str = "-- put_finding
            INSERT INTO findings (system, rule, subject, severity, phase, since, title, evidence)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (coalesce(system, 0), rule, subject)
            DO UPDATE SET severity = ?4, phase = ?5, since = ?6, title = ?7, evidence = ?8";
        let (severity, phase) = (is.severity.as_str(), is.phase.as_str());
        let params = params![
            system,
            is.rule.as_str(),
            is.subject,
            severity,
            phase,
            us(is.since),
            is.title,
            is.evidence
        ];
        self.run(SQL, params).map(drop)
    }

    fn remove_finding(&self, system: Option<i64>, rule: &RuleId, subject: &str) -> Result<(), StoreError> {
        const SQL: &str = "-- remove_finding
            DELETE FROM findings WHERE coalesce(system, 0) = ?1 AND rule = ?2 AND subject = ?3";
        self.run(SQL, params![system.unwrap_or(0), rule.as_str(), subject]).map(drop)
    }

    fn open_ticket(
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
        let number = TicketNumber(self.insert(SQL, params)?.unwrap_or_default());
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
            self.notify(id.unwrap_or_default(), customer, now)?;
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

    /// Closes tickets that were resolved before a time and did not come back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn resolved_before(&self, before: Timestamp, limit: u32) -> Result<Vec<TicketNumber>, StoreError> {
        const SQL: &str = "-- resolved_before
            SELECT number FROM tickets WHERE state = 'resolved' AND resolved_at < ?1 ORDER BY number LIMIT ?2";
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
