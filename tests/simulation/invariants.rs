//! What must hold, each said as a sentence: after each op, after each look of the receiver, or once everything has come to rest. They compare what the
//! receiver believes with the ledger of what really happened.

mod affairs;
mod at_rest;
mod belief;
mod checks;
mod mailboxes;
mod running;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::store::{StoreError, TicketRow, Tx};
use mailbeat_receiver::ticket::{TicketNumber, What};

use crate::world::World;

/// Two heartbeats and the grace that goes with an interval of an hour.
const PROMISE: SignedDuration = SignedDuration::from_mins(2 * 60 + 15);
/// How long a missing report may still arrive.
const GAP: SignedDuration = SignedDuration::from_hours(6);
/// How long a restored state is shown: two intervals and a day.
const SHOWN: SignedDuration = SignedDuration::from_hours(27);
/// How long another key is shown: eight days, and until the next heartbeat is judged.
const KEY_SHOWN: SignedDuration = SignedDuration::from_hours(8 * 24 + 3);
/// How exactly the receiver can know a time: mails travel, and the world goes by minutes.
const SLACK: SignedDuration = SignedDuration::from_mins(4);

/// What invariants remember from look to look.
pub(crate) struct Memory {
    cursors: BTreeMap<i64, (u32, u32)>,
    accused: BTreeSet<(TicketNumber, Timestamp)>,
    judged: usize,
    /// Systems whose lost reports a person called lost.
    pub(crate) settled: BTreeSet<i64>,
    /// Reports looked at.
    sent: usize,
    /// When the customers, and the vendor, last had nobody left to be told.
    nobody_at: [Option<Timestamp>; 2],
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            cursors: BTreeMap::new(),
            accused: BTreeSet::new(),
            judged: 0,
            settled: BTreeSet::new(),
            sent: 0,
            nobody_at: [None; 2],
        }
    }

    /// The receiver's database was set back, and with it what it said before; these tickets are open in it. They were right when they were
    /// opened, whatever was admitted since.
    pub(crate) fn forget_the_receiver(&mut self, open: &[TicketRow]) {
        let accused = open.iter().map(|row| (row.ticket.number, row.ticket.holds_since));
        (self.cursors, self.accused) = (BTreeMap::new(), accused.collect());
    }
}

type Checked = Result<(), String>;

fn require(holds: bool, sentence: &str, detail: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(format!("{sentence}\n    {}", detail())) }
}

fn read<T>(world: &mut World, read: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> Result<T, String> {
    world.vendor.store.read(read).map_err(|error| format!("the database refuses: {error}"))
}

fn all_tickets(world: &mut World, unresolved: bool) -> Result<Vec<TicketRow>, String> {
    read(world, |tx| tx.tickets(unresolved, i64::MAX, 100_000))
}

/// What a person called over stays over until it begins anew.
fn resolved_by_a_person(world: &mut World, number: TicketNumber) -> Result<bool, String> {
    let events = read(world, |tx| tx.ticket_events(number))?;
    let last = events.iter().rev().find(|(_, event)| event.what.notifies());
    Ok(last.is_some_and(|(_, event)| event.what == What::Resolved && event.by != "mailbeat"))
}

/// Whether the newest of the receiver's own tickets about this is unresolved, or was resolved by a person.
fn has_a_ticket(world: &mut World, rule: &str, subject: &str) -> Result<bool, String> {
    let tickets = all_tickets(world, false)?;
    let about = |row: &&TicketRow| row.ticket.rule.as_str() == rule && row.ticket.subject == subject;
    match tickets.iter().filter(about).max_by_key(|row| row.ticket.number) {
        Some(row) => Ok(row.ticket.state.is_unresolved() || resolved_by_a_person(world, row.ticket.number)?),
        None => Ok(false),
    }
}

/// After each look of the receiver.
pub(crate) fn after_each_look(world: &mut World) -> Checked {
    running::nobody_is_accused_who_gave_life_as_far_as_the_mailbox_was_read(world)?;
    running::nothing_is_called_lost_that_came_in_time(world)?;
    affairs::no_system_report_is_missed_after_the_contracts_end(world)?;
    telling::note_who_has_nobody(world)
}

/// After every op.
pub(crate) fn always(world: &mut World) -> Checked {
    running::no_forged_mail_changes_anything_of_a_customer(world)?;
    running::a_ticket_is_the_sum_of_its_events_and_each_has_its_reason(world)?;
    running::one_ticket_a_key_is_not_closed(world)?;
    running::what_is_missing_and_heard_to_be_so_has_a_ticket(world)?;
    mailboxes::a_cursor_never_goes_backwards_and_what_is_below_it_is_filed(world)?;
    mailboxes::a_mailbox_that_cannot_be_read_has_a_ticket(world)?;
    telling::nobody_is_told_of_an_end_and_never_of_the_beginning(world)?;
    telling::note_who_has_nobody(world)?;
    affairs::every_mail_becomes_what_contract_and_key_let_it_become(world)?;
    affairs::nothing_is_said_after_the_contracts_end(world)?;
    world.memory.judged = world.vendor.judged.len();
    running::judging_again_changes_nothing(world)
}

/// Once everything was delivered, read and judged.
pub(crate) fn at_rest(world: &mut World) -> Checked {
    at_rest::every_report_that_was_delivered_is_recorded_exactly_once(world)?;
    at_rest::the_trail_is_a_chain_and_its_statements_are_true(world)?;
    at_rest::only_what_still_holds_has_an_unresolved_ticket(world)?;
    affairs::a_contract_that_ends_has_a_ticket(world)?;
    affairs::the_receiver_knows_which_revision_is_in_force_on_a_host(world)?;
    at_rest::who_is_off_for_long_is_silent_with_one_ticket(world)?;
    at_rest::every_gap_is_found_or_explained(world)?;
    at_rest::the_receiver_knows_the_files_or_that_it_does_not(world)?;
    checks::a_check_that_is_not_well_has_its_ticket_and_one_that_is_gone_is_missed(world)?;
    checks::whatever_a_check_said_a_heartbeat_tells(world)?;
    affairs::only_what_a_key_was_admitted_for_is_recorded(world)?;
    telling::everybody_who_is_to_be_told_is_told(world)?;
    telling::what_came_back_is_told_to_the_next(world)?;
    telling::an_address_that_is_refused_has_a_ticket(world)
}
