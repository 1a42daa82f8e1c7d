//! The half of intake that needs state: one report into the history of its system, inside the caller's transaction.
//!
//! Every genuine report is recorded once. Only the newest of its branch changes what is known of the present; an older one
//! fills history and holes.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::report::{Body, NoticeEvent, Report};

use super::branch::{Incoming, Known, Made};
use super::judge::Newest;
use super::life::{Life, Stamp};
use super::prepare::Candidate;
use super::settle::Arrival;
use super::verdict::{QuarantineReason as Reason, Verdict};
use super::{branch, confirm, files, hole, judge};
use crate::evaluate::rules::Rules;
use crate::store::{Branch, Hole, NewReport, StoreError, System, Terms, Tx};

/// Longest planned shutdown.
const SHUTDOWN: SignedDuration = SignedDuration::from_hours(24);

/// Records a report of `system`, whose key signed it. The verdict is Accepted, Duplicate, or why it is set aside. Where it speaks of
/// the present, the system is under the contract `moves_to` from now on.
pub(super) fn record(
    tx: &Tx<'_>,
    mut system: System,
    moves_to: Option<&Terms>,
    candidate: &Candidate,
    arrival: Arrival,
    rules: &Rules,
) -> Result<(Verdict, String), StoreError> {
    let Arrival { receipt, now, .. } = arrival;
    let (report, received_at) = (&candidate.report, receipt.at);
    let mut branch = match place(tx, &system, candidate, received_at)? {
        Placed::In(branch) => *branch,
        Placed::Not(verdict) => return Ok((verdict, String::new())),
    };
    if arrival.by_itself && too_many(tx, &system, received_at, candidate.report.created_at)? {
        return Ok((Verdict::Quarantined(Reason::TooMany), String::new()));
    }
    if branch.is_new {
        branch.row =
            tx.open_branch(system.id, report.incarnation, received_at, report.sequence, candidate.digest)?;
    }
    let Open { row: mut branch, is_new, first_of_system } = branch;
    let is_newest = is_new || report.sequence > branch.newest_sequence;
    let stamp =
        Stamp { created_at: report.created_at, uptime_s: report.uptime_s, boot_id: &report.boot_id, receipt };
    let life = if is_newest { branch.clock.date(&stamp) } else { branch.clock.date_past(&stamp) };
    let began_with = if is_newest { None } else { tx.lowest_sequence(branch.id)? };
    let Some(row) = insert(tx, &system, &branch, candidate, arrival, life)? else {
        return same_id(tx, &system, candidate).map(|verdict| (verdict, String::new()));
    };
    let expected = match (first_of_system, is_new) {
        (true, _) => 1,
        (false, true) => report.sequence,
        (false, false) => branch.newest_sequence.saturating_add(1),
    };
    let filled = keep_holes(tx, branch.id, expected, report, now)?;
    if let Some(began_with) = began_with {
        keep_hole_after(tx, &system, branch.id, report.sequence, began_with, now)?;
    }

    if is_newest {
        (branch.newest_sequence, branch.newest_digest) = (report.sequence, candidate.digest);
        branch.skew = life.skew;
        if let Body::Heartbeat { .. } = &report.body {
            branch.heartbeat = Some(row);
        }
    }
    branch.life_at = if is_new { life.life_at } else { branch.life_at.max(life.life_at) };
    branch.last_received_at = branch.last_received_at.max(received_at);
    if let Body::System { system_report } = &report.body {
        files::take(tx, system.id, &mut branch, row, candidate.digest, report.sequence, system_report)?;
    }
    tx.update_branch(&branch)?;

    let is_latest = is_newest && system.life_at.is_none_or(|was| life.life_at >= was);
    if let Some(contract) = moves_to.filter(|_| is_latest) {
        move_to(tx, &mut system, contract)?;
    }
    remember(&mut system, report, &life, received_at, is_latest);
    if is_newest {
        let newest = Newest { report, branch: &branch, life: &life, is_latest };
        judge::report(tx, &mut system, newest, rules, now)?;
    } else if filled {
        system.due_at = system.due_at.min(now);
    }
    tx.update_system(&system)?;
    confirm::answer(tx, &system, row, candidate, life, arrival)?;
    Ok((Verdict::Accepted, String::new()))
}

