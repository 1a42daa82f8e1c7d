//! Reports that come twice, late, in disorder, from the past or from two hosts at once.

use jiff::Timestamp;

use super::world::{Agent, HOUR, World, at, bounce};
use crate::evaluate::own::Known;
use crate::intake::{IgnoreReason, QuarantineReason as Reason, Verdict, judge};
use crate::ticket::{TicketEvent, What};

#[test]
fn the_same_mail_again_is_a_duplicate_and_the_same_id_with_other_content_a_conflict() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let made = agent.heartbeat(at(10));
    let recorded = world.receive(&[&made.mail, &made.mail], at(20));
    assert_eq!(recorded[1].verdict, Verdict::Duplicate);
    let mut other = agent.heartbeat(at(30)).report;
    other.id = made.report.id;
    let conflict = agent.sign(other);
    assert_eq!(world.verdict(&conflict.mail, at(40)), Verdict::Quarantined(Reason::Conflict));
    assert_eq!(world.sequences(&agent), [1]);
}

#[test]
fn a_gap_is_noted_when_it_is_seen_and_vanishes_when_it_is_filled() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let made: Vec<_> = (1..=6).map(|n| agent.heartbeat(at(n * HOUR))).collect();
    world.verdict(&made[0].mail, at(HOUR));
    world.verdict(&made[5].mail, at(6 * HOUR));
    assert_eq!(world.holes(&agent), [(2, 5)]);
    world.verdict(&made[2].mail, at(7 * HOUR));
    assert_eq!(world.holes(&agent), [(2, 2), (4, 5)]);
    let id = world.system(&agent).id;
    assert!(world.read(|tx| tx.holes(id)).iter().all(|hole| hole.seen_at == at(6 * HOUR)));
    world.receive(&[&made[4].mail, &made[3].mail, &made[1].mail], at(8 * HOUR));
    assert_eq!(world.holes(&agent), []);
    assert_eq!(world.branches(&agent).len(), 1, "disorder opens no branch");
    assert_eq!(world.sequences(&agent), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_backlog_of_new_systems_is_read_before_any_of_them_is_looked_at() {
    let (mut world, mut agents) = (World::new(), [Agent::new(1), Agent::new(2)]);
    let now = at(30 * HOUR);
    for hour in 1..=2 {
        for agent in &mut agents {
            let made = agent.heartbeat(at(hour * HOUR));
            let mail = world.mail(&made.mail, at(hour * HOUR));
            world.record(vec![mail], now);
            assert!(world.system(agent).due_at > now, "each would cost a transaction of its own");
        }
    }
}

#[test]
fn a_gap_whose_time_is_over_is_judged_at_the_next_tick_however_fast_reports_come() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(0)).mail, at(0));
    agent.heartbeat(at(10));
    world.verdict(&agent.heartbeat(at(20)).mail, at(20));
    world.tick(at(21));
    for second in 6 * HOUR + 15..6 * HOUR + 25 {
        world.verdict(&agent.heartbeat(at(second)).mail, at(second));
        assert!(world.system(&agent).due_at <= at(6 * HOUR + 20), "second {second} put the look off");
    }
    world.tick(at(6 * HOUR + 25));
    assert!(world.system(&agent).due_at > at(6 * HOUR + 25), "and looking does not go in a circle");
}

#[test]
fn what_is_missing_is_no_longer_waited_for_once_a_person_resolved_its_ticket() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(0)).mail, at(0));
    let late = agent.heartbeat(at(10));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    world.hear_until(8 * HOUR);
    world.tick(at(8 * HOUR));
    let lost = world.read(|tx| tx.tickets(true, i64::MAX, 9)).remove(0).ticket;
    assert_eq!(lost.rule.as_str(), "reports-lost");
    let resolved = TicketEvent {
        at: at(9 * HOUR),
        what: What::Resolved,
        reason: "a filter ate it".into(),
        by: "olivia".into(),
    };
    world.write(|tx, _| tx.add_ticket_event(lost.number, &resolved, at(9 * HOUR)).map(drop));
    assert_eq!(world.holes(&agent), [(2, 2)]);
    world.verdict(&agent.heartbeat(at(10 * HOUR)).mail, at(10 * HOUR));
    assert_eq!(world.holes(&agent), []);
    assert_eq!(world.verdict(&late.mail, at(11 * HOUR)), Verdict::Accepted, "and it may come all the same");
    assert_eq!(world.sequences(&agent), [1, 2, 3, 4]);
    assert_eq!(world.read(|tx| tx.tickets(true, i64::MAX, 9)), []);
}

