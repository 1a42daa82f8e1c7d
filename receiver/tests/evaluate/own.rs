//! The receiver's own troubles.

use mailbeat_receiver::evaluate::ending::{Ending, Renewed};
use mailbeat_receiver::evaluate::fill::{Fill, KeptDays, Resource};
use mailbeat_receiver::evaluate::own::Known;
use mailbeat_shared::transport::oauth::{Credential, Expiry, Refusing, Standing};

use super::*;

#[test]
fn the_receivers_own_troubles_are_tickets_too_and_end_when_they_are_over() {
    let rules = Rules::built_in();
    let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let mut view = OwnView {
        unreachable: vec![("reports".into(), now, "connection refused".into())],
        ..OwnView::default()
    };
    let early = judge_receiver(&view, &rules, now + MINUTE);
    assert!(early.tickets.is_empty(), "a hiccup is no ticket");
    let decision = judge_receiver(&view, &rules, now + MINUTE * 6);
    let [TicketChange::Open { rule, subject, event }] = decision.tickets.as_slice() else {
        panic!("{decision:?}")
    };
    assert!(event.reason.contains("connection refused"));

    view.findings = decision.findings.iter().filter_map(put).collect();
    view.tickets = vec![Ticket::open(TicketNumber::FIRST, rule.clone(), subject.clone(), event).unwrap()];
    view.unreachable.clear();
    let over = judge_receiver(&view, &rules, now + HOUR);
    assert!(
        matches!(over.tickets.as_slice(), [TicketChange::Event { event, .. }] if event.what == What::Resolved)
    );
}

#[test]
fn however_much_else_is_wrong_a_mailbox_that_cannot_be_read_has_its_ticket() {
    let (mut world, now) = (World::new(), World::new().now);
    let refused = |n: usize| (format!("person{n}@vendor.example"), now, "550 5.1.1 unknown".to_owned());
    let mut seen = OwnView { refused: (0..60).map(refused).collect(), ..OwnView::default() };
    world.judge_the_receiver(seen.clone());
    assert_eq!(world.view.tickets.len(), 60);
    seen.unreachable = vec![("reports".into(), now, "connection refused".into())];
    world.pass(HOUR).judge_the_receiver(seen);
    assert_eq!(world.ticket("mailbox-unreachable").severity, Severity::Critical);
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
        ending: [
            ("ACME-1", None, 1),
            ("BETA-1", Some(false), 1),
            ("BETA-2", Some(false), 0),
            ("BETA-3", Some(true), 0),
        ]
        .map(|(number, renewed, contacts)| Ending {
            number: number.parse().unwrap(),
            customer: "ACME Wasserwerke".into(),
            ends_at: now + HOUR * 24,
            grace_days: 14,
            systems: 3,
            hosts: "pump-01, pump-02, scada-01".into(),
            renewed: renewed.map(|holds_secret| Renewed { revision: 2, valid_until: None, holds_secret }),
            contacts,
        })
        .to_vec(),
        known: Known { accounts: vec![account(now, 10)], kept: KeptDays::default(), mails_nobody: false },
        // No `..`: what is added to this view must be added here.
        findings: vec![],
        tickets: vec![],
    };
    let decision = judge_receiver(&view, &Rules::built_in(), now + HOUR);
    assert_eq!(decision.findings.len(), 12);
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
        let opened = judge_receiver(&view, &rules, now).tickets;
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
