//! When a system is looked at, how far its absence may be judged, and what stops the judging.

use jiff::SignedDuration;

use super::world::{Agent, HOUR, World, at, contract};
use crate::config::Retention;
use crate::evaluate::own::Known;
use crate::intake::{Context, Source, judge, record_batch, reprocess};
use crate::run::clockwork;
use crate::run::outbox::{self, consider};
use crate::store::{EnrollmentMode, StoreError};
use crate::ticket::{TicketEvent, TicketState, What};

fn open_tickets(world: &mut World) -> usize {
    world.read(|tx| tx.tickets(true, i64::MAX, 99)).len()
}

/// The folder was read to its end at this time, and never before.
fn heard(world: &mut World, folder: i64, second: i64) {
    world.write(|tx, context| {
        tx.select_uidvalidity(folder, 1)?;
        tx.note_uidnext(folder, 1, at(second))?;
        tx.conclude_drained(folder, context.usual_round).map(drop)
    });
}

#[test]
fn what_is_due_and_cannot_be_judged_yet_is_looked_at_again_soon_and_not_in_a_circle() {
    let often = contract(|contract| contract.heartbeat_interval_s.min = 1);
    let mut world = World::with(EnrollmentMode::Auto, often);
    let (mut hourly, mut hasty) = (Agent::new(1), Agent::new(2));
    hasty.interval = 8;
    for agent in [&mut hourly, &mut hasty] {
        world.verdict(&agent.heartbeat(at(0)).mail, at(0));
    }
    // Nothing of the mailbox is known. Silent two intervals and the grace after the last life, to the second.
    let (silent, hasty_silent) = (2 * HOUR + 900, 16 + 900);
    world.tick(at(hasty_silent));
    assert_eq!(world.system(&hasty).due_at, at(hasty_silent + 2), "a quarter of its interval");
    assert_eq!(world.system(&hourly).due_at, at(silent));
    world.tick(at(silent));
    assert_eq!(world.system(&hourly).due_at, at(silent + 15), "a quarter of a minute at most");
}

#[test]
fn a_system_is_judged_by_the_mailboxes_its_reports_came_through_and_an_imported_one_by_all() {
    let (mut world, mut agent, mut imported) = (World::new(), Agent::new(1), Agent::new(2));
    let other = world.write(|tx, _| tx.put_mailbox("other", &["INBOX"])).remove(0);
    world.verdict(&agent.heartbeat(at(0)).mail, at(5));
    let mail = imported.heartbeat(at(0)).mail;
    let source = Source::Mail { raw: &mail, received_at: at(5) };
    world.write(|tx, context| reprocess(tx, context, source, at(5)));
    world.hear_until(5 * HOUR);
    world.tick(at(5 * HOUR));
    assert_eq!(open_tickets(&mut world), 1, "of the other mailbox nothing was ever heard");
    heard(&mut world, other.id, 5 * HOUR + 20);
    world.tick(at(5 * HOUR + 20));
    assert_eq!(open_tickets(&mut world), 2);
}

#[test]
fn a_system_that_cannot_be_judged_is_put_off_for_an_hour_and_does_not_stop_the_others() {
    let (mut world, mut agent, mut other) = (World::new(), Agent::new(1), Agent::new(2));
    for agent in [&mut agent, &mut other] {
        world.verdict(&agent.heartbeat(at(0)).mail, at(5));
    }
    let damaged = world.system(&agent).id;
    world.write(|tx, _| tx.damage_system(damaged));
    world.hear_until(5 * HOUR);
    let looked_at = judge::tick_due(&mut world.store, &world.rules, at(5 * HOUR), 100).unwrap();
    assert_eq!((looked_at, open_tickets(&mut world)), (2, 1));
    assert!(!world.read(|tx| tx.due_systems(at(6 * HOUR - 1), 9)).contains(&damaged));
    assert!(world.read(|tx| tx.due_systems(at(6 * HOUR), 9)).contains(&damaged));
}

#[test]
fn a_full_disk_stops_the_judging_by_its_name_and_puts_nobody_off() {
    let many = contract(|contract| contract.systems = 99);
    let mut world = World::with(EnrollmentMode::Auto, many);
    for seed in 1..=60 {
        world.verdict(&Agent::new(seed).heartbeat(at(0)).mail, at(5));
    }
    world.hear_until(5 * HOUR);
    world.write(|tx, _| tx.fill_the_disk());
    let full = judge::tick_due(&mut world.store, &world.rules, at(5 * HOUR), 100);
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    world.write(|tx, _| tx.clear_the_disk());
    world.tick(at(5 * HOUR));
    assert_eq!(open_tickets(&mut world), 60);
}

#[test]
fn new_mails_that_seem_hours_old_though_we_read_all_the_time_tell_of_our_clock_and_old_ones_do_not() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let our_now = 5 * HOUR;
    let ahead = |world: &mut World| world.read(|tx| tx.own_view(at(0))).ahead;
    world.hear_until(our_now - 60);
    let made = agent.heartbeat(at(2 * HOUR)).mail;
    let mail = world.mail(&made, at(2 * HOUR));
    let mut read_again = world.batch(vec![mail]);
    read_again.covers = 0;
    let context =
        Context { rules: &world.rules, keyring: &world.keyring, usual_round: SignedDuration::from_mins(5) };
    record_batch(&mut world.store, context, &read_again, at(our_now)).unwrap();
    assert_eq!(ahead(&mut world), [], "below the cursor lies what came long ago");
    let mail = world.mail(&agent.heartbeat(at(2 * HOUR)).mail, at(2 * HOUR));
    world.record(vec![mail], at(our_now));
    assert_eq!(ahead(&mut world), [("reports".to_owned(), SignedDuration::from_hours(3))]);
    world.record(vec![], at(our_now));
    assert_eq!(ahead(&mut world).len(), 1, "no mail is no news");
}

