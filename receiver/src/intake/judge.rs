//! The two entries into evaluation, each inside the transaction that records what follows.
//!
//! Load a view, call the pure rules, write their decision. A report is judged in the transaction that records it (R2), ticks in
//! transactions of their own, some systems in each (R4).

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::crash;
use mailbeat_shared::wire::report::{Body, Report};

use super::life::Life;
use crate::evaluate::own::{Known, OwnView};
use crate::evaluate::rules::Rules;
use crate::evaluate::{self, Occasion, ending, integrity, own};
use crate::store::{Branch, Owner, Store, StoreError, System, Tx};

/// The version a system is registered with.
const NEVER_DECIDED: i64 = 1;

fn owner(system: &System) -> Owner {
    Owner::System { customer: system.customer, system: system.id }
}

/// A report that is the newest of its branch.
pub(super) struct Newest<'a> {
    /// The report.
    pub(super) report: &'a Report,
    /// Its branch.
    pub(super) branch: &'a Branch,
    /// What it proves of life.
    pub(super) life: &'a Life,
    /// No other branch's report was made later: what it says is the present.
    pub(super) is_latest: bool,
}

/// Judges such a report. `system` is as the report left it; its `due_at` is set and not yet written.
pub(super) fn report(
    tx: &Tx<'_>,
    system: &mut System,
    Newest { report, branch, life, is_latest }: Newest<'_>,
    rules: &Rules,
    now: Timestamp,
) -> Result<(), StoreError> {
    let view = tx.system_view(system, now)?;
    let speaks = integrity::speaks(&view, branch.opened_at, now).unwrap_or(is_latest);
    let (observations, checks) = match &report.body {
        Body::Heartbeat { heartbeat } if speaks => {
            (Some(heartbeat.observations.as_slice()), heartbeat.checks.as_slice())
        }
        _ => (None, &[][..]),
    };
    let occasion = Occasion::Report { life_at: life.life_at, observations, checks };
    let decision = evaluate::judge(&view, occasion, rules, now);
    tx.write_decision(owner(system), &decision, now)?;
    // What is overdue waits for the tick that was planned for it: the next report neither puts that off nor calls it again. For a
    // system that was registered just now none was planned: a backlog of new systems is no reason to look at each at once.
    let next = next_look(system, decision.due_at, now);
    let is_overdue = decision.due_at.is_some_and(|due| due <= now);
    let was_planned = is_overdue && system.version > NEVER_DECIDED;
    system.due_at = if was_planned { next.min(system.due_at) } else { next };
    Ok(())
}

/// Up to when absence of this system may be judged: as far as all mailboxes were heard that its last reports came through. Where
/// they came through none that is still read (they were imported, or it was taken out of the configuration), it could be any. A
/// mailbox's mails are dated by its server: where our clock is ahead of that, so much less was heard.
///
/// # Errors
/// [`StoreError`].
pub fn heard_until(tx: &Tx<'_>, system: i64, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let its_own = tx.mailboxes_of(system)?;
    let mut least: Option<Timestamp> = None;
    for mailbox in tx.mailboxes()? {
        if !mailbox.active || (!its_own.is_empty() && !its_own.contains(&mailbox.id)) {
            continue;
        }
        let Some(heard) = mailbox.hearing.and_then(|hearing| hearing.heard_until(now)) else {
            return Ok(None);
        };
        let heard = heard.saturating_sub(mailbox.ahead).unwrap_or(Timestamp::MIN);
        least = Some(least.map_or(heard, |least| least.min(heard)));
    }
    Ok(least)
}

/// Judges what time alone has made true of one system.
///
/// # Errors
/// [`StoreError`].
pub fn tick(tx: &Tx<'_>, system: i64, rules: &Rules, now: Timestamp) -> Result<(), StoreError> {
    let Some(mut system) = tx.system(system)? else { return Ok(()) };
    let view = tx.system_view(&system, now)?;
    let heard_until = heard_until(tx, system.id, now)?;
    let decision = evaluate::judge(&view, Occasion::Tick { heard_until }, rules, now);
    tx.write_decision(owner(&system), &decision, now)?;
    system.due_at = next_look(&system, decision.due_at, now);
    tx.update_system(&system)
}

/// What is overdue and cannot be judged yet is looked at again soon, not in a circle: neither tick after tick, nor for every
/// report of a backlog.
fn next_look(system: &System, due_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let soon =
        (system.heartbeat_every() / 4).clamp(SignedDuration::from_secs(1), SignedDuration::from_secs(15));
    let again = now.saturating_add(soon).unwrap_or(Timestamp::MAX);
    due_at.map_or(Timestamp::MAX, |due| if due > now { due } else { again })
}

/// Systems judged in one transaction: while a mailbox is deaf, all that are overdue are looked at again and again.
const GROUP: usize = 25;

/// Judges every system that is due, some in one transaction (R4); how many were looked at, at most `limit`. Where one of them fails,
/// each has a transaction of its own, and that one is put off for an hour, so that it does not stop the others.
///
/// # Errors
/// [`StoreError`] where the database itself refuses.
pub fn tick_due(store: &mut Store, rules: &Rules, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
    let due = store.read(|tx| tx.due_systems(now, limit))?;
    for group in due.chunks(GROUP) {
        match tick_together(store, group, rules, now) {
            Err(error) if error.is_one_rows() => {
                group.iter().try_for_each(|system| tick_alone(store, *system, rules, now))?;
            }
            judged => judged?,
        }
    }
    Ok(due.len())
}

fn tick_together(store: &mut Store, group: &[i64], rules: &Rules, now: Timestamp) -> Result<(), StoreError> {
    let judged = store.write(|tx| {
        group.iter().try_for_each(|system| tick(tx, *system, rules, now))?;
        crash::point("R4.before");
        Ok(())
    });
    crash::point("R4.after");
    judged
}

fn tick_alone(store: &mut Store, system: i64, rules: &Rules, now: Timestamp) -> Result<(), StoreError> {
    match tick_together(store, &[system], rules, now) {
        Err(error) if error.is_one_rows() => {
            tracing::error!(system, %error, "a system cannot be judged; tried again in an hour");
            store.write(|tx| tx.put_off(system, now))
        }
        judged => judged,
    }
}

/// Judges the receiver's own health, and writes down which renewed contracts are to be mailed to their customers.
///
/// # Errors
/// [`StoreError`].
pub fn own_health(tx: &Tx<'_>, rules: &Rules, known: &Known, now: Timestamp) -> Result<(), StoreError> {
    let view = OwnView { known: known.clone(), ..tx.own_view(rules.contract_ending.horizon(now))? };
    let decision = own::judge(&view, rules, now);
    tx.write_decision(Owner::Receiver, &decision, now)?;
    let due = ending::handing_over(&view.ending, &rules.contract_ending, now);
    for due in due.into_iter().filter(|_| !known.mails_nobody) {
        for (contract, contact) in tx.contacts_to_give(&due, now)? {
            tx.put_renewal(contract, contact, due.clone(), now)?;
        }
    }
    Ok(())
}