#[test]
fn a_restored_state_is_no_history_of_the_old_one_though_no_neighbour_is_held() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    let mut restored = agent.clone();
    restored.salt = 1;
    // Of #2 to #8 of the first life none arrives.
    let lost: Vec<_> = (2..=9).map(|hour| agent.heartbeat(at(hour * HOUR))).collect();
    world.verdict(&lost[7].mail, at(9 * HOUR));
    for (hour, arrives) in [(10, false), (11, false), (12, true)] {
        let made = restored.heartbeat_with(at(hour * HOUR), 0.9);
        if arrives {
            assert_eq!(world.verdict(&made.mail, at(hour * HOUR)), Verdict::Accepted);
        }
    }
    let branches = world.branches(&agent);
    assert_eq!(branches.len(), 2, "it was made after #9 and counts #4");
    assert_eq!(branches[0].newest_sequence, 4);
    assert_eq!(world.system(&agent).life_at, Some(at(12 * HOUR)));
    world.verdict(&lost[3].mail, at(13 * HOUR));
    assert_eq!(world.branches(&agent).len(), 2, "what was only late joins its own life");
    assert_eq!(world.holes(&agent), [(2, 4), (6, 8)]);
}

#[test]
fn a_gap_that_a_later_report_explains_is_none() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let superseded: Vec<_> = (0..3).map(|n| agent.heartbeat(at(20 + n))).collect();
    agent.superseded = vec![(2, 3)];
    world.verdict(&agent.heartbeat(at(30)).mail, at(30));
    assert_eq!(world.holes(&agent), [(4, 4)]);
    agent.superseded = vec![(2, 4)];
    world.verdict(&agent.heartbeat(at(40)).mail, at(40));
    assert_eq!(world.holes(&agent), []);
    assert_eq!(world.verdict(&superseded[1].mail, at(50)), Verdict::Accepted, "and it arrives all the same");
}

#[test]
fn a_heartbeat_four_hours_late_proves_life_four_hours_ago() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR + 5));
    world.verdict(&agent.heartbeat(at(2 * HOUR)).mail, at(6 * HOUR));
    assert_eq!(world.system(&agent).life_at, Some(at(2 * HOUR)));
}

#[test]
fn an_old_report_fills_history_and_leaves_the_present_alone() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let full = agent.heartbeat_with(at(HOUR), 0.99);
    let fine = agent.heartbeat_with(at(2 * HOUR), 0.5);
    world.verdict(&fine.mail, at(2 * HOUR));
    world.verdict(&full.mail, at(3 * HOUR));
    assert_eq!(world.read(|tx| tx.tickets(false, i64::MAX, 9)), []);
    assert_eq!(world.sequences(&agent), [1, 2]);
    let branch = world.branches(&agent).remove(0);
    assert_eq!(branch.newest_sequence, 2);
}

#[test]
fn a_crossed_threshold_opens_a_ticket_with_a_notification_and_recovery_resolves_it() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    for hour in 1..=4 {
        world.verdict(&agent.heartbeat_with(at(hour * HOUR), 0.99).mail, at(hour * HOUR));
    }
    let tickets = world.read(|tx| tx.tickets(true, i64::MAX, 9));
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0].ticket.number.to_string(), "MB-1001");
    let due = world.read(|tx| tx.due_notifications(at(5 * HOUR), 9));
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].email.as_str(), due[0].ticket.0), ("operator@vendor.example", 1001));
    for hour in 5..=7 {
        world.verdict(&agent.heartbeat_with(at(hour * HOUR), 0.2).mail, at(hour * HOUR));
    }
    assert_eq!(world.read(|tx| tx.tickets(true, i64::MAX, 9)), []);
}

#[test]
fn a_bounce_of_a_notification_refuses_the_address_and_the_next_person_is_told() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    let customer = world.system(&agent).customer;
    world.write(|tx, _| tx.add_contact(Some(customer), "Anna", "anna@acme.example"));
    for hour in 2..=4 {
        world.verdict(&agent.heartbeat_with(at(hour * HOUR), 0.99).mail, at(hour * HOUR));
    }
    let told = world.read(|tx| tx.due_notifications(at(5 * HOUR), 9)).remove(0);
    assert_eq!(told.email, "anna@acme.example");
    world.write(|tx, _| tx.notification_sent(told.id, "250 ok", at(5 * HOUR)));
    world.verdict(&bounce("00000000000000000000000000000000"), at(6 * HOUR));
    assert_eq!(world.read(|tx| tx.due_notifications(at(7 * HOUR), 9)), [], "a token that is none of ours");
    for _ in 0..2 {
        let verdict = world.verdict(&bounce(&told.token), at(6 * HOUR));
        assert_eq!(verdict, Verdict::Ignored(IgnoreReason::Bounce));
    }
    let next = world.read(|tx| tx.due_notifications(at(7 * HOUR), 9));
    assert_eq!(next.len(), 1);
    assert_eq!((next[0].email.as_str(), next[0].event_id), ("operator@vendor.example", told.event_id));
    world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), at(7 * HOUR)));
    let tickets = world.read(|tx| tx.tickets(true, i64::MAX, 9));
    assert!(
        tickets
            .iter()
            .any(|row| row.ticket.rule.as_str() == "notification-refused" && row.customer.is_none())
    );
}

