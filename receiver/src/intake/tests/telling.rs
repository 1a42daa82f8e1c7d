//! How much one person is told, and what is told of ourselves.

use jiff::Timestamp;
use mailbeat_shared::transport::outcome::{Failure, FailureKind, Outcome};
use mailbeat_shared::wire::observation::{Observation, attributes, names};
use mailbeat_shared::wire::report::{Body, Heartbeat, SpoolInfo};

use super::world::{Agent, HOUR, World, at};
use crate::evaluate::own::Known;
use crate::intake::judge;
use crate::notify;
use crate::notify::retry::Next;
use crate::run::outbox::{BUDGET, Verdict, conclude, consider};
use crate::store::{Notification, Refusal};

/// A heartbeat of a host with twenty filesystems that are this full.
fn twenty_disks(full: f64) -> Body {
    disks(20, full)
}

fn one_disk(full: f64) -> Body {
    disks(1, full)
}

fn disks(count: usize, full: f64) -> Body {
    let disk = |n: usize| {
        Observation::new(&names::FILESYSTEM_UTILIZATION, full)
            .with(attributes::MOUNTPOINT, format!("/srv/{n}"))
            .with(attributes::FILESYSTEM_TYPE, "ext4")
    };
    let heartbeat = Heartbeat {
        spool: SpoolInfo { queued: 0, oldest: None, route: None },
        maintenance: None,
        observations: (0..count).map(disk).collect(),
        checks: vec![],
        problems: vec![],
    };
    Body::Heartbeat { heartbeat }
}

/// Works off what is due, every mail accepted; how many were sent and how many held back.
fn work_off(world: &mut World, now: Timestamp) -> (usize, usize) {
    let (mut sent, mut held) = (0, 0);
    for due in world.read(|tx| tx.due_notifications(now, 500)) {
        let from = "mailbeat@vendor.example".to_owned();
        match world.write(|tx, _| consider(tx, &due, from, false, now)) {
            Verdict::Send(_) => {
                world.write(|tx, _| tx.notification_sent(due.id, "250 ok", now));
                sent += 1;
            }
            Verdict::Hold(until) => {
                assert!(until > now);
                held += 1;
            }
            Verdict::Wait(_) | Verdict::Drop(_) => {}
        }
    }
    (sent, held)
}

fn open_rules(world: &mut World) -> Vec<String> {
    let tickets = world.read(|tx| tx.tickets(true, i64::MAX, 500));
    let own = tickets.iter().filter(|row| row.system.is_none());
    own.map(|row| row.ticket.rule.to_string()).collect()
}

#[test]
fn a_storm_is_told_in_portions_and_what_ended_meanwhile_by_its_end_alone() {
    let (mut world, mut agents) = (World::new(), [Agent::new(1), Agent::new(2)]);
    for hour in 1..=4 {
        for agent in &mut agents {
            world.verdict(&agent.make(twenty_disks(0.91), at(hour * HOUR)).mail, at(hour * HOUR));
        }
    }
    let now = at(5 * HOUR);
    assert_eq!(work_off(&mut world, now), (BUDGET as usize, 40 - BUDGET as usize));
    world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), now));
    assert_eq!(open_rules(&mut world), ["notifications-held"]);
    // One host is mended before the hour is over, half of its beginnings not told yet.
    for hour in 5..=7 {
        world.verdict(&agents[1].make(twenty_disks(0.1), at(hour * HOUR)).mail, at(hour * HOUR));
    }
    let (sent, held) = work_off(&mut world, at(8 * HOUR));
    assert_eq!(held, 0);
    assert_eq!(sent, 20 + 1, "the ends of all of the second host's, and the storm itself");
    world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), at(8 * HOUR)));
    assert_eq!(open_rules(&mut world), Vec::<String>::new());
}