/// Writes the report itself down; its row, or `None` where its system has one with this id.
fn insert(
    tx: &Tx<'_>,
    system: &System,
    branch: &Branch,
    candidate: &Candidate,
    arrival: Arrival,
    life: Life,
) -> Result<Option<i64>, StoreError> {
    let report = &candidate.report;
    tx.insert_report(&NewReport {
        system: system.id,
        id: report.id,
        branch: branch.id,
        sequence: report.sequence,
        digest: candidate.digest,
        previous: report.previous,
        kind: report.kind(),
        created_at: report.created_at,
        received_at: arrival.receipt.at,
        life_at: life.life_at,
        mailbox: arrival.place.mailbox,
        packed: &candidate.packed,
    })
}

/// The branch a report goes to.
struct Open {
    row: Branch,
    is_new: bool,
    /// The system's very first: its sequences count from 1.
    first_of_system: bool,
}

enum Placed {
    In(Box<Open>),
    Not(Verdict),
}

fn place(
    tx: &Tx<'_>,
    system: &System,
    candidate: &Candidate,
    received_at: Timestamp,
) -> Result<Placed, StoreError> {
    let report = &candidate.report;
    let mut branches = tx.branches_of(system.id, report.incarnation)?;
    let old = |row| Ok(Placed::In(Box::new(Open { row, is_new: false, first_of_system: false })));
    if let [only] = branches.as_slice()
        && goes_on(only, candidate)
    {
        return old(branches.remove(0));
    }
    if tx.report_digest(system.id, report.id)?.is_some() {
        return same_id(tx, system, candidate).map(Placed::Not);
    }
    let held = tx.nearest(system.id, report.incarnation, report.sequence)?;
    let incoming = Incoming {
        sequence: report.sequence,
        digest: candidate.digest,
        previous: report.previous,
        made: Made { created_at: report.created_at, run: Some((report.boot_id.clone(), report.uptime_s)) },
    };
    let known: Vec<Known<'_>> =
        branches.iter().map(|branch| Known { branch: branch.id, boot_id: branch.clock.boot_id() }).collect();
    let found = branch::place(&incoming, &known, &held);
    if let Some(at) = branches.iter().position(|branch| Some(branch.id) == found) {
        return old(branches.remove(at));
    }
    let first_of_system = branches.is_empty() && tx.branches(system.id)?.is_empty();
    let row = blank(candidate, received_at);
    Ok(Placed::In(Box::new(Open { row, is_new: true, first_of_system })))
}

/// The usual case, told from the branch alone: a later report whose link, if it is the next one, holds.
fn goes_on(branch: &Branch, candidate: &Candidate) -> bool {
    let report = &candidate.report;
    let is_next = branch.newest_sequence.checked_add(1) == Some(report.sequence);
    report.sequence > branch.newest_sequence && (!is_next || report.previous == Some(branch.newest_digest))
}

/// A branch not yet written; what it is opened with replaces it.
fn blank(candidate: &Candidate, at: Timestamp) -> Branch {
    Branch {
        id: 0,
        incarnation: candidate.report.incarnation,
        number: 0,
        opened_at: at,
        newest_sequence: candidate.report.sequence,
        newest_digest: candidate.digest,
        life_at: at,
        last_received_at: at,
        skew: SignedDuration::ZERO,
        clock: super::life::ClockRun::default(),
        heartbeat: None,
        snapshot_digest: None,
        snapshot_sequence: 0,
        unknown_since: None,
    }
}

fn same_id(tx: &Tx<'_>, system: &System, candidate: &Candidate) -> Result<Verdict, StoreError> {
    let held = tx.report_digest(system.id, candidate.report.id)?;
    let same = held == Some(candidate.digest);
    Ok(if same { Verdict::Duplicate } else { Verdict::Quarantined(Reason::Conflict) })
}

/// More than the limit made within the same hour; where shorter intervals were agreed on, more are expected. What a mail server's queue
/// held back comes all at once and is not the host's fault: so much as it makes in a day may come within one hour.
fn too_many(
    tx: &Tx<'_>,
    system: &System,
    received_at: Timestamp,
    made_at: Timestamp,
) -> Result<bool, StoreError> {
    let promised = 2 * 3600 / system.heartbeat_interval.max(1) + 2 * 3600 / system.system_interval.max(1);
    let limit = limits::REPORTS_PER_HOUR.max(promised);
    let since = received_at.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MIN);
    let (came, made) = tx.received_between(system.id, since, received_at, made_at)?;
    Ok(made >= limit || came >= limit.saturating_mul(24))
}