#[test]
fn a_mailbox_taken_out_of_the_configuration_holds_up_nobodys_judging_and_loses_its_ticket() {
    let (mut world, mut moved, mut imported) = (World::new(), Agent::new(1), Agent::new(2));
    world.verdict(&moved.heartbeat(at(0)).mail, at(5));
    let mail = imported.heartbeat(at(0)).mail;
    let source = Source::Mail { raw: &mail, received_at: at(5) };
    world.write(|tx, context| reprocess(tx, context, source, at(5)));
    let old = world.folder.mailbox;
    let own_tickets = |world: &mut World, second| {
        world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), at(second)));
        let open = world.read(|tx| tx.tickets(true, i64::MAX, 99));
        open.iter().filter(|row| row.system.is_none()).count()
    };
    world.write(|tx, _| tx.set_reachable(old, Some((at(10), "no such account"))));
    own_tickets(&mut world, 10);
    assert_eq!(own_tickets(&mut world, HOUR), 1);

    let new = world.write(|tx, _| tx.put_mailbox("new", &["INBOX"])).remove(0);
    heard(&mut world, new.id, 5 * HOUR);
    world.tick(at(5 * HOUR));
    assert_eq!(open_tickets(&mut world), 1, "the old mailbox is waited for");
    world.write(|tx, _| tx.read_only_these(&["new".to_owned()]));
    assert_eq!(own_tickets(&mut world, 5 * HOUR + 20), 0);
    world.tick(at(5 * HOUR + 20));
    assert_eq!(open_tickets(&mut world), 2, "both hosts are silent");
    world.write(|tx, _| tx.read_only_these(&["reports".to_owned(), "new".to_owned()]));
    assert_eq!(own_tickets(&mut world, 6 * HOUR), 0);
    world.write(|tx, _| tx.set_reachable(old, Some((at(6 * HOUR), "no such account"))));
    own_tickets(&mut world, 6 * HOUR);
    assert_eq!(own_tickets(&mut world, 7 * HOUR), 1, "it is to be read again, and still cannot be");
}

#[test]
fn what_was_planned_by_a_clock_that_was_ahead_is_looked_at_when_it_is_right_again() {
    const WRONG: i64 = 1000 * HOUR;
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    for hour in 1..=2 {
        world.verdict(&agent.heartbeat_with(at(hour * HOUR), 0.96).mail, at(hour * HOUR));
    }
    // Nothing was heard so far ahead, so that nobody is accused; but it is looked at again only then.
    world.tick(at(WRONG));
    let waiting = world.read(|tx| tx.due_notifications(at(WRONG), 9)).remove(0);
    world.write(|tx, _| tx.defer_notification(waiting.id, at(WRONG + 60), "451 later"));
    let now = at(3 * HOUR);
    let due = |world: &mut World| {
        world.read(|tx| Ok((tx.due_systems(now, 9)?.len(), tx.due_notifications(now, 9)?.len())))
    };
    assert_eq!(due(&mut world), (0, 0));
    world.write(|tx, _| clockwork::plan_anew(tx, now, at(WRONG + 60)));
    assert_eq!(due(&mut world), (1, 0), "so long it may wait");
    world.write(|tx, _| clockwork::plan_anew(tx, now, now));
    assert_eq!(due(&mut world), (1, 1));
}

#[test]
fn what_happened_by_a_clock_that_was_ahead_is_told_at_once_when_it_is_right_again() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    for hour in 1..=2 {
        world.verdict(&agent.heartbeat_with(at(hour * HOUR), 0.96).mail, at(hour * HOUR));
    }
    let due = world.read(|tx| tx.due_notifications(at(2 * HOUR), 9)).remove(0);
    let from = "mailbeat@vendor.example".to_owned();
    let considered = world.write(|tx, _| consider(tx, &due, from, false, at(0)));
    assert!(matches!(considered, outbox::Verdict::Send(_)), "{considered:?}");
}

#[test]
fn what_a_person_resolved_is_closed_after_14_days_only_when_it_does_not_hold_any_more() {
    const DAY: i64 = 24 * HOUR;
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let mut report = |world: &mut World, second, full| {
        world.verdict(&agent.heartbeat_with(at(second), full).mail, at(second));
    };
    (1..=2).for_each(|hour| report(&mut world, hour * HOUR, 0.96));
    let number = world.read(|tx| tx.tickets(true, i64::MAX, 9))[0].ticket.number;
    let reason = "we live with it".to_owned();
    let resolved = TicketEvent { at: at(3 * HOUR), what: What::Resolved, reason, by: "anna".into() };
    world.write(|tx, _| tx.add_ticket_event(number, &resolved, at(3 * HOUR)));
    let state_after = |world: &mut World, second| {
        clockwork::clean_up(&mut world.store, Retention::default(), at(second)).unwrap();
        world.read(|tx| tx.ticket(number)).unwrap().ticket.state
    };
    assert_eq!(state_after(&mut world, 20 * DAY), TicketState::Resolved);
    report(&mut world, 20 * DAY + HOUR, 0.96);
    assert_eq!(world.read(|tx| tx.tickets(false, i64::MAX, 9)).len(), 1, "no new one of the same matter");
    (2..=4).for_each(|hour| report(&mut world, 20 * DAY + hour * HOUR, 0.1));
    assert_eq!(state_after(&mut world, 21 * DAY), TicketState::Closed);
}