#[test]
fn what_opens_and_resolves_before_the_outbox_runs_is_told_by_one_mail_that_says_both() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    for hour in 1..=2 {
        world.verdict(&agent.make(one_disk(0.96), at(hour * HOUR)).mail, at(hour * HOUR));
    }
    world.verdict(&agent.make(one_disk(0.1), at(3 * HOUR)).mail, at(3 * HOUR));
    let now = at(4 * HOUR);
    let due = world.read(|tx| tx.due_notifications(now, 500));
    assert_eq!(due.len(), 2, "its beginning and its end: {due:?}");
    let told: Vec<_> = due
        .iter()
        .map(|due| {
            let from = "mailbeat@vendor.example".to_owned();
            world.write(|tx, _| consider(tx, due, from, false, now))
        })
        .filter_map(|verdict| if let Verdict::Send(view) = verdict { Some(view) } else { None })
        .collect();
    let [view] = &told[..] else { panic!("told by one mail: {told:?}") };
    let secret = world.read(|tx| tx.notification_secret());
    let letter = String::from_utf8(notify::compose(view, &secret).unwrap().bytes).unwrap();
    for words in ["Subject: [Mailbeat MB-1001] Resolved:", "opened", "over before you could be told"] {
        assert!(letter.contains(words), "{words}: {letter}");
    }
}

#[test]
fn what_is_critical_is_told_however_much_was_told_before() {
    let (mut world, mut agents) = (World::new(), [Agent::new(1), Agent::new(2)]);
    for hour in 1..=4 {
        for agent in &mut agents {
            world.verdict(&agent.make(twenty_disks(0.999), at(hour * HOUR)).mail, at(hour * HOUR));
        }
    }
    assert_eq!(work_off(&mut world, at(5 * HOUR)), (40, 0));
}

#[test]
fn a_receiver_whose_clock_is_hours_ahead_accuses_itself_and_nobody_else() {
    const AHEAD: i64 = 3 * HOUR;
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.hear(at(0));
    world.verdict(&agent.heartbeat(at(0)).mail, at(0));
    // After a restart of the host the clock is wrong. Mail is looked for each minute, and comes each hour.
    for minute in 1..=8 * 60 {
        let (server, ours) = (at(minute * 60), at(minute * 60 + AHEAD));
        world.hear(ours);
        if minute % 60 == 0 {
            let made = agent.heartbeat(server);
            let mail = world.mail(&made.mail, server);
            world.record(vec![mail], ours);
        }
        world.hear(ours);
        world.tick(ours);
        world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), ours));
    }
    assert_eq!(open_rules(&mut world), ["receiver-clock-wrong"]);
    let tickets = world.read(|tx| tx.tickets(false, i64::MAX, 500));
    assert_eq!(tickets.len(), 1, "{tickets:?}");

    // It is set right, and the host falls silent: that is noticed again.
    let last = 8 * HOUR;
    for minute in 1..=6 * 60 {
        let now = at(last + minute * 60);
        world.hear(now);
        if minute == 30 {
            let made = agent.heartbeat(now);
            world.verdict(&made.mail, now);
        }
        world.hear(now);
        world.tick(now);
        world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), now));
    }
    let tickets = world.read(|tx| tx.tickets(true, i64::MAX, 500));
    let rules: Vec<String> = tickets.iter().map(|row| row.ticket.rule.to_string()).collect();
    assert_eq!(rules, ["heartbeat-missing"]);
}

#[test]
fn a_receiver_whose_clock_is_hours_ahead_when_it_first_reads_a_backlog_accuses_nobody() {
    const AHEAD: i64 = 3 * HOUR;
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let made: Vec<_> = (0..5).map(|hour| agent.heartbeat(at(hour * HOUR))).collect();
    let first = 4 * HOUR + 600;
    let backlog = (0..5).zip(&made).map(|(hour, made)| world.mail(&made.mail, at(hour * HOUR))).collect();
    world.record(backlog, at(first + AHEAD));
    // Mail is looked for each minute from then on, and comes each hour as ever.
    for minute in 0..5 * 60 {
        let (server, ours) = (at(first + minute * 60), at(first + minute * 60 + AHEAD));
        world.hear(ours);
        if minute % 60 == 50 {
            let made = agent.heartbeat(server);
            let mail = world.mail(&made.mail, server);
            world.record(vec![mail], ours);
        }
        world.hear(ours);
        world.tick(ours);
        world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), ours));
    }
    let tickets = world.read(|tx| tx.tickets(false, i64::MAX, 500));
    let rules: Vec<String> = tickets.iter().map(|row| row.ticket.rule.to_string()).collect();
    assert_eq!(rules, ["receiver-clock-wrong"], "{tickets:?}");
}