#[test]
fn a_state_restored_from_a_backup_opens_a_branch_and_both_keep_their_order() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    let mut restored = agent.clone();
    restored.salt = 1;
    for hour in 2..=3 {
        world.verdict(&agent.heartbeat(at(hour * HOUR)).mail, at(hour * HOUR));
    }
    let (second, third) = (restored.heartbeat(at(4 * HOUR)), restored.heartbeat(at(5 * HOUR)));
    let recorded = world.receive(&[&third.mail, &second.mail], at(5 * HOUR));
    assert!(recorded.iter().all(|mail| mail.verdict == Verdict::Accepted));
    assert_eq!(world.branches(&agent).len(), 2);
    assert_eq!(world.verdict(&restored.heartbeat(at(6 * HOUR)).mail, at(6 * HOUR)), Verdict::Accepted);
    let branches = world.branches(&agent);
    assert_eq!(branches.len(), 2, "the restored state goes on in its own branch");
    assert_eq!((branches[0].newest_sequence, branches[1].newest_sequence), (4, 3));
}

#[test]
fn a_restored_state_that_counts_on_where_the_old_one_ended_is_known_by_its_broken_link() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    let mut restored = agent.clone();
    restored.salt = 1;
    world.verdict(&agent.heartbeat(at(2 * HOUR)).mail, at(2 * HOUR));
    let _lost = restored.heartbeat(at(3 * HOUR));
    assert_eq!(world.verdict(&restored.heartbeat(at(4 * HOUR)).mail, at(4 * HOUR)), Verdict::Accepted);
    let branches = world.branches(&agent);
    assert_eq!(branches.len(), 2, "its #3 names another #2 than the one held");
    assert_eq!((branches[0].newest_sequence, branches[1].newest_sequence), (3, 2));
}

#[test]
fn a_new_incarnation_opens_a_branch_and_a_clone_makes_both_grow() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    let mut clone = agent.clone();
    (clone.incarnation, clone.salt) = (2, 1);
    for hour in 2..=5 {
        for host in [&mut agent, &mut clone] {
            let made = host.heartbeat(at(hour * HOUR));
            assert_eq!(world.verdict(&made.mail, at(hour * HOUR)), Verdict::Accepted);
        }
    }
    assert_eq!(world.branches(&agent).len(), 2);
    assert_eq!(world.holes(&agent), []);
    let tickets = world.read(|tx| tx.tickets(true, i64::MAX, 9));
    assert!(tickets.iter().any(|row| row.ticket.rule.as_str() == "system-cloned"), "{tickets:?}");
}

#[test]
fn a_report_from_the_end_of_time_is_recorded_and_can_be_listed() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    for made_at in [Timestamp::MAX, Timestamp::MIN] {
        let mut report = agent.heartbeat(at(20)).report;
        report.created_at = made_at;
        let made = agent.sign(report);
        agent.previous = None;
        assert_eq!(world.verdict(&made.mail, at(30)), Verdict::Accepted);
        assert!(world.system(&agent).life_at <= Some(at(30)));
    }
    assert_eq!(world.sequences(&agent), [1, 2, 3]);
}

#[test]
fn a_sequence_beyond_what_is_kept_is_refused_by_name() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    for (sequence, expected) in
        [(i64::MAX as u64, Verdict::Accepted), (u64::MAX, Verdict::Quarantined(Reason::OverLimit))]
    {
        let mut report = agent.clone().heartbeat(at(20)).report;
        report.sequence = sequence;
        assert_eq!(world.verdict(&agent.sign(report).mail, at(30)), expected);
    }
    assert_eq!(world.holes(&agent), [(2, i64::MAX as u64 - 1)]);
    let waiting = world.read(|tx| tx.quarantine_waiting(0, 9)).remove(0);
    assert_eq!(waiting.claimed.signer, Some(agent.key.public().bytes()), "whose it is, is known");
}
