//! What must hold while the world goes on: after each look of the receiver, or after every op.

use crate::mail::Genuine;
use crate::world::World;
use jiff::SignedDuration;
use mailbeat_receiver::evaluate::{self, Decision, Occasion};
use mailbeat_receiver::intake::judge::{heard_until, tick};
use mailbeat_receiver::intake::{IgnoreReason, Verdict};
use mailbeat_receiver::store::{Hole, StoreError};
use mailbeat_receiver::ticket::{Ticket, TicketState};
use std::collections::BTreeSet;

use super::belief::{hosts_of, is_over, was_taken};
use super::{Checked, GAP, PROMISE, SLACK, all_tickets, read, require};

pub(super) fn nobody_is_accused_who_gave_life_as_far_as_the_mailbox_was_read(world: &mut World) -> Checked {
    let tickets = all_tickets(world, true)?;
    let silent = tickets.iter().filter(|row| row.ticket.rule.as_str() == "heartbeat-missing");
    for row in silent {
        if !world.memory.accused.insert((row.ticket.number, row.ticket.holds_since)) {
            continue;
        }
        let Some(system) = row.system else { continue };
        let Some(system) = read(world, |tx| tx.system(system))? else { continue };
        let over = is_over(world, &system);
        require(!over, "nobody is accused of silence whose contract is over", || format!("{row:?}"))?;
        let mail = world.mail.borrow();
        let drained_at = world.vendor.drained_at;
        let was_read =
            |report: &Genuine| report.delivered_at.is_some_and(|at| at <= drained_at[report.mailbox]);
        // The mailbox its last report came through is one of those that it is judged by.
        let of = |(index, report): &(usize, &Genuine)| {
            report.system() == system.system_id && was_read(report) && was_taken(world, *index)
        };
        let last = mail.ledger.iter().enumerate().filter(of).max_by_key(|(_, report)| report.delivered_at);
        let read_until = drained_at[last.map_or(0, |(_, report)| report.mailbox)];
        // Of what was read while the receiver's own clock was wrong nobody can say when it was made.
        let judged = &world.vendor.judged;
        let doubtful = |index| judged.iter().any(|look| look.genuine == Some(index) && look.by_wrong_clock);
        let alive = mail.ledger.iter().enumerate().filter(of).find(|(index, report)| {
            !doubtful(*index) && report.origin.made_at + PROMISE > read_until + SLACK
        });
        require(
            alive.is_none(),
            "nobody is accused of silence who gave life within its promise as far as the mailbox was read",
            || {
                let (_, report) = alive.expect("it was found");
                format!(
                    "{} {} ({}), read until {read_until}, but #{} was made at {} and delivered at {:?}; the receiver says life_at {:?}",
                    row.ticket.number,
                    row.ticket.title,
                    world.now,
                    report.report.sequence,
                    report.origin.made_at,
                    report.delivered_at,
                    system.life_at
                )
            },
        )?;
    }
    Ok(())
}

pub(super) fn nothing_is_called_lost_that_came_in_time(world: &mut World) -> Checked {
    let tickets = all_tickets(world, true)?;
    for row in tickets.iter().filter(|row| row.ticket.rule.as_str() == "reports-lost") {
        let Some(system) = row.system else { continue };
        if !world.memory.accused.insert((row.ticket.number, row.ticket.holds_since)) {
            continue;
        }
        let (system, holes, branches) = read(world, |tx| {
            Ok((tx.system(system)?.expect("a ticket's system"), tx.holes(system)?, tx.branches(system)?))
        })?;
        if hosts_of(world, &system).iter().any(|host| host.forked) {
            continue;
        }
        let (mail, now) = (world.mail.borrow(), world.now);
        let came_in_time = |sent: &Genuine, hole: &Hole| {
            let branch = branches.iter().find(|branch| branch.id == hole.branch);
            (hole.range.0..=hole.range.1).contains(&sent.report.sequence)
                && branch.is_some_and(|branch| branch.incarnation == sent.report.incarnation)
                && sent.delivered_at.is_some_and(|at| at <= hole.seen_at + GAP)
        };
        let here = mail.ledger.iter().enumerate().find(|(index, sent)| {
            let its = sent.system() == system.system_id
                && was_taken(world, *index)
                && sent.delivered_at.is_some_and(|at| at <= world.vendor.drained_at[sent.mailbox]);
            its && holes.iter().any(|hole| hole.seen_at + GAP <= now + SLACK && came_in_time(sent, hole))
        });
        require(here.is_none(), "nothing is called lost that came to the mailbox in time", || {
            format!("at {now}: {row:?} {:?}", here.map(|(_, sent)| (sent.report.sequence, sent.delivered_at)))
        })?;
    }
    Ok(())
}

