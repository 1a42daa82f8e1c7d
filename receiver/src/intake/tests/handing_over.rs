//! A renewed contract is mailed to the customer before the end of the one in force: to whom, and when it stays unsent after all.

use jiff::Timestamp;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::outcome::{Failure, FailureKind, Outcome};
use mailbeat_shared::wire::contract::{Relay, RelayTls, SealedContract};

use super::world::{Agent, HOUR, World, at, bounce, contract};
use crate::evaluate::own::Known;
use crate::intake::judge;
use crate::render::words;
use crate::run::mailing::{Ready, Verdict, conclude, consider};
use crate::store::{EnrollmentMode, Mailing};
use crate::ticket::What;

const DAY: i64 = 24 * HOUR;

fn revision(number: u32, until: Option<Timestamp>, relay: Option<Relay>) -> SealedContract {
    contract(|contract| {
        (contract.revision, contract.valid_until, contract.relay) = (number, until, relay);
        contract.enrollment_secret = contract.enrollment_secret.take().filter(|_| number == 1);
    })
}

/// A customer with these people and one host, whose contract ends in twenty days.
fn ending(emails: &[&str]) -> (World, Agent) {
    let mut world = World::with(EnrollmentMode::Auto, revision(1, Some(at(20 * DAY)), None));
    let customer = world.read(|tx| tx.customers())[0].id;
    for email in emails {
        world.write(|tx, _| tx.add_contact(Some(customer), "Anna", email));
    }
    let mut agent = Agent::new(1);
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    (world, agent)
}

fn renew(world: &mut World, sealed: &SealedContract) {
    world.write(|tx, _| tx.put_contract(sealed, EnrollmentMode::Auto, at(2 * HOUR)).map(drop));
}

/// The receiver looks at itself; what is to be mailed then.
fn due(world: &mut World, now: i64) -> Vec<Mailing> {
    world.write(|tx, context| judge::own_health(tx, context.rules, &Known::default(), at(now)));
    world.read(|tx| tx.due_mailings(at(now), 100))
}

/// What the receiver remarked on the ticket about the contract's end; it is said in German too.
fn comments(world: &mut World) -> Vec<String> {
    let number = world.read(|tx| tx.unclosed_tickets(None))[0].number;
    let events = world.read(|tx| tx.ticket_events(number));
    let comments = events.into_iter().filter(|(_, event)| matches!(event.what, What::Commented));
    let comments: Vec<String> = comments.map(|(_, event)| event.reason).collect();
    assert!(comments.iter().all(|said| words::of(Locale::De).said(said) != *said), "{comments:?}");
    comments
}

/// What becomes of a mail that is due, once the mailbox is read up to then.
fn look(world: &mut World, mailing: &Mailing, second: i64) -> Verdict {
    world.hear_until(second);
    world.write(|tx, context| consider(tx, mailing, false, context.rules, at(second)))
}

fn is_sent(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Send(Ready::Renewal(_)))
}

/// A contract that ends in twenty days and its renewal, which is to be mailed to these people.
fn renewed(emails: &[&str]) -> (World, Agent, Vec<Mailing>) {
    let (mut world, agent) = ending(emails);
    renew(&mut world, &revision(2, Some(at(400 * DAY)), None));
    let mailings = due(&mut world, 3 * HOUR);
    (world, agent, mailings)
}

fn refused() -> Outcome {
    Outcome::Refused(Failure::new(FailureKind::Permanent, "550 5.1.1 unknown user").of_recipient())
}

