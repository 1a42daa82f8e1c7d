//! Gaps, clones, restored states, wrong clocks, and the receiver's own troubles.

use mailbeat_receiver::evaluate::fill::{Fill, KeptDays, Resource};
use mailbeat_shared::transport::oauth::{Credential, Expiry, Refusing, Standing};

use super::*;

fn branch(incarnation: u64, began_at: Timestamp, life_at: Timestamp) -> BranchView {
    BranchView { incarnation: Incarnation(incarnation), began_at, life_at }
}

#[test]
fn a_hole_in_the_sequence_is_a_finding_after_six_hours_and_ends_when_it_is_filled() {
    let mut world = World::new();
    world.view.gaps = vec![gap(812, 815, world.now)];
    world.pass(HOUR * 5).beat(&[]).tick();
    assert!(world.told().is_empty());
    let heard_until = world.now;
    world.pass(HOUR).beat(&[]).tick_heard(Some(heard_until));
    assert!(world.told().is_empty(), "it may lie in the mailbox, unread since an hour");
    world.tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    world.pass(HOUR).beat(&[]).tick_heard(None);
    assert!(world.told().is_empty());
    assert!(world.ticket("reports-lost").title.contains("4 reports were sent and never arrived"));
    world.view.gaps.clear();
    world.pass(HOUR).beat(&[]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn a_loss_that_somebody_resolved_is_done_with_and_a_second_one_is_news() {
    let mut world = World::new();
    world.view.gaps = vec![gap(812, 815, world.now)];
    world.pass(HOUR * 6).beat(&[]).tick();
    assert_eq!(world.told(), ["MB-1001 opened"]);
    world.pass(HOUR);
    let still_open = gap(820, 820, world.now - HOUR);
    world.view.gaps.push(still_open.clone());
    world.beat(&[]).resolve("reports-lost");
    world.pass(MINUTE).beat(&[]);
    assert_eq!(world.view.gaps, [still_open], "nobody waits for #812 any more, and nobody knew of #820");
    assert!(world.view.findings.iter().all(|finding| finding.rule.as_str() != "reports-lost"));
    world.pass(HOUR * 6).beat(&[]).tick();
    assert_eq!(world.told(), ["MB-1001 reopened"]);
    assert!(world.ticket("reports-lost").title.contains("1 report was sent"));
}

#[test]
fn a_person_who_resolves_another_ticket_settles_no_loss() {
    let mut world = World::new();
    let lost = gap(812, 815, world.now);
    world.view.gaps = vec![lost.clone()];
    world.pass(HOUR * 6).beat(&[disk("/", 0.9)]).tick();
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1002 opened"]);
    world.pass(HOUR).resolve("filesystem-full").pass(HOUR).beat(&[disk("/", 0.9)]).tick();
    assert!(world.told().is_empty());
    assert_eq!(world.view.gaps, [lost]);
}

#[test]
fn a_loss_that_healed_by_itself_settles_nothing_that_is_not_heard_yet() {
    let mut world = World::new();
    world.view.gaps = vec![gap(812, 812, world.now)];
    let seen_late = gap(820, 820, world.now + MINUTE * 30);
    world.pass(HOUR * 6).beat(&[]).tick();
    let heard_until = world.now;
    world.view.gaps = vec![seen_late.clone()];
    // The first is filled; the second is old enough, and the mailbox was not read since.
    world.pass(HOUR).beat(&[]).tick_heard(Some(heard_until));
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved"]);
    world.pass(MINUTE).beat(&[]).tick();
    assert_eq!(world.view.gaps, [seen_late]);
    assert_eq!(world.told(), ["MB-1001 reopened"]);
}

#[test]
fn a_gap_is_due_when_its_six_hours_are_over_however_many_reports_come_until_then() {
    let mut world = World::new();
    let ripe_at = world.now + HOUR * 6;
    world.view.gaps = vec![gap(812, 815, world.now)];
    for _ in 0..11 {
        world.pass(MINUTE * 30).beat(&[]);
        let due = due_at(&world.view, &world.view.findings, &world.rules, world.now).unwrap();
        assert!(due <= ripe_at, "a report put the look off");
    }
}

#[test]
fn two_growing_histories_are_a_clone_and_a_quiet_old_one_is_a_restored_state() {
    let mut world = World::new();
    let start = world.now;
    for hour in 1..=3 {
        world.pass(HOUR);
        world.view.branches = vec![branch(1, start - HOUR, world.now), branch(2, start, world.now)];
        world.beat(&[]);
        assert_eq!(
            world.view.findings.iter().filter(|f| f.rule.as_str() == "system-cloned").count(),
            1,
            "hour {hour}"
        );
    }
    assert_eq!(world.told(), ["MB-1001 opened"]);

    // A gap put one report of a clone into a branch of its own, which began last and did not go on.
    let (stray, now) = (world.now, world.now + HOUR * 3);
    world.view.branches.push(branch(3, stray, stray));
    world.view.branches[..2].iter_mut().for_each(|growing| growing.life_at = now);
    world.pass(HOUR * 3).beat(&[]);
    assert!(world.told().is_empty(), "they still are two");

    let mut restored = World::new();
    for _ in 0..30 {
        restored.pass(HOUR);
        restored.view.branches =
            vec![branch(1, start - HOUR * 90, start - HOUR), branch(2, start, restored.now)];
        restored.beat(&[]);
    }
    assert_eq!(restored.told(), ["MB-1001 opened", "MB-1001 resolved"], "low, and it resolves itself");
}

#[test]
fn clones_whose_heartbeats_come_in_the_same_second_are_two() {
    let mut world = World::new();
    let start = world.now;
    for hour in 1..=3 {
        world.pass(HOUR);
        world.view.branches = vec![branch(1, start, world.now), branch(1, start, world.now)];
        world.beat(&[]);
        assert!(world.view.findings.iter().any(|f| f.rule.as_str() == "system-cloned"), "hour {hour}");
    }
    assert_eq!(world.told(), ["MB-1001 opened"]);
}

#[test]
fn a_clone_that_is_gone_leaves_nothing_to_say_of_the_history_that_went_on() {
    let mut world = World::new();
    let start = world.now;
    for hour in 1..=8 {
        world.pass(HOUR);
        let gone = world.now.min(start + HOUR * 4);
        world.view.branches = vec![branch(1, start - HOUR, world.now), branch(2, start, gone)];
        world.beat(&[]);
        assert!(world.view.findings.iter().all(|f| f.rule.as_str() == "system-cloned"), "hour {hour}");
    }
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved"]);
}

#[test]
fn one_missing_report_is_spoken_of_as_one() {
    let mut world = World::new();
    world.view.gaps = vec![gap(812, 812, world.now)];
    world.pass(HOUR * 6).beat(&[]).tick();
    assert!(world.ticket("reports-lost").title.ends_with("1 report was sent and never arrived"));
    assert_eq!(world.reason(), "missing #812; later reports do not explain it");
}

#[test]
fn a_history_counts_as_quiet_from_two_intervals_after_its_last_sign_of_life() {
    let mut world = World::new();
    let start = world.now;
    let mut look = |after: SignedDuration| {
        let (ended, now) = (start + SECOND, start + after);
        world.view.branches = vec![branch(1, start - HOUR * 90, ended), branch(2, start, now)];
        world.now = now;
        world.beat(&[]).told()
    };
    assert_eq!(look(HOUR * 2), ["MB-1001 opened"], "both may still go on");
    assert_eq!(look(HOUR * 2 + SECOND), ["MB-1001 resolved", "MB-1002 opened"], "the first is quiet");
    assert_eq!(world.ticket("state-restored").severity, Severity::Low);
}

#[test]
fn a_restored_state_is_shown_from_two_intervals_after_it_began_for_a_day() {
    let mut world = World::new();
    let start = world.now;
    // The first history ended at the very time at which the second began.
    let mut look = |after: SignedDuration| {
        world.now = start + after;
        world.view.branches = vec![branch(1, start - HOUR * 90, start), branch(2, start, world.now)];
        world.beat(&[]).told()
    };
    assert!(look(HOUR).is_empty(), "one that ends where the next begins is no clone");
    assert!(look(HOUR * 2 - SECOND).is_empty());
    assert_eq!(look(HOUR * 2), ["MB-1001 opened"]);
    assert!(look(HOUR * 26 - SECOND).is_empty());
    assert_eq!(look(HOUR * 26), ["MB-1001 resolved"]);
}

#[test]
fn a_system_with_a_single_history_was_neither_cloned_nor_restored() {
    let mut world = World::new();
    let start = world.now;
    for _ in 0..4 {
        world.pass(HOUR);
        world.view.branches = vec![branch(1, start, world.now)];
        assert!(world.beat(&[]).told().is_empty());
    }
}

#[test]
fn a_clock_is_wrong_beyond_five_minutes_and_more_urgently_so_beyond_an_hour() {
    let judged = |skew: SignedDuration| {
        let mut world = World::new();
        world.view.clock_skew = skew;
        world.pass(HOUR).beat(&[]);
        world.view.tickets.first().map(|ticket| (ticket.severity, ticket.title.clone()))
    };
    assert_eq!(judged(MINUTE * 5), None);
    assert_eq!(judged(MINUTE * -5), None);
    let (severity, title) = judged(MINUTE * 5 + SECOND).unwrap();
    assert!(title.ends_with("behind"), "{title}");
    assert_eq!(severity, Severity::Low);
    assert_eq!(judged(HOUR).unwrap().0, Severity::Low);
    assert_eq!(judged(-HOUR - SECOND).unwrap().0, Severity::Medium);
}

#[test]
fn a_wrong_clock_is_a_finding_of_its_own() {
    let mut world = World::new();
    world.view.clock_skew = HOUR * -3;
    world.pass(HOUR).beat(&[]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert!(world.ticket("clock-wrong").title.contains("ahead"), "{}", world.ticket("clock-wrong").title);
}

#[test]
fn the_receivers_own_troubles_are_tickets_too_and_end_when_they_are_over() {
    let rules = Rules::built_in();
    let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let mut view = OwnView {
        unreachable: vec![("reports".into(), now, "connection refused".into())],
        ..OwnView::default()
    };
    let early = own::judge(&view, &rules, now + MINUTE);
    assert!(early.tickets.is_empty(), "a hiccup is no ticket");
    let decision = own::judge(&view, &rules, now + MINUTE * 6);
    let [TicketChange::Open { rule, subject, event }] = decision.tickets.as_slice() else {
        panic!("{decision:?}")
    };
    assert!(event.reason.contains("connection refused"));

    view.findings = decision.findings.iter().filter_map(put).collect();
    view.tickets = vec![Ticket::open(TicketNumber::FIRST, rule.clone(), subject.clone(), event).unwrap()];
    view.unreachable.clear();
    let over = own::judge(&view, &rules, now + HOUR);
    assert!(
        matches!(over.tickets.as_slice(), [TicketChange::Event { event, .. }] if event.what == What::Resolved)
    );
}

#[test]
fn the_receivers_own_tickets_are_said_in_german_too() {
    let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    let view = OwnView {
        unreachable: vec![("reports".into(), now, "connection refused".into())],
        quarantined: vec![("reports".into(), "NotEnrolled".into(), 3)],
        refused: vec![("eva@vendor.example".into(), now, "550 5.1.1 unknown".into())],
        held_back: vec![("eva@vendor.example".into(), 40)],
        ahead: vec![("reports".into(), HOUR * 3)],
        fills: [("reports".to_owned(), vec![Fill { resource: Resource::Storage, used: 90, limit: 100 }])]
            .into(),
        known: Known { accounts: vec![account(now, 10)], kept: KeptDays::default() },
        // No `..`: what is added to this view must be added here.
        findings: vec![],
        tickets: vec![],
    };
    let decision = own::judge(&view, &Rules::built_in(), now + HOUR);
    assert_eq!(decision.findings.len(), 8);
    for change in &decision.findings {
        let FindingChange::Put(finding) = change else { panic!("{change:?}") };
        for sentence in [&finding.title, &finding.evidence] {
            assert!(german(sentence).is_some(), "{sentence:?} has no German");
        }
    }
}

#[test]
fn a_mail_account_that_is_refused_or_ends_within_a_fortnight_is_a_ticket_and_over_when_renewed() {
    let rules = Rules::built_in();
    let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    let judged = |account: Standing| {
        let known = Known { accounts: vec![account], ..Known::default() };
        let view = OwnView { known, ..OwnView::default() };
        let opened = own::judge(&view, &rules, now).tickets;
        let severities = opened.iter().map(|change| match change {
            TicketChange::Open { rule, event, .. } => match event.what {
                What::Opened { severity, .. } => (rule.to_string(), severity),
                _ => panic!("{event:?}"),
            },
            other => panic!("{other:?}"),
        });
        severities.collect::<Vec<_>>()
    };
    let healthy = |days| Standing { refusing: None, ..account(now, days) };
    assert_eq!(judged(healthy(15)), []);
    assert_eq!(judged(healthy(14)), [("credential-expires".into(), Severity::Medium)]);
    assert_eq!(judged(healthy(3)), [("credential-expires".into(), Severity::High)]);
    assert_eq!(judged(healthy(-1)), [("credential-expires".into(), Severity::High)]);
    let refused = judged(Standing { expiries: vec![], ..account(now, 15) });
    assert_eq!(refused, [("sign-in-refused".into(), Severity::High)]);
}

/// An account whose client secret ends in so many days and whose provider refuses.
fn account(now: Timestamp, days: i64) -> Standing {
    Standing {
        account: "reports".into(),
        needs_a_person: true,
        consented_at: None,
        access_until: None,
        expiries: vec![Expiry {
            credential: Credential::ClientSecret,
            at: now + HOUR * 24 * i32::try_from(days).unwrap(),
        }],
        refusing: Some(Refusing {
            since: now,
            times: 1,
            why: "id.example said invalid_grant".into(),
            advice: "Run `oauth login`.".into(),
        }),
    }
}

fn put(change: &FindingChange) -> Option<Finding> {
    match change {
        FindingChange::Put(finding) => Some(finding.clone()),
        FindingChange::Ended { .. } => None,
    }
}