pub(super) fn no_forged_mail_changes_anything_of_a_customer(world: &mut World) -> Checked {
    let judged = &world.vendor.judged[world.memory.judged..];
    for look in judged.iter().filter(|look| look.genuine.is_none()) {
        let changed = look.changed && !look.came_back;
        require(!changed, "no forged mail changes anything of a customer", || look.detail.clone())?;
        let held = matches!(look.verdict, Verdict::Quarantined(_) | Verdict::Ignored(IgnoreReason::Bounce));
        require(held, "a forged mail is quarantined", || format!("{:?}: {}", look.verdict, look.detail))?;
    }
    Ok(())
}

/// The receiver looks each quarter of an hour: half an hour late is late.
pub(super) fn what_is_missing_and_heard_to_be_so_has_a_ticket(world: &mut World) -> Checked {
    if !world.vendor.on || world.vendor.clock_is_wrong {
        return Ok(());
    }
    let (tickets, now) = (all_tickets(world, false)?, world.vendor.clock.now());
    for system in read(world, |tx| tx.systems(0, 1000))? {
        // Nobody judges it, or it is just to be looked at: by now, or within the quarter of an hour.
        let is_just_due = system.due_at <= now && system.due_at + SignedDuration::from_mins(30) > now;
        if system.is_paused(now) || is_just_due {
            continue;
        }
        let told = tickets.iter().any(|row| {
            let its = row.system == Some(system.id) && row.ticket.rule.as_str() == "reports-lost";
            its && row.ticket.state != TicketState::Closed
        });
        let half_an_hour = SignedDuration::from_mins(30);
        let (holes, heard) =
            read(world, |tx| Ok((tx.holes(system.id)?, heard_until(tx, system.id, now - half_an_hour)?)))?;
        let late =
            holes.iter().find(|hole| heard.is_some_and(|heard| hole.seen_at + GAP + half_an_hour < heard));
        require(told || late.is_none(), "what is missing for six hours has a ticket", || {
            format!("{} at {now}: {late:?}", system.host)
        })?;
    }
    Ok(())
}

pub(super) fn a_ticket_is_the_sum_of_its_events_and_each_has_its_reason(world: &mut World) -> Checked {
    for row in all_tickets(world, false)? {
        let events = read(world, |tx| tx.ticket_events(row.ticket.number))?;
        let mut events = events.iter().map(|(_, event)| event);
        let (rule, subject) = (row.ticket.rule.clone(), row.ticket.subject.clone());
        let mut sum = events.next().and_then(|first| Ticket::open(row.ticket.number, rule, subject, first));
        for event in events {
            require(!event.reason.trim().is_empty(), "every event has its reason", || format!("{event:?}"))?;
            if let Some(sum) = &mut sum {
                sum.apply(event);
            }
        }
        require(sum.as_ref() == Some(&row.ticket), "a ticket is the sum of its events", || {
            format!("{sum:?} is not {:?}", row.ticket)
        })?;
    }
    Ok(())
}

pub(super) fn one_ticket_a_key_is_not_closed(world: &mut World) -> Checked {
    let mut keys = BTreeSet::new();
    for row in all_tickets(world, false)? {
        let key = (row.customer, row.system, row.ticket.rule.clone(), row.ticket.subject.clone());
        let closed = row.ticket.state.as_str() == "closed";
        require(closed || keys.insert(key), "one ticket a key is not closed", || format!("{row:?}"))?;
    }
    Ok(())
}

/// Undoes the transaction it ends, and brings out what was seen in it.
enum Seen {
    Decisions(Vec<(String, Decision)>),
    Failed(StoreError),
}

impl From<StoreError> for Seen {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

pub(super) fn judging_again_changes_nothing(world: &mut World) -> Checked {
    let (now, rules) = (world.vendor.clock.now(), world.vendor.rules.clone());
    let seen = world.vendor.store.write(|tx| {
        let mut decisions = Vec::new();
        for system in tx.systems(0, 100)? {
            tick(tx, system.id, &rules, now)?;
            let occasion = Occasion::Tick { heard_until: heard_until(tx, system.id, now)? };
            let system = tx.system(system.id)?.expect("it was there");
            let view = tx.system_view(&system, now)?;
            decisions.push((system.host, evaluate::judge(&view, occasion, &rules, now)));
        }
        Err::<(), _>(Seen::Decisions(decisions))
    });
    match seen {
        Ok(()) => Ok(()),
        Err(Seen::Failed(error)) => Err(format!("the database refuses: {error}")),
        Err(Seen::Decisions(decisions)) => decisions.into_iter().try_for_each(|(host, decision)| {
            require(
                decision.findings.is_empty() && decision.tickets.is_empty(),
                "judging again changes nothing",
                || format!("{host} at {now}: {decision:?}"),
            )
        }),
    }
}