#[test]
fn the_customers_contacts_are_mailed_the_renewed_file_once_at_each_stage_and_nobody_else() {
    let (mut world, mut agent) = ending(&["anna@acme.example", "ben@acme.example"]);
    assert_eq!(due(&mut world, 2 * HOUR), [], "it is not renewed");
    let renewed = revision(2, Some(at(400 * DAY)), None);
    renew(&mut world, &renewed);
    let mailings = due(&mut world, 3 * HOUR);
    let to: Vec<&str> = mailings.iter().map(|mailing| mailing.email.as_str()).collect();
    assert_eq!(to, ["anna@acme.example", "ben@acme.example"]);
    assert_eq!(due(&mut world, 3 * HOUR + 1), mailings, "each has their mail already");
    for mailing in &mailings {
        let Verdict::Send(Ready::Renewal(view)) = look(&mut world, mailing, 3 * HOUR) else {
            panic!("not sent")
        };
        assert_eq!(
            (view.renewed.file.as_str(), view.ending.hosts.as_str()),
            (renewed.file.as_str(), "scada-01")
        );
        world.write(|tx, _| conclude(tx, mailing, &Outcome::Sent { reply: "250 ok".into() }, at(3 * HOUR)));
    }
    assert_eq!(
        comments(&mut world),
        [
            "ACME-1.2.contract was mailed to anna@acme.example",
            "ACME-1.2.contract was mailed to ben@acme.example"
        ]
    );
    assert_eq!(due(&mut world, 12 * DAY), []);
    assert_eq!(due(&mut world, 13 * DAY).len(), 2, "a week before the end both are mailed again");
    agent.contract.revision = 2;
    world.verdict(&agent.heartbeat(at(13 * DAY)).mail, at(13 * DAY));
    for mailing in due(&mut world, 13 * DAY + 1) {
        let verdict = look(&mut world, &mailing, 13 * DAY + 1);
        assert!(matches!(verdict, Verdict::Drop(_)), "the host has it: {verdict:?}");
    }
    assert_eq!(due(&mut world, 30 * DAY), []);
}

#[test]
fn a_contact_who_came_later_or_whose_address_was_mended_is_mailed_at_the_same_stage() {
    let (mut world, _, mailings) = renewed(&["anna@acme.example"]);
    assert!(is_sent(&look(&mut world, &mailings[0], 3 * HOUR)));
    world.write(|tx, _| conclude(tx, &mailings[0], &refused(), at(3 * HOUR)));
    assert_eq!(
        comments(&mut world),
        [
            "ACME-1.2.contract cannot be mailed to anna@acme.example: permanent failure: 550 5.1.1 unknown user"
        ]
    );
    assert_eq!(due(&mut world, 4 * HOUR), [], "her address does not work");
    let told = world.read(|tx| tx.own_view(at(0))).refused;
    assert!(told.len() == 1 && told[0].2.contains("unknown user"), "{told:?}");

    let customer = world.read(|tx| tx.customers())[0].id;
    world.write(|tx, _| tx.add_contact(Some(customer), "Ben", "ben@acme.example"));
    let anna = world.read(|tx| tx.contacts(Some(customer)))[0].id;
    world.write(|tx, _| tx.change_contact(anna, "Anna", "anna@new.example"));
    let to: Vec<String> = due(&mut world, 5 * HOUR).into_iter().map(|mailing| mailing.email).collect();
    assert_eq!(to, ["anna@new.example", "ben@acme.example"]);
}

#[test]
fn a_bounce_of_a_renewal_marks_the_address_it_was_sent_to_and_no_later_one() {
    for (edited, marked) in [(false, true), (true, false)] {
        let (mut world, _, mailings) = renewed(&["anna@acme.example"]);
        assert!(is_sent(&look(&mut world, &mailings[0], 3 * HOUR)));
        world.write(|tx, _| {
            conclude(tx, &mailings[0], &Outcome::Sent { reply: "250 ok".into() }, at(3 * HOUR))
        });
        let customer = world.read(|tx| tx.customers())[0].id;
        let anna = world.read(|tx| tx.contacts(Some(customer)))[0].id;
        if edited {
            world.write(|tx, _| tx.change_contact(anna, "Anna", "anna@new.example"));
        }
        world.verdict(&bounce(&mailings[0].token), at(4 * HOUR));
        let is_refused = world.read(|tx| tx.contacts(Some(customer)))[0].refused_at.is_some();
        assert_eq!(is_refused, marked, "edited: {edited}");
    }
}