/// Opens the hole before a report, and closes those it fills or explains. Whether any was closed.
fn keep_holes(
    tx: &Tx<'_>,
    branch: i64,
    expected: u64,
    report: &Report,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let explained: Vec<hole::Range> = report.superseded.iter().chain(&report.lost).copied().collect();
    if report.sequence > expected {
        let rest = hole::without_all(vec![(expected, report.sequence - 1)], &explained);
        rest.into_iter().try_for_each(|range| tx.put_hole(&Hole { branch, range, seen_at: now }))?;
    }
    let mut closing = explained;
    if report.sequence < expected {
        closing.push((report.sequence, report.sequence));
    }
    let mut closed = false;
    for range in closing {
        for hole in tx.holes_in(branch, range)? {
            closed = true;
            tx.remove_hole(hole.branch, hole.range.0)?;
            let rest = hole::without(hole.range, range);
            rest.into_iter().try_for_each(|range| tx.put_hole(&Hole { range, ..hole }))?;
        }
    }
    Ok(closed)
}

/// A history after a system's first begins with whatever of it came first. Where an earlier report comes later, what is missing between
/// the two is missing too; what explains it says so again.
fn keep_hole_after(
    tx: &Tx<'_>,
    system: &System,
    branch: i64,
    sequence: u64,
    began_with: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (first, last) = (sequence.saturating_add(1), began_with.saturating_sub(1));
    // The first history counts from 1: its holes are known from the beginning.
    if first > last || tx.branches(system.id)?.iter().all(|other| other.id >= branch) {
        return Ok(());
    }
    tx.put_hole(&Hole { branch, range: (first, last), seen_at: now })
}

/// Puts a system under another contract, unless an earlier report of the same batch did.
fn move_to(tx: &Tx<'_>, system: &mut System, contract: &Terms) -> Result<(), StoreError> {
    if system.contract.id != contract.id {
        tx.move_to_contract(system.id, contract.id)?;
        system.version += 1;
        system.contract = contract.clone();
    }
    Ok(())
}

/// What a report says of the present. Life is proven by any report; the rest only by the latest.
fn remember(system: &mut System, report: &Report, life: &Life, received_at: Timestamp, is_latest: bool) {
    let later = |was: Option<Timestamp>| Some(was.map_or(life.life_at, |was| was.max(life.life_at)));
    system.life_at = later(system.life_at);
    system.last_received_at = system.last_received_at.max(received_at);
    match &report.body {
        Body::Heartbeat { .. } => system.heartbeat_at = later(system.heartbeat_at),
        Body::System { .. } => system.system_report_at = later(system.system_report_at),
        _ => {}
    }
    if !is_latest {
        return;
    }
    system.host.clone_from(&report.agent.host);
    system.agent_version.clone_from(&report.agent.version);
    system.contract_revision = report.contract_revision;
    system.heartbeat_interval = system.contract.heartbeat.clamp(Some(report.promise.heartbeat_interval_s));
    system.system_interval = system.contract.system.clamp(Some(report.promise.system_interval_s));
    system.deactivated_at = None;
    let longest = SignedDuration::from_hours(i64::from(system.contract.maintenance_max_h));
    let until = |wish: Option<Timestamp>, longest: SignedDuration| {
        let latest = life.life_at.saturating_add(longest).unwrap_or(Timestamp::MAX);
        // Said by a clock that may be off.
        let wish = wish.map(|wish| wish.saturating_add(life.skew).unwrap_or(latest));
        Some(wish.map_or(latest, |wish| wish.min(latest)))
    };
    let (held_until, reason) = match &report.body {
        Body::Heartbeat { heartbeat } => match &heartbeat.maintenance {
            Some(maintenance) => (until(Some(maintenance.until), longest), maintenance.reason.as_str()),
            None => (None, ""),
        },
        Body::Notice { notice } => match notice.event {
            NoticeEvent::MaintenanceStarted => (until(notice.until, longest), notice.reason.as_str()),
            NoticeEvent::Shutdown => (until(notice.until, SHUTDOWN), notice.reason.as_str()),
            NoticeEvent::MaintenanceEnded => (None, ""),
            NoticeEvent::Deactivated => {
                system.deactivated_at = Some(life.life_at);
                return;
            }
            NoticeEvent::ContractEnd => return,
        },
        Body::System { .. } | Body::Enrollment { .. } | Body::Test { .. } => return,
    };
    system.maintenance_until = held_until;
    reason.clone_into(&mut system.maintenance_reason);
}