#[test]
fn a_receiver_that_first_reads_what_a_dead_host_left_says_so_once_it_has_waited() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let made = agent.heartbeat(at(0));
    let backlog = vec![world.mail(&made.mail, at(0))];
    world.record(backlog, at(9 * HOUR));
    for minute in 0..80 {
        let now = at(9 * HOUR + minute * 60);
        world.hear(now);
        world.tick(now);
        let expected: &[&str] = if minute < 75 { &[] } else { &["heartbeat-missing"] };
        let tickets = world.read(|tx| tx.tickets(false, i64::MAX, 500));
        let rules: Vec<String> = tickets.iter().map(|row| row.ticket.rule.to_string()).collect();
        assert_eq!(rules, expected, "minute {minute}");
    }
}

/// Two people of the vendor's own, and a ticket that is told to the first of them.
fn told_to_the_first() -> (World, Notification) {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.write(|tx, _| tx.add_contact(None, "Ben", "ben@vendor.example"));
    for hour in 1..=2 {
        world.verdict(&agent.make(one_disk(0.96), at(hour * HOUR)).mail, at(hour * HOUR));
    }
    let due = attempted(&mut world, at(3 * HOUR)).remove(0);
    (world, due)
}

/// What is due is tried; with what outcome is not known yet.
fn attempted(world: &mut World, now: Timestamp) -> Vec<Notification> {
    let due = world.read(|tx| tx.due_notifications(now, 500));
    for due in &due {
        world.write(|tx, _| consider(tx, due, "mailbeat@vendor.example".to_owned(), false, now));
    }
    due
}

/// The addresses of those whose mail is known to come back, and of those who are to be told at this second.
fn refused_and_due(world: &mut World, second: i64) -> (Vec<String>, Vec<String>) {
    let people = world.read(|tx| tx.contacts(None)).into_iter();
    let refused = people.filter(|person| person.refused_at.is_some()).map(|person| person.email).collect();
    let due = world.read(|tx| tx.due_notifications(at(second), 500));
    (refused, due.into_iter().map(|due| due.email).collect())
}

#[test]
fn what_is_put_off_again_and_again_holds_up_nothing_that_came_later() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    for hour in 1..=2 {
        world.verdict(&agent.make(disks(2, 0.96), at(hour * HOUR)).mail, at(hour * HOUR));
    }
    let due = world.read(|tx| tx.due_notifications(at(3 * HOUR), 2));
    let [older, newer] = due.as_slice() else { panic!("{due:?}") };
    world.write(|tx, _| tx.defer_notification(older.id, at(3 * HOUR + 1), "the mailbox is not read so far"));
    let next = world.read(|tx| tx.due_notifications(at(3 * HOUR + 1), 1));
    assert_eq!(next[0].id, newer.id);
}

#[test]
fn a_refusal_of_whatever_we_send_marks_nobody_and_one_of_the_recipient_tells_the_next() {
    let (mut world, due) = told_to_the_first();
    let refused = Failure::new(FailureKind::Permanent, "550 you may not send");
    let ours = Outcome::Refused(refused.clone());
    world.write(|tx, _| conclude(tx, &due, &ours, at(100 * HOUR)));
    let operator = vec!["operator@vendor.example".to_owned()];
    assert_eq!(refused_and_due(&mut world, 101 * HOUR), (vec![], operator.clone()), "tried again");
    let theirs = Outcome::Refused(refused.of_recipient());
    world.write(|tx, _| conclude(tx, &due, &theirs, at(101 * HOUR)));
    assert_eq!(refused_and_due(&mut world, 101 * HOUR), (operator, vec!["ben@vendor.example".to_owned()]));
}

#[test]
fn a_late_bounce_of_an_address_that_was_changed_says_nothing_of_the_new_one_and_the_next_is_told() {
    let (mut world, due) = told_to_the_first();
    world.write(|tx, _| tx.notification_sent(due.id, "250 ok", at(3 * HOUR)));
    world.write(|tx, _| tx.change_contact(due.contact, "Operator", "new@vendor.example"));
    assert!(world.write(|tx, _| tx.notification_refused(
        &due.token,
        Refusal::OfAddress,
        "550 5.1.1 who?",
        at(4 * HOUR)
    )));
    assert_eq!(refused_and_due(&mut world, 4 * HOUR), (vec![], vec!["ben@vendor.example".to_owned()]));
}