#[test]
fn a_renewal_waits_until_the_mailboxes_are_read_that_may_say_it_is_not_needed() {
    let (mut world, mut agent, mailings) = renewed(&["anna@acme.example"]);
    let verdict = world.write(|tx, context| consider(tx, &mailings[0], false, context.rules, at(3 * HOUR)));
    assert!(matches!(verdict, Verdict::Wait), "{verdict:?}");
    agent.contract.revision = 2;
    world.verdict(&agent.heartbeat(at(3 * HOUR)).mail, at(3 * HOUR));
    let verdict = look(&mut world, &mailings[0], 3 * HOUR + 10);
    assert!(
        matches!(verdict, Verdict::Drop("every host has it, or it is told otherwise by now")),
        "{verdict:?}"
    );
}

#[test]
fn what_was_not_mailed_because_somebody_only_observed_is_mailed_afterwards() {
    let (mut world, _, mailings) = renewed(&["anna@acme.example"]);
    world.hear_until(3 * HOUR);
    let verdict = world.write(|tx, context| consider(tx, &mailings[0], true, context.rules, at(3 * HOUR)));
    assert!(matches!(verdict, Verdict::Drop("only observing")), "{verdict:?}");
    let again = due(&mut world, 4 * HOUR);
    assert!(again.len() == 1 && is_sent(&look(&mut world, &again[0], 4 * HOUR)), "{again:?}");
}

#[test]
fn a_mailbox_that_stays_deaf_holds_a_renewal_up_for_a_day() {
    let (mut world, _, mailings) = renewed(&["anna@acme.example"]);
    let mut consider_at = |second: i64| {
        let verdict = world.write(|tx, context| consider(tx, &mailings[0], false, context.rules, at(second)));
        is_sent(&verdict)
    };
    assert!(!consider_at(27 * HOUR - 1) && consider_at(27 * HOUR));
}

#[test]
fn who_only_observes_or_whose_clock_leapt_ahead_mails_nobody() {
    let (mut world, _) = ending(&["anna@acme.example"]);
    renew(&mut world, &revision(2, None, None));
    let known = Known { mails_nobody: true, ..Known::default() };
    world.write(|tx, context| judge::own_health(tx, context.rules, &known, at(3 * HOUR)));
    assert_eq!(world.read(|tx| tx.due_mailings(at(3 * HOUR), 9)), []);
    assert_eq!(due(&mut world, 4 * HOUR).len(), 1);
}

#[test]
fn hosts_of_two_revisions_that_end_together_are_in_one_mail() {
    let (mut world, mut first) = ending(&["anna@acme.example"]);
    let mut second = Agent::new(2);
    (first.host, second.host) = ("scada-01", "pump-01");
    renew(&mut world, &revision(2, Some(at(20 * DAY)), None));
    second.contract.revision = 2;
    for agent in [&mut first, &mut second] {
        world.verdict(&agent.heartbeat(at(2 * HOUR)).mail, at(2 * HOUR));
    }
    renew(&mut world, &revision(3, None, None));
    let mailings = due(&mut world, 3 * HOUR);
    assert_eq!(mailings.len(), 1, "{mailings:?}");
    let Verdict::Send(Ready::Renewal(view)) = look(&mut world, &mailings[0], 3 * HOUR) else {
        panic!("not sent")
    };
    assert_eq!((view.ending.systems, view.ending.hosts.as_str()), (2, "pump-01, scada-01"));
}

