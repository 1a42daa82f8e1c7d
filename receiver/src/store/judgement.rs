//! Between the store and the rules: what they may look at, and what they decided, each inside one transaction.
//!
//! The rules are pure: all they know is in the view they are given here, as it stands in this transaction, and what they decide of it
//! is written whole or not at all. A row that cannot be read fails the look: nobody is judged by half of what is known.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::id::{Digest, Incarnation};
use rusqlite::params;

use super::branches::Hole;
use super::mailboxes::MailboxRow;
use super::sqlite::{StoreError, Tx, time};
use super::systems::System;
use super::tickets::Owner;
use crate::evaluate::finding::FindingChange;
use crate::evaluate::own::{Known, OwnView};
use crate::evaluate::{BranchView, Decision, Gap, SystemView};
use crate::ticket::TicketChange;

impl Tx<'_> {
    /// Everything the rules may look at for one system.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn system_view(&self, system: &System, now: Timestamp) -> Result<SystemView, StoreError> {
        let mut known = self.branches_known(system.id)?;
        let clock_skew = known.first().map(|branch| branch.skew).unwrap_or_default();
        known.sort_by_key(|branch| branch.row);
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
            system_reports_from: system.system_reports_from,
            system_reports_until: system.contract.valid_until,
            expected_until: system.contract.over_at(),
            deactivated_at: system.deactivated_at,
            clock_skew,
            branches: known.into_iter().map(|branch| branch.view).collect(),
            gaps: self.holes(system.id)?.iter().map(gap).collect(),
            reported,
            findings: self.findings(Some(system.id))?,
            tickets: self.unclosed_tickets(Some(system.id))?,
        })
    }

    /// A system's branches as far as the rules look at them, the one last heard of first.
    fn branches_known(&self, system: i64) -> Result<Vec<KnownBranch>, StoreError> {
        const SQL: &str = "-- branches_known
            SELECT id, skew, incarnation, opened_at, life_at FROM branches WHERE system = ?1
            ORDER BY last_received_at DESC, id DESC LIMIT 50";
        self.all(SQL, params![system], |row| {
            let incarnation = Incarnation(row.get::<_, i64>(2)?.cast_unsigned());
            Ok(KnownBranch {
                row: row.get(0)?,
                skew: SignedDuration::from_micros(row.get(1)?),
                view: BranchView { incarnation, began_at: time(row, 3)?, life_at: time(row, 4)? },
            })
        })
    }

    /// What the receiver knows about itself, all but what only its loops know. Of contracts those that end by `horizon`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn own_view(&self, horizon: Timestamp) -> Result<OwnView, StoreError> {
        let unreachable =
            |mailbox: MailboxRow| mailbox.unreachable.map(|(since, why)| (mailbox.name, since, why));
        let mut mailboxes = self.mailboxes()?;
        mailboxes.retain(|mailbox| mailbox.active);
        let ahead = mailboxes.iter().filter(|mailbox| !mailbox.ahead.is_zero());
        Ok(OwnView {
            ahead: ahead.map(|mailbox| (mailbox.name.clone(), mailbox.ahead)).collect(),
            unreachable: mailboxes.into_iter().filter_map(unreachable).collect(),
            quarantined: self.quarantine_summary()?,
            refused: self.refused_contacts()?,
            held_back: self.held_back()?,
            fills: self.fills()?,
            ending: self.contracts_ending_by(horizon)?,
            known: Known::default(),
            findings: self.findings(None)?,
            tickets: self.unclosed_tickets(None)?,
        })
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

    /// From now on systems are judged by these rules. Where those before were others, the clock looks at every system again: a
    /// silence that was to be bearable for hours may be one too long.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn judge_by(&self, rules: Digest, now: Timestamp) -> Result<(), StoreError> {
        const KEEP: &str = "-- judge_by
            INSERT INTO judged_by (id, rules) VALUES (1, ?1)
            ON CONFLICT (id) DO UPDATE SET rules = excluded.rules WHERE rules <> excluded.rules";
        if self.run(KEEP, params![rules.as_bytes()])? > 0 {
            self.look_at_all(now)?;
        }
        Ok(())
    }
}

struct KnownBranch {
    row: i64,
    skew: SignedDuration,
    view: BranchView,
}

fn gap(hole: &Hole) -> Gap {
    Gap { branch: hole.branch, first: hole.range.0, last: hole.range.1, seen_at: hole.seen_at }
}