#[test]
fn what_still_holds_is_told_by_the_first_who_does_more_than_observe() {
    let (mut world, mut agents) = (World::new(), [Agent::new(1), Agent::new(2)]);
    for agent in &mut agents {
        world.verdict(&agent.make(one_disk(0.96), at(HOUR)).mail, at(HOUR));
    }
    let observe = |world: &mut World, now: Timestamp| {
        for due in world.read(|tx| tx.due_notifications(now, 500)) {
            let from = "mailbeat@vendor.example".to_owned();
            let verdict = world.write(|tx, _| consider(tx, &due, from, true, now));
            assert!(matches!(verdict, Verdict::Wait(_) | Verdict::Drop(_)), "{verdict:?}");
        }
    };
    observe(&mut world, at(HOUR + 5));
    world.verdict(&agents[0].make(one_disk(0.1), at(2 * HOUR)).mail, at(2 * HOUR));
    observe(&mut world, at(2 * HOUR + 5));
    assert_eq!(
        work_off(&mut world, at(5 * HOUR)),
        (1, 0),
        "of the one that was mended nobody heard anything"
    );
    world.verdict(&agents[1].make(one_disk(0.1), at(6 * HOUR)).mail, at(6 * HOUR));
    observe(&mut world, at(6 * HOUR + 5));
    assert_eq!(work_off(&mut world, at(7 * HOUR)), (1, 0), "who was told of it hears of its end");
}

#[test]
fn what_was_told_to_nobody_is_told_once_an_address_is_mended_and_nothing_else_again() {
    let (mut world, due) = told_to_the_first();
    let refuse = |world: &mut World, token: &str, refusal, second| {
        let words = "550 5.1.1 who?";
        world.write(|tx, _| tx.notification_refused(token, refusal, words, at(second)))
    };
    assert_eq!(world.read(|tx| tx.told_to_nobody()), [], "it waits for the first");
    refuse(&mut world, &due.token, Refusal::OfAddress, 4 * HOUR);
    let next = world.read(|tx| tx.due_notifications(at(4 * HOUR), 9)).remove(0);
    assert_eq!(world.read(|tx| tx.told_to_nobody()), [], "it waits for the next");
    // Nobody is left after that one: a person must hear of it, though the address may be well.
    refuse(&mut world, &next.token, Refusal::OfMail, 5 * HOUR);
    let (mut refused, waiting) = refused_and_due(&mut world, 5 * HOUR);
    refused.sort();
    assert_eq!((refused.len(), waiting.len()), (2, 0), "{refused:?}");
    let untold = world.read(|tx| tx.told_to_nobody());
    assert_eq!(untold.len(), 1);
    world.write(|tx, _| tx.change_contact(due.contact, "Operator", "mended@vendor.example"));
    world.write(|tx, _| tx.tell(&untold, at(6 * HOUR)));
    assert_eq!(refused_and_due(&mut world, 6 * HOUR).1, ["mended@vendor.example"]);
    assert_eq!(world.read(|tx| tx.told_to_nobody()), []);
}

#[test]
fn patience_with_a_recipient_begins_with_the_first_attempt_however_long_the_news_waited() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.make(one_disk(0.96), at(HOUR)).mail, at(HOUR));
    let due = world.read(|tx| tx.due_notifications(at(HOUR), 9)).remove(0);
    let busy = Failure::new(FailureKind::Temporary, "450 4.2.0 greylisted").of_recipient();
    let days_later = at(10 * 24 * HOUR);
    world.write(|tx, _| tx.count_notification(due.id, &due.email, days_later, days_later));
    let next = world.write(|tx, _| conclude(tx, &due, &Outcome::Deferred(busy.clone()), days_later));
    assert!(matches!(next, Next::RetryAt(_)), "{next:?}");
    let again = world.read(|tx| tx.due_notifications(at(11 * 24 * HOUR), 9)).remove(0);
    assert_eq!((again.attempts, again.made_at), (1, days_later));
}

#[test]
fn an_end_that_could_not_be_told_in_time_is_not_told_after_what_came_of_it() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.make(one_disk(0.96), at(HOUR)).mail, at(HOUR));
    assert_eq!(work_off(&mut world, at(HOUR + 1200)), (1, 0));
    for (hour, full) in [(2, 0.1), (3, 0.96), (4, 0.1), (5, 0.96)] {
        world.verdict(&agent.make(one_disk(full), at(hour * HOUR)).mail, at(hour * HOUR));
    }
    assert_eq!(work_off(&mut world, at(6 * HOUR)), (2, 0), "it is back: nobody hears of its ends any more");
}