#[test]
fn a_renewal_that_is_settled_otherwise_stays_unsent_and_is_mailed_when_it_is_due_again() {
    let number = "ACME-1".parse().unwrap();
    for what in ["renewed", "revoked", "too late for its stage", "switched off", "not yet, by the clock"] {
        let (mut world, _, mailings) = renewed(&["anna@acme.example"]);
        let mut second = 3 * HOUR;
        match what {
            "renewed" => renew(&mut world, &revision(3, None, Some(relay()))),
            "revoked" => assert!(world.write(|tx, _| tx.revoke_contract(&number, at(3 * HOUR)))),
            "too late for its stage" => second = 14 * DAY,
            "not yet, by the clock" => second = -30 * DAY,
            _ => world.rules.contract_ending.mail_renewal = false,
        }
        let verdict = look(&mut world, &mailings[0], second);
        assert!(matches!(verdict, Verdict::Drop(_)), "{what}: {verdict:?}");
        world.rules.contract_ending.mail_renewal = true;
        if what == "switched off" {
            assert_eq!(
                due(&mut world, 4 * HOUR - 1),
                [],
                "what is dropped again and again is no row a second"
            );
        }
        let again = due(&mut world, second.max(4 * HOUR));
        assert_eq!(again.len(), usize::from(!["renewed", "revoked"].contains(&what)), "{what}: {again:?}");
        assert!(!again.contains(&mailings[0]), "{what}");
    }
}

#[test]
fn a_bounce_of_what_went_to_an_earlier_address_says_nothing_of_the_mended_one() {
    let (mut world, _, mailings) = renewed(&["anna@acme.example"]);
    assert!(is_sent(&look(&mut world, &mailings[0], 3 * HOUR)));
    world.write(|tx, _| conclude(tx, &mailings[0], &refused(), at(3 * HOUR)));
    let customer = world.read(|tx| tx.customers())[0].id;
    let anna = world.read(|tx| tx.contacts(Some(customer)))[0].id;
    world.write(|tx, _| tx.change_contact(anna, "Anna", "anna@new.example"));
    let again = due(&mut world, 4 * HOUR);
    assert!(is_sent(&look(&mut world, &again[0], 4 * HOUR)));
    world.write(|tx, _| conclude(tx, &again[0], &Outcome::Sent { reply: "250 ok".into() }, at(4 * HOUR)));
    world.verdict(&bounce(&mailings[0].token), at(5 * HOUR));
    assert_eq!(world.read(|tx| tx.contacts(Some(customer)))[0].refused_at, None);
}

#[test]
fn people_give_up_by_the_first_attempt_however_long_a_mail_waited_for_the_mailboxes() {
    let (mut world, _, mailings) = renewed(&["anna@acme.example"]);
    assert!(is_sent(&look(&mut world, &mailings[0], 12 * DAY)));
    let tried = world.read(|tx| tx.waiting_mailing(mailings[0].id)).unwrap();
    assert_eq!((tried.made_at, tried.attempts), (at(12 * DAY), 1));
}

fn relay() -> Relay {
    Relay {
        host: "relay.vendor.example".into(),
        port: 465,
        tls: RelayTls::Implicit,
        username: "acme-1@relay.vendor.example".into(),
        password: "Kein-Wort-davon".into(),
        tls_pin: None,
    }
}

#[test]
fn a_renewal_that_holds_a_login_is_mailed_to_nobody() {
    let (mut world, _) = ending(&["anna@acme.example"]);
    renew(&mut world, &revision(2, None, Some(relay())));
    assert_eq!(due(&mut world, 3 * HOUR), []);
    let ending = world.read(|tx| tx.own_view(at(60 * DAY))).ending.remove(0);
    assert!(ending.renewed.is_some_and(|is| is.holds_secret), "{ending:?}");
}

#[test]
fn without_a_contact_of_the_customer_nobody_is_mailed() {
    let (mut world, _) = ending(&[]);
    renew(&mut world, &revision(2, None, None));
    assert_eq!(due(&mut world, 3 * HOUR), [], "the vendor's own people have the ticket");
}
